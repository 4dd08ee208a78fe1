"""Columns of the gaps: what, whose, why it is one, since when, how much, and its one action."""

from collections.abc import Callable
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from balances.models import Invoice
from clinicpay import money
from clinicpay.attention.groups import Group
from clinicpay.attention.rows import event_rows, payment_rows, task_rows, void_rows
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.numbers import shown
from clinicpay.staff.access import ClinicRequest
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from clinicpay.ui.cells import moment
from clinicpay.ui.tables import Empty, ListTable, column
from clinicpay.ui.words import day_words
from followups.states import CaseState
from payments.models import Payment
from payments.states import EDITABLE, PaymentStatus
from treatments.models import TreatmentEvent
from treatments.states import REVIEWED

OLD = 7
"""Days after which a gap stands out."""


class Act(NamedTuple):
    """The one thing to do about a gap; one that `posts` is done by its button."""

    label: str
    url: str
    posts: bool = False


class GapTable(ListTable):
    """Gaps of one group, the oldest first."""

    request: ClinicRequest
    group: Group

    what = column("What", order_by="number", css="mono")
    who = column("Who", order_by=None)
    why = column("What is missing", order_by=None)
    place = column("Location", order_by=None, css="wide-only")
    since = column("Since", order_by="created_at")
    days = column("Days", order_by=None, css="text-end")
    amount = column("Amount", order_by=None, css="text-end")
    act = column("Action", order_by=None, hidden_label=True)

    row_template = "attention/rows.html"
    two_lines = True
    draw: Callable[[dict[str, Any], Membership, str], dict[str, Any]]

    @classmethod
    def of_group(cls, request: ClinicRequest, rows: Any, group: Group, *, is_all_clear: bool) -> "GapTable":
        """The table of a group; when no group has any row, it says so."""
        table = KINDS.get(group.key, KINDS[group.of.KIND]).of(request, rows)
        table.group, table.noun = group, "treatments" if group.of is TreatmentEvent else "payments"  # type: ignore[misc]
        table.empty = ALL_CLEAR if is_all_clear else Empty(f"Nothing under “{group.label}”", icon="circle-check")
        return table

    @cached_property
    def drawn(self) -> list[dict[str, Any]]:
        """The rows as the template draws them."""
        member = self.request.member
        zone, today = clock.zone(member.clinic), clock.today(member.clinic)
        rows = [{"pk": row["pk"]} | type(self).draw(row, member, self.group.key) for row in self.shown.rows]
        for row in rows:
            since: date | datetime = row["since"]
            day = clock.business_day(member.clinic, since) if isinstance(since, datetime) else since
            row["days"] = max((today - day).days, 0)
            row["is_old"] = row["days"] > OLD
            row["since"] = moment(since, zone)
            row["amount"] = money.show(row["amount"], member.clinic.currency) if row["amount"] else ""
        return rows


ALL_CLEAR = Empty(
    "Nothing needs attention",
    "Every payment has its treatment, every closed treatment its payment state, every balance its next action.",
    icon="circle-check",
)


def _payment(row: dict[str, Any], member: Membership, group: str) -> dict[str, Any]:
    clinic = member.clinic
    at = {"number": row["number"]}
    status = PaymentStatus(row["status"])
    if group == "processing":
        why, act = "Neither paid nor failed yet", Act("Check status", address(clinic, "payment_status", **at))
    elif status in EDITABLE:
        why, act = (
            f"{status.label}, asked for without a treatment",
            Act("Link treatment", address(clinic, "payment_context", **at)),
        )
    else:
        why, act = (
            "Money of no treatment, applied to nothing",
            Act("Link treatment", address(clinic, "payment_context", **at)),
        )
    return {
        "ref": shown(Payment.KIND, row["number"]),
        "url": address(clinic, "payment", **at),
        "who": row["patient_name"].strip() or row["account_name"],
        "note": row["memo"],
        "why": why,
        "place": row["place"],
        "since": row["created_at"],
        "amount": row["amount"],
        "act": act,
    }


