"""Callbacks as iCalendar (RFC 5545). What is said leaves the clinic: a number and a link, never a name or an amount."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from followups.models import Callback
from followups.states import CallbackState

LASTS, ALARM = timedelta(minutes=15), timedelta(minutes=10)
"""How long a callback takes in a calendar, and how long before it reminds."""

TOLD = "Sign in to see who it is:\n"

OCTETS = 75
"""Longest line in bytes; a longer one is folded (3.1)."""


def calendar_of(clinic: Clinic, callbacks: Iterable[Callback], *, site: str) -> bytes:
    """A whole calendar; `site` is our own address, such as "https://pay.example". Equal callbacks give equal bytes."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//ClinicPay//Callbacks//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(f'Callbacks, {clinic.name}')}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        *(line for callback in callbacks for line in _event(clinic, callback, site)),
        "END:VCALENDAR",
    ]
    return "".join(f"{folded(line)}\r\n" for line in lines).encode()


def _event(clinic: Clinic, callback: Callback, site: str) -> Iterator[str]:
    account = callback.case.account
    is_planned, is_cancelled = callback.state == CallbackState.PLANNED, callback.state == CallbackState.CANCELLED
    page = f"{site}{address(clinic, 'follow_up', number=account.number)}"
    yield "BEGIN:VEVENT"
    yield f"UID:callback-{callback.pk}@{clinic.slug}.clinicpay"
    yield f"DTSTAMP:{stamp(callback.made_at)}"
    yield f"SEQUENCE:{int(not is_planned)}"
    yield f"DTSTART:{stamp(callback.due_at)}"
    yield f"DTEND:{stamp(callback.due_at + LASTS)}"
    yield f"SUMMARY:{escaped(f'Callback {account.ref}')}"
    yield f"DESCRIPTION:{escaped(TOLD + page)}"
    yield f"URL:{page}"
    yield f"STATUS:{'CANCELLED' if is_cancelled else 'CONFIRMED'}"
    yield "CLASS:PRIVATE"
    if is_planned:
        yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"TRIGGER:-PT{int(ALARM.total_seconds()) // 60}M")
        yield from (f"DESCRIPTION:{escaped(f'Callback {account.ref}')}", "END:VALARM")
    yield "END:VEVENT"


def stamp(moment: datetime) -> str:
    """A moment in UTC, to the second (3.3.5)."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escaped(text: str) -> str:
    """A value of type TEXT (3.3.11): backslash, comma, semicolon and line ends; other control characters go."""
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        text = text.replace(plain, written)
    return "".join(letter for letter in text if letter >= " " and letter != "\x7f")


def folded(line: str) -> str:
    """A content line, folded so that no part is longer than 75 bytes and no character is cut."""
    parts, part = [], b""
    for letter in line:
        if len(part) + len(letter.encode()) > OCTETS:
            parts.append(part)
            part = b" "
        part += letter.encode()
    return "\r\n".join(piece.decode() for piece in [*parts, part])
