"""What stands in the cells of lists: amounts in the colours of allocation, states, moments. Tags use them, too."""

from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.html import format_html
from django.utils.safestring import SafeString

from clinicpay import money as amounts
from clinicpay.ui import words

GLYPHS = {"full": "●", "part": "◐", "held": "◆", "reversed": "✕", "": "○"}
READ_ALOUD = {
    "full": "fully allocated",
    "part": "partly allocated",
    "held": "held as pre-payment",
    "reversed": "voided or reversed",
}


LATE, OVERDUE_WORD = SafeString(' class="late"'), SafeString('<span class="visually-hidden"> overdue</span>')
"""On the cell of a due date that has passed, and after it for who can't see the colour."""


@lru_cache(maxsize=4096)
def link(url: str, words: str) -> SafeString:
    """A link, such as from a payment to its treatment."""
    return format_html('<a href="{}">{}</a>', url, words)


@lru_cache(maxsize=4096)
def allocated(minor: int, state: str, left: int | None, currency: str) -> SafeString:
    """An amount in the colours of allocation: `state` is full, part, held, reversed or "" (nothing allocated).

    Kept, because fees repeat: a list draws the same few hundred amounts all day.
    """
    said = READ_ALOUD.get(state, "not allocated")
    if left and state in {"part", "held"}:
        said += f", {amounts.show(left, currency)} left"
    return format_html(
        '<span class="alloc" data-alloc="{}" title="{}">{}<span class="glyph" aria-hidden="true">{}</span>'
        '<span class="visually-hidden"> {}</span></span>',
        state,
        said,
        amounts.show(minor, currency),
        GLYPHS.get(state, GLYPHS[""]),
        said,
    )


NONE = SafeString('<span class="text-secondary">–</span>')


def moment(value: date | datetime | None, zone: ZoneInfo | None) -> SafeString:
    """ "today 3:40 PM", the whole of it on hover; a dash for none."""
    if not value:
        return NONE
    if not isinstance(value, datetime):
        return _day(value)
    return _time(words.moment_words(value, zone))


@lru_cache(maxsize=4096)
def _day(day: date) -> SafeString:
    """Kept, because the rows of a list are of few days."""
    return _time(words.moment_words(day))


def _time(said: words.Moment) -> SafeString:
    # Digits and names of months: nothing to escape, and format_html doubles the time of a row.
    return SafeString(f'<time datetime="{said.iso}" title="{said.full}">{said.text}</time>')


def pill(state: Any, label: str = "", tone: str = "") -> SafeString:
    """A state in its words and colour."""
    value = str(getattr(state, "value", state))
    text = label or getattr(state, "label", "") or words.label(value)
    return _pill(tone or words.tone(value), str(text))


@lru_cache(maxsize=512)
def _pill(tone: str, text: str) -> SafeString:
    return format_html('<span class="pill pill-{}">{}</span>', tone, text)
