"""Two hundred texts that would run, or become markup, wherever a page, a document or a file takes them as they are.

Each is an act (what would run) that breaks out of a place (text, an attribute, a title, a script …), or is written in a
way that only something that decodes it once too often would understand. `wrong` is that mistake: the page as it
would be if the text were put there unescaped, by which a test shows that its own eyes see it.
"""

import html
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

MARK = "xss1337"
ACTS = (
    f"<script>{MARK}()</script>", f"<img src=x onerror={MARK}()>", f"<svg onload={MARK}()>", f"<svg/onload={MARK}()>",
    f"<details open ontoggle={MARK}()>", f"<iframe srcdoc='<b {MARK}>'>", f"<a href=javascript:{MARK}()>x</a>",
    f"<{MARK}>", f"<b {MARK}>", f"<video src=x onerror={MARK}()>", f"<body onload={MARK}()>",
    f"<input autofocus onfocus={MARK}()>", f"<form action=javascript:{MARK}()>", f"<object data=javascript:{MARK}()>",
)  # fmt: skip
PLACES = {
    "": "<p>{}</p>", '">': '<input value="{}">', "'>": "<input value='{}'>", "</title>": "<title>{}</title>",
    "</textarea>": "<textarea>{}</textarea>", "</script>": "<script>x='{}'</script>", "-->": "<!-- {} -->",
    "</style>": "<style>{}</style>", "</option></select>": "<select><option>{}</option></select>",
}  # fmt: skip
HANDLERS = ("onfocus", "onmouseover", "onclick", "onpointerenter", "onanimationstart")
ATTRIBUTES = {
    '"': '<input value="{}">', "'": "<input value='{}'>", "x ": "<input value={}>", "`": "<input value={}>",
}  # fmt: skip
ADDRESSES = (
    f"javascript:{MARK}()", f"JaVaScRiPt:{MARK}()", f" javascript:{MARK}()", f"java\tscript:{MARK}()",
    f"java\nscript:{MARK}()", f"javascript://x/%0a{MARK}()", f"data:text/html,<script>{MARK}()</script>",
    f"vbscript:{MARK}()", f"data:text/html;x,{MARK}", f"\u0001javascript:{MARK}()",
)  # fmt: skip
LOADS = (f"hx-get=/{MARK}", f"hx-on::load={MARK}()", f"data-hx-post=/{MARK}", f"formaction=javascript:{MARK}()")
STRINGS = (
    f"';{MARK}()//",
    f'";{MARK}()//',
    f"\\';{MARK}()//",
    f"`;{MARK}()//",
    f"</script><{MARK}>",
    f"\u2028{MARK}()//",
)
ENCODED = ACTS[:8]


@dataclass(frozen=True)
class Payload:
    """One text, and the mistake that would let it through."""

    text: str
    wrong: Callable[[str], str]


def _at(place: str) -> Callable[[str], str]:
    return place.format


def _decoded(decode: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: f"<p>{decode(text)}</p>"


def _escapes(text: str) -> str:
    return text.encode("latin-1").decode("unicode_escape")


def _wide(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if letter in "<>=/()'" else letter for letter in text)


WRITTEN: tuple[tuple[Callable[[str], str], Callable[[str], str]], ...] = (
    (html.escape, html.unescape),
    (lambda text: "".join(f"&#{ord(one)};" if one in "<>" else one for one in text), html.unescape),
    (lambda text: "".join(f"&#x{ord(one):x};" if one in "<>" else one for one in text), html.unescape),
    (lambda text: quote(text, safe="()= "), unquote),
    (lambda text: text.replace("<", "\\u003c").replace(">", "\\u003e"), _escapes),
    (lambda text: text.replace("<", "\\x3c").replace(">", "\\x3e"), _escapes),
    (_wide, lambda text: unicodedata.normalize("NFKC", text)),
    (lambda text: text.replace("<", "+ADw-").replace(">", "+AD4-"), lambda text: text.encode().decode("utf-7")),
)
"""How a text may be written, and what would have to read it back."""


def _all() -> Iterator[Payload]:
    for out, place in PLACES.items():
        yield from (Payload(out + act, _at(place)) for act in (ACTS if len(out) < 3 else ACTS[:8]))
    for out, place in ATTRIBUTES.items():
        yield from (Payload(f"{out} {name}={MARK}() x={out}", _at(place)) for name in HANDLERS)
        yield from (Payload(f"{out} {load} x={out}", _at(place)) for load in LOADS)
    yield from (Payload(text, _at('<a href="{}">x</a>')) for text in ADDRESSES)
    yield from (Payload(text, _at("<script>x='{}'</script>")) for text in STRINGS)
    for write, read in WRITTEN:
        yield from (Payload(write(act), _decoded(read)) for act in ENCODED)


PAYLOADS = list({one.text: one for one in _all()}.values())[:200]

FORMULAS = [
    f"{start}{sign}{rest}"
    for start in ("", " ", "\t", "\u00a0", "\ufeff")
    for sign in "=+-@＝＋－＠"
    for rest in ("1+1", f'HYPERLINK("http://{MARK}.example")', f"cmd|' /C {MARK}'!A0")
]
"""Texts that a spreadsheet would take for a formula."""
