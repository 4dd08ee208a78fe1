"""Columns of payment and treatment lists."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from balances.held import Held
from balances.payable import origin
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import shown
from clinicpay.staff.access import ClinicRequest
from clinicpay.ui.cells import LATE, OVERDUE_WORD, allocated, link, moment, pill
from clinicpay.ui.export import Amount
from clinicpay.ui.tables import Empty, ListTable, column
from payments.held_rows import held_row
from payments.models import Payment
from payments.queries import held_lines, lines, name_in, parts_in
from payments.queries.transactions import with_their_money, with_who_owes
from payments.states import OVERDUE, PaymentStatus
from treatments.models import TreatmentEvent


class PaymentTable(ListTable):
    """All payments (S1.11–S1.19); each order goes by an index (S1.23–S1.27)."""

    request: ClinicRequest

    number = column("Payment ID", order_by="number", css="mono")
    patient = column("Patient", order_by="name_key")
    amount = column("Amount", order_by="amount", css="text-end")
    status = column("Status", order_by=("status", "created_at"))
    due = column("Due Date", order_by="due_first")
    treatment = column("Treatment", order_by=None)
    created = column("Created", order_by="created_at")
    memo = column("Memo", order_by=None, css="wide-only")

    row_template = "payments/payment_rows.html"
    noun = "payments"
    two_lines = True
    empty = Empty("No payments yet", "Payments that are asked for or taken are listed here.", icon="cash")
    shape = staticmethod(lines)

    def order_due(self, rows: QuerySet[Payment], is_descending: bool) -> tuple[QuerySet[Payment], bool]:
        """What has no due date comes last, up and down (S1.25)."""
        return rows.order_by("-due_last" if is_descending else "due_first"), True

    @cached_property
    def drawn(self) -> list[dict[str, str]]:
        """The cells of the rows: texts and ready HTML, so that the template has nothing to work out."""
        clinic = self.request.member.clinic
        zone, today = clock.zone(clinic), clock.today(clinic)
        return [_cells(line, clinic, zone, today) for line in self.shown.rows]


def _cells(line: dict[str, Any], clinic: Clinic, zone: ZoneInfo, today: date) -> dict[str, str]:
    parts, treatment = parts_in(line), line["treatment"]
    is_late = line["due_first"] < today and line["status"] in OVERDUE
    return {
        "url": address(clinic, "payment", number=line["number"]),
        "ref": shown(Payment.KIND, line["number"]),
        "name": name_in(line),
        "amount": allocated(line["amount"], parts.state, parts.free, clinic.currency),
        "status": pill(line["status"], PaymentStatus(line["status"]).label),
        "late": LATE if is_late else "",
        "due": moment(line["due_date"], zone),
        "overdue": OVERDUE_WORD if is_late else "",
        "treatment": link(address(clinic, "treatment", number=treatment), shown(TreatmentEvent.KIND, treatment))
        if treatment
        else "",
        "created": moment(line["created_at"], zone),
        "memo": line["memo"],
    }


def exported(line: dict[str, Any], *, clinic: Clinic) -> tuple[Any, ...]:
    """The cells of a line of `lines` in a file, in the order of PaymentTable's columns."""
    treatment = line["treatment"]
    return (
        shown(Payment.KIND, line["number"]),
        name_in(line),
        Amount(money.plain(line["amount"], clinic.currency)),
        PaymentStatus(line["status"]).label,
        line["due_date"],
        shown(TreatmentEvent.KIND, treatment) if treatment else "",
        line["created_at"].astimezone(clock.zone(clinic)),
        line["memo"],
    )


class RefundTable(ListTable):
    """All refunds and returns."""

    number = column("Refund", order_by="number", css="mono")
    payment = column("Payment", order_by=None, css="mono")
    patient = column("Patient", order_by=None)
    amount = column("Amount", order_by=None, css="text-end")
    status = column("Status", order_by=None)
    reason = column("Reason", order_by=None)
    method = column("By", order_by=None, css="wide-only")
    asked_by = column("Asked by", order_by=None, css="desk-only")
    requested = column("Asked", order_by="requested_at")

    row_template = "payments/refund_rows.html"
    noun = "refunds"
    two_lines = True
    empty = Empty(
        "No refunds yet",
        "A refund begins on the page of its payment. What is asked for, waits or was paid out is listed here.",
        icon="receipt-refund",
    )


