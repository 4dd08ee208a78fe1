"""Columns of the lists of deposits."""

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Any

from balances.states import CreditKind
from balances.tables import DecisionTable
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import shown
from clinicpay.staff.access import ClinicRequest
from clinicpay.ui.export import Amount
from clinicpay.ui.tables import Empty, ListTable, column
from deposits.queries.glance import glanced
from deposits.queries.history import with_who
from payments.models import Payment
from payments.states import Method
from payments.tables import held_name
from treatments.models import TreatmentEvent
from treatments.states import EventState


class HistoryTable(ListTable):
    """What was applied by deposits reconciliation, by pages; or the whole of it on one (?rows=all)."""

    when = column("Applied", order_by=None)
    payment = column("Deposit", order_by=None, css="mono")
    received = column("Taken", order_by=None)
    invoice = column("Invoice", order_by=None, css="mono")
    date = column("Invoice date", order_by=None, css="desk-only on-paper")
    name = column("Name", order_by=None)
    amount = column("Amount", order_by=None, css="text-end")
    who = column("By", order_by=None, css="desk-only on-paper")
    act = column("Actions", order_by=None, hidden_label=True)

    row_template = "deposits/history_rows.html"
    noun = "allocations"
    two_lines = True
    empty = Empty("Nothing was applied here", "What Payment Allocation applies is listed here.", icon="history")
    prints_whole = True

    @cached_property
    def drawn(self) -> list[Any]:
        """The allocations of this page with who made them."""
        return with_who(self.shown.rows)


class RunTable(DecisionTable):
    """What an Apply All did and left; an invoice that still owes has no amount of its own."""

    row_template = "deposits/decision_rows.html"


class SlipTable(ListTable):
    """Bank slips that were printed, voided ones too; the newest first."""

    number = column("Slip", order_by="number", css="mono")
    location = column("Location", order_by=None)
    day = column("Printed", order_by="day")
    taken = column("Taken", order_by=None, css="desk-only")
    lines = column("Lines", order_by=None, css="text-end desk-only")
    cash = column("Cash", order_by=None, css="text-end")
    cheques = column("Cheques", order_by=None, css="text-end")
    out = column("Taken out", order_by=None, css="text-end wide-only")
    total = column("To the bank", order_by=None, css="text-end")
    state = column("State", order_by=None)

    row_template = "deposits/slip_rows.html"
    noun = "bank slips"
    two_lines = True
    prints_whole = True
    empty = Empty(
        "No bank slip yet",
        "A slip lists the cash and cheques of one location that go to the bank together.",
        icon="building-bank",
    )

    class Meta:
        order_by = "-number"


class GlanceTable(ListTable):
    """Money in hand, the oldest first, each with what can be done with it."""

    request: ClinicRequest

    payment = column("Payment", order_by=None, css="mono")
    whose = column("Patient or account", order_by=None)
    received = column("Received", order_by="received_on")
    location = column("Location", order_by=None, css="desk-only on-paper")
    method = column("Method", order_by=None, css="desk-only on-paper")
    treatment = column("Treatment", order_by=None)
    available = column("In hand", order_by="available", css="text-end")
    acts = column("Actions", order_by=None, hidden_label=True)

    row_template = "deposits/glance_rows.html"
    noun = "payments"
    two_lines = True
    prints_whole = True
    empty = Empty(
        "Nothing lies here", "Money of this kind that nobody has applied is listed here.", icon="circle-check"
    )
    shape = staticmethod(glanced)

    class Meta:
        order_by = "received"

    @cached_property
    def drawn(self) -> list[dict[str, Any]]:
        """The rows of this page in words."""
        clinic = self.request.member.clinic
        return [drawn_line(line, clock.today(clinic)) for line in self.shown.rows]


def drawn_line(line: dict[str, Any], today: date) -> dict[str, Any]:
    """A line of `glanced` in words, with its age in days."""
    number = line["event_number"]
    return line | {
        "ref": shown(Payment.KIND, line["payment__number"]),
        "name": held_name(line),
        "days": (today - line["received_on"]).days,
        "tender": Method(line["payment__method"]).label if line["payment__method"] else "",
        "kind_words": CreditKind(line["kind"]).label,
        "event": shown(TreatmentEvent.KIND, number) if number else "",
        "event_words": EventState(line["event_state"]).label if number else "",
        "is_held": line["kind"] == CreditKind.PRE_PAYMENT,
    }


GLANCE_COLUMNS = (
    *("Payment", "Patient or account", "Kind", "Received", "Days", "Location", "Method", "Treatment", "Clinical state"),
    *("Paid", "In hand"),
)


def exported_line(line: dict[str, Any], clinic: Clinic, today: date) -> tuple[Any, ...]:
    """A line of `glanced` as a row of a file."""
    one = drawn_line(line, today)
    amounts = (Amount(money.plain(one[name], clinic.currency)) for name in ("amount", "available"))
    told = (one["ref"], one["name"], one["kind_words"], one["received_on"], one["days"], one["location__name"])
    return (*told, one["tender"], one["event"], one["event_words"], *amounts)


SLIP_COLUMNS = (
    "Slip",
    "Location",
    "Printed",
    "From",
    "To",
    "Lines",
    "Cash",
    "Cheques",
    "Taken out",
    "To the bank",
    "State",
)


def exported_slips(slips: Any, clinic: Clinic) -> Iterator[tuple[Any, ...]]:
    """Slips as rows of a file."""
    for one in slips:
        amounts = (one.cash, one.cheques, one.cash_out, one.total)
        told = (one.ref, str(one.location), one.day, one.first, one.last, one.count)
        yield (*told, *(Amount(money.plain(each, clinic.currency)) for each in amounts), one.get_state_display())


LINE_COLUMNS = ("Payment", "Patient or account", "Taken", "Method", "Memo", "Amount")


def exported_items(items: Any, clinic: Clinic) -> Iterator[tuple[Any, ...]]:
    """The lines of a slip as rows of a file."""
    for one in items:
        amount = Amount(money.plain(one.amount, clinic.currency))
        yield (one.ref, one.whose, one.day, one.tender, one.payment.memo, amount)
