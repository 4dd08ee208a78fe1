"""The words and colours of states, and how a moment is written."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.utils import timezone

# The tone is a class of app.css; colour never speaks alone, so each state has its words.
PAID, WAITING, FAILED, QUIET, REFUNDED, INFORMED = "paid", "waiting", "failed", "quiet", "refunded", "info"

_TONES = {
    PAID: (
        "paid settled completed complete confirmed approved active eligible accepted kept reconciled done"
        " succeeded applied current on_track linked issued closed_by_payment verified sent booked printed"
    ),
    WAITING: (
        "pending processing partial partially_paid unpaid requested waiting due due_soon open held scheduled"
        " in_progress unconfirmed running partly_done proposed late queued"
    ),
    FAILED: "failed overdue rejected broken denied ineligible defaulted error expired missed behind",
    QUIET: (
        "draft cancelled canceled voided void no_charge none closed planned unknown released reversed"
        " written_off removed inactive archived skipped superseded withdrawn seen"
    ),
    REFUNDED: "refunded partially_refunded refund_pending returned",
    INFORMED: "planned_visit prepayment pre_payment in_plan on_plan new promised plan contacted treatment",
}
TONE = {state: tone for tone, states in _TONES.items() for state in states.split()}


@dataclass(frozen=True)
class Moment:
    """A date or time as people read it, with the whole of it for the hover."""

    text: str
    full: str
    iso: str


def tone(state: str) -> str:
    """The colour of a state; one that nobody listed is quiet rather than an error."""
    return TONE.get(state.lower().replace("-", "_").replace(" ", "_"), QUIET)


def label(state: str) -> str:
    """ "partially_refunded" is "Partially Refunded"."""
    return state.replace("_", " ").title()


def day_words(day: date) -> str:
    """As people write it. Of a moment in UTC, as the database gives it, the day where the page is read: the clinic's.

    A moment that somebody has brought to a zone already has the day that it has there.
    """
    if isinstance(day, datetime) and day.tzinfo is UTC:
        day = timezone.localtime(day)
    return _day_words(day.year, day.month, day.day)[0]


@lru_cache(maxsize=4096)
def _day_words(year: int, month: int, day: int) -> tuple[str, str]:
    """A day, and the same with its name. Kept, because the rows of a list are of few days."""
    on = date(year, month, day)
    words = f"{on:%b} {day}, {year}"
    return words, f"{on:%A}, {words}"


def clock_words(moment: datetime) -> str:
    return f"{moment:%I:%M %p}".lstrip("0")


_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "Chrome/": "Chrome",
    "CriOS/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "Linux": "Linux",
}


def device_words(agent: str) -> str:
    """ "Chrome on Windows", from what a browser says of itself: each also names those that it is like."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in agent), "A browser")
    system = next((name for mark, name in _SYSTEMS.items() if mark in agent), "")
    return f"{browser} on {system}" if system else browser


def moment_words(value: date | datetime, zone: ZoneInfo | None = None) -> Moment:
    """ "today 3:40 PM" for the last 24 hours, else "Nov 21, 2026"; times in the clinic's zone."""
    if not isinstance(value, datetime):
        return Moment(*_day_words(value.year, value.month, value.day), value.isoformat())
    local = timezone.localtime(value, zone)
    now = timezone.localtime(timezone.now(), zone)
    text, full = _day_words(local.year, local.month, local.day)
    full = f"{full}, {clock_words(local)} {local.tzname()}"
    if timedelta(0) <= now - local < timedelta(hours=24):
        text = f"{'today' if local.date() == now.date() else 'yesterday'} {clock_words(local)}"
    elif local > now and local.date() == now.date():
        text = f"today {clock_words(local)}"
    return Moment(text, full, local.isoformat(timespec="seconds"))
