"""How patients are matched: word by word, lower case and without accents, by their beginnings; by phone; by birth.

Accounts that are nobody's own have no index of words: `Folded` makes the database read their names alike.
"""

import re
import unicodedata
from datetime import date, datetime

from django.db.models import Func, TextField

_WORDS = re.compile(r"[^\W_]+")
_PHONE = re.compile(r"\+?[0-9(][0-9 ().\-/]*")
SHORTEST_PHONE = 5
"""Digits from which a number may be the beginning of a phone number."""

_PLAIN = str.maketrans(
    {"ł": "l", "đ": "d", "ð": "d", "ø": "o", "ħ": "h", "ŧ": "t", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe"}
)
"""Letters that no accent makes, as they are typed on a keyboard that lacks them (sql/0009)."""

_DAYS = ("%Y-%m-%d", "%m/%d/%Y", "%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y")


def fold(text: str) -> str:
    """Lower case without accents: "Víctor" is found as "victor"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    """The distinct words of a text, in order, each at most 80 characters."""
    return list(dict.fromkeys(word[:80] for word in _WORDS.findall(fold(text))))


def _in_plain_letters(sql: str) -> str:
    for letter, typed in _PLAIN.items():
        sql = f"replace({sql}, '{chr(letter)}', '{typed}')"
    return sql


def found_by(name: str, phone: str) -> list[str]:
    """Every word that finds a patient: those of the name, and the phone with and without its area and country.

    "Łukasz" is found as it is written, and as "lukasz".
    """
    digits = re.sub(r"[^0-9]", "", phone)
    numbers = [digits[-size:] for size in (80, 10, 7) if len(digits) >= SHORTEST_PHONE]
    return list(dict.fromkeys([*words(name), *words(fold(name).translate(_PLAIN)), *numbers]))


class Folded(Func):
    """What finds a row by a name, put together by the database: `fold` of it, and that in plain letters.

    Most names are in plain letters as they are: those have nothing taken off, which is what costs.
    """

    _marks = r"[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u3099\u309a]"
    _bare = f"replace(lower(regexp_replace(normalize(%(expressions)s, nfkd), '{_marks}', '', 'g')), 'ß', 'ss')"
    template = f"""
        case when octet_length(%(expressions)s) = length(%(expressions)s) then lower(%(expressions)s)
             else {_bare} || ' ' || {_in_plain_letters(_bare)} end"""
    output_field = TextField()


def phone_digits(text: str) -> str:
    """The digits of what looks like a phone number or its beginning, or ""."""
    digits = re.sub(r"[^0-9]", "", text)
    looks = _PHONE.fullmatch(text.strip()) and SHORTEST_PHONE <= len(digits) <= 80
    return digits if looks else ""


def birth_day(text: str) -> date | None:
    """The day that somebody means by "1968-01-14", "1/14/1968" or "Jan 14, 1968"."""
    plain = " ".join(text.replace(",", " ").split())
    for pattern in _DAYS:
        try:
            return datetime.strptime(plain, pattern).date()
        except ValueError:
            continue
    return None