def _event(row: dict[str, Any], member: Membership, group: str) -> dict[str, Any]:
    url = address(member.clinic, "treatment", number=row["number"])
    is_balance = group == "balances"
    why, act = _follow(row, member) if is_balance else _step(row, url)
    return {
        "ref": shown(TreatmentEvent.KIND, row["number"]),
        "url": url,
        "who": row["patient_name"].strip(),
        "note": row["title"],
        "why": why,
        "place": row["place"],
        "since": (row["billed_on"] if is_balance else None) or row["closed_at"] or row["service_at"],
        "amount": row["owes"],
        "act": act,
    }


def _step(row: dict[str, Any], url: str) -> tuple[str, Act]:
    """What its steps lack, in the words of its page."""
    standing = row["standing"]
    if standing.step < 2:
        is_first = not standing.outcome
        why = "Nobody has recorded its payment state" if is_first else " ".join(standing.missing)
        return why, Act("Review" if is_first else "Review again", f"{url}#review")
    if standing.missing:
        return "No evidence of the payment", Act("Attach evidence", f"{url}#documents")
    return "Everything is there: to be confirmed", Act("Confirm", f"{url}#review")


def _follow(row: dict[str, Any], member: Membership) -> tuple[str, Act]:
    """An open follow-up is opened, never begun a second time (S0.23)."""
    if row["state"] in REVIEWED and not (row["case_state"] and member.can(Can.FOLLOW_UP)):
        why = "Reviewed, but nothing is to happen next"
        return why, Act("Flag balance", address(member.clinic, "event_review", number=row["number"]))
    if row["case_state"]:
        url = address(member.clinic, "follow_up", number=row["account"])
        state = CaseState(row["case_state"])
        is_planned = state == CaseState.ON_PLAN
        why = "On a plan, but not with this" if is_planned else f"Followed up ({state.label.lower()}), no next action"
        return why, Act("Open follow-up", url)
    return "Nobody follows it up", Act(
        "Flag for follow-up", address(member.clinic, "event_flag", number=row["number"]), posts=True
    )


def _void(row: dict[str, Any], member: Membership, _group: str) -> dict[str, Any]:
    clinic = member.clinic
    at = {"number": row["number"]}
    refs = [f"{shown(Invoice.KIND, number)} ({day_words(day)})" for number, day in row["void"].items()]
    return {
        "ref": shown(TreatmentEvent.KIND, row["number"]),
        "url": address(clinic, "treatment", **at),
        "who": row["patient_name"].strip(),
        "note": row["title"],
        "why": f"Voided and not billed again: {', '.join(refs)}",
        "place": row["place"],
        "since": row["service_at"],
        "amount": sum(row["fees"].values()),
        "act": Act("Bill again", address(clinic, "treatment_bill", **at)),
    }


def _task(row: dict[str, Any], member: Membership, _group: str) -> dict[str, Any]:
    task, clinic = row["task"], member.clinic
    payment = task.payment
    return {
        "ref": payment.ref,
        "url": address(clinic, "payment", number=payment.number),
        "who": str(payment.patient.name if payment.patient else payment.account.name),
        "note": payment.memo,
        "why": str(task),
        "place": payment.location.name,
        "since": task.made_at,
        "amount": payment.amount,
        "act": Act("Decide" if member.can(Can.REFUND) else "Open", address(clinic, "gateway_tasks")),
    }


class PaymentGaps(GapTable):
    """Gaps of payments."""

    shape = staticmethod(payment_rows)
    draw = staticmethod(_payment)

    class Meta:
        order_by = "since"


class EventGaps(GapTable):
    """Gaps of treatments."""

    since = column("Since", order_by="service_at")
    shape = staticmethod(event_rows)
    draw = staticmethod(_event)

    class Meta:
        order_by = "since"


class VoidGaps(GapTable):
    """Treatments to be billed again."""

    since = column("Treated", order_by="service_at")
    amount = column("To bill", order_by=None, css="text-end")
    shape = staticmethod(void_rows)
    draw = staticmethod(_void)

    class Meta:
        order_by = "since"


class TaskGaps(GapTable):
    """What a gateway did."""

    what = column("What", order_by=None, css="mono")
    since = column("Since", order_by="made_at")
    shape = staticmethod(task_rows)
    draw = staticmethod(_task)

    class Meta:
        order_by = "since"


KINDS: dict[str, type[GapTable]] = {
    Payment.KIND: PaymentGaps,
    TreatmentEvent.KIND: EventGaps,
    "unbilled": VoidGaps,
    "decide": TaskGaps,
}
