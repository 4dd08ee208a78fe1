"""The cards over the payments list, in words and drawings (S1.5–S1.9)."""

from functools import lru_cache
from typing import Any

from django.template.loader import render_to_string

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest
from clinicpay.staff.roles import Can, Role
from clinicpay.ui import words
from clinicpay.ui.charts import BarChart, StatusBar, monthly_bars, status_bars
from payments.queries import Cards, Standing, cards
from payments.queries.cards import UNCOLLECTED
from payments.states import PaymentStatus

PART = "payments"
"""The name under which it is remembered whether the charts stand open."""


def drawn_cards(request: ClinicRequest) -> str:
    """The three cards; the desk sees their figures alone until somebody opens the charts."""
    member = request.member
    figures = cards(clock.today(member.clinic))
    is_open = member.user.keeps_open(PART, by_default=member.role != Role.RECEPTION)
    places = address(member.clinic, "payments"), address(member.clinic, "part_keep", key=PART)
    prove = address(member.clinic, "ledger_proof") if member.can(Can.PROVE_LEDGER) else ""
    return _html(figures, member.clinic.currency, (*places, prove), is_open)


@lru_cache(maxsize=128)
def _html(figures: Cards, currency: str, places: tuple[str, str, str], is_open: bool) -> str:
    """Kept, because figures stand still between two payments while everybody looks at them."""
    place, remember, prove = places
    drawings = {
        "trend": _trend(figures, currency, width=800, letters=3),
        "phone_trend": _trend(figures, currency, width=360, letters=1),
        "bars": _bars(figures, place),
    }
    around = {"place": place, "remember": remember, "is_open": is_open, "prove": prove}
    return render_to_string("payments/cards.html", _words(figures, currency) | drawings | around)


def _words(figures: Cards, currency: str) -> dict[str, Any]:
    """The figures as people read them."""
    return {
        "collected": money.show(figures.collected, currency),
        "gross": money.show(figures.gross, currency),
        "returned": money.show(figures.returned, currency),
        "outstanding": _said(figures.outstanding, currency),
        "failed": _said(figures.of(PaymentStatus.FAILED), currency),
        "parts": [(status, _said(figures.of(status), currency)) for status in UNCOLLECTED],
        "late": "&".join(["due=overdue", *(f"status={status}" for status in UNCOLLECTED)]),
        "count": f"{figures.count:,}",
    }


def _trend(figures: Cards, currency: str, *, width: int, letters: int) -> BarChart:
    """What the last twelve months collected (S1.7); a phone has room for a letter of each month."""
    points = [(f"{month:%b}"[:letters], net) for month, net in figures.months]
    return monthly_bars(points, currency, width=width)


def _bars(figures: Cards, place: str) -> list[StatusBar]:
    """How many payments stand in each of the nine statuses, each bar a link to them (S1.9)."""
    return status_bars(
        (status.value, status.label, figures.of(status).count, f"{place}?status={status}", words.tone(status))
        for status in PaymentStatus
    )


def _said(standing: Standing, currency: str) -> dict[str, Any]:
    """How many, and of how much; the same of what is overdue."""
    return {
        "count": standing.count,
        "amount": money.show(standing.amount, currency),
        "late_count": standing.late_count,
        "late": money.show(standing.late, currency),
    }
