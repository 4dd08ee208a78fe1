"""How names are matched: lower case, without accents, word by word, by their beginnings."""

import re
import unicodedata

_WORDS = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Lower case without accents: "Víctor" is found as "victor"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    """The distinct words of a text, in order, each at most 80 characters."""
    return list(dict.fromkeys(word[:80] for word in _WORDS.findall(fold(text))))