class PrePaymentTable(ListTable):
    """Money that is held, each with what of that there is (S3.35, S3.37); the oldest first.

    `held` are the pre-payments of `held_money` by id, with the clinic's names of its own fields in `own`.
    """

    request: ClinicRequest
    held: Mapping[int, Held]
    own: tuple[str, str]

    number = column("Payment", order_by="payment__number", css="mono")
    name = column("Patient or account", order_by="payment__name_key")
    held_for = column("Held for", order_by=None)
    left = column("Held", order_by="available", css="text-end")
    received = column("Received", order_by="received_on")
    matches = column("Matches now", order_by=None)
    actions = column("Actions", order_by=None, hidden_label=True)

    row_template = "payments/pre_payment_rows.html"
    noun = "pre-payments"
    two_lines = True
    prints_whole = True
    empty = Empty(
        "No money is held",
        "A Treatment Pre-Payment is held once it is paid; other money is held from the page of its payment.",
        icon="pig-money",
    )
    shape = staticmethod(held_lines)

    @cached_property
    def drawn(self) -> list[dict[str, Any]]:
        """The rows as the template draws them."""
        clinic = self.request.member.clinic
        return [
            held_row(self.held[line["pk"]], clinic, self.own)
            | {"name": held_name(line), "patient_url": _patient_url(line, clinic)}
            for line in self.shown.rows
        ]


def held_name(line: dict[str, Any]) -> str:
    """Whose money a line of `held_lines` is: the patient's for whom it was paid, else the account's."""
    if line["payment__patient__last_name"] is None:
        return str(line["account__name"])
    return f"{line['payment__patient__first_name']} {line['payment__patient__last_name']}".strip()


def _patient_url(line: dict[str, Any], clinic: Clinic) -> str:
    number = line["payment__patient__number"]
    return address(clinic, "patient", number=number) if number else ""


class TreatmentTable(ListTable):
    """Treatment events as practitioners see them: no money (S0.27)."""

    number = column("Treatment", order_by="number", css="mono")
    patient = column("Patient", order_by="patient__search_key")
    service = column("Service", order_by="service_at")
    practitioner = column("Practitioner", order_by="practitioner__name")
    location = column("Location", order_by="location__name")
    state = column("Clinical state", order_by="state")

    row_template = "treatments/treatment_rows.html"
    noun = "treatments"
    two_lines = True
    empty = Empty("No treatments yet", "Appointments and their clinical state are listed here.", icon="stethoscope")


class TreatmentMoneyTable(TreatmentTable):
    """Treatment events with their payment state and balance beside them (S0.3)."""

    payment = column("Payment", order_by=None)
    balance = column("Balance", order_by=None, css="text-end")

    empty = Empty("No treatments yet", "Appointments and their payment state are listed here.", icon="stethoscope")


class AccountTable(ListTable):
    """Accounts with what they have in hand and owe."""

    number = column("Account", order_by=None)
    kind = column("Kind", order_by=None)
    in_hand = column("In hand", order_by="in_hand", css="text-end")
    held = column("Held", order_by="held", css="text-end")
    owes = column("Owes", order_by="owes", css="text-end")

    row_template = "payments/account_rows.html"
    noun = "accounts"
    two_lines = True
    empty = Empty(
        "Nothing to allocate",
        "No account has both money in hand and something to pay with it.",
        icon="circle-check",
    )

    class Meta:
        order_by = "-in_hand"

    @cached_property
    def drawn(self) -> list[Any]:
        """The accounts, payers with whether their patients owe anything."""
        return with_who_owes(self.shown.rows)


class CreditTable(ListTable):
    """Money of one account: unapplied payments, deposits, pre-payments."""

    payment = column("Payment", order_by=None, css="mono")
    received = column("Received", order_by=None)
    kind = column("Kind", order_by=None)
    patient = column("Patient", order_by=None, css="wide-only")
    amount = column("Amount", order_by=None, css="text-end")
    available = column("Available", order_by=None, css="text-end")
    act = column("Actions", order_by=None, hidden_label=True)

    row_template = "payments/credit_rows.html"
    noun = "payments"
    results_id = "money"
    two_lines = True
    prints_whole = True
    empty = Empty("No money in hand", "A payment that is not wholly applied is listed here.", icon="wallet")

    @cached_property
    def drawn(self) -> list[Any]:
        """The credits with where their payments' money is."""
        return with_their_money(self.shown.rows)


class ChargeTable(ListTable):
    """What an account's money may pay."""

    invoice = column("Invoice", order_by=None, css="mono")
    date = column("Date", order_by=None)
    charge = column("Charge", order_by=None)
    kind = column("Kind", order_by=None)
    patient = column("Patient", order_by=None, css="wide-only")
    amount = column("Charged", order_by=None, css="text-end")
    open = column("Open", order_by=None, css="text-end")

    row_template = "payments/charge_rows.html"
    noun = "charges"
    two_lines = True
    prints_whole = True
    empty = Empty("Nothing is owed", "What is charged and not paid is listed here.", icon="circle-check")

    @cached_property
    def drawn(self) -> list[tuple[Any, str]]:
        """Each charge with what it comes from, in words."""
        return [(charge, origin(charge)) for charge in self.shown.rows]
