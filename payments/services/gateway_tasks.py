"""What a person decides about a gateway's surprises: late money is kept or refunded, a chargeback is seen."""

from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from balances.models import Credit
from balances.queries import in_hand
from balances.requests import Once, claim
from balances.services import let_wait
from balances.states import CreditKind
from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from payments.models import GatewayTask, Payment, Refund
from payments.services.foreseen import going_back, refundable
from payments.services.refunds import GoingBack, refund_payment
from payments.states import REFUND_OPEN, GatewayTaskKind, GatewayTaskState, PaymentStatus, RefundReason, RefundStatus

GOES_BACK = (*sorted(REFUND_OPEN), RefundStatus.SUCCEEDED)
CAME_TO_NOTHING = (RefundStatus.REJECTED, RefundStatus.FAILED)
WAITING = (
    Q(state=GatewayTaskState.OPEN)
    | Q(state=GatewayTaskState.REFUNDED, refund__status__in=CAME_TO_NOTHING)
    | Q(kind=GatewayTaskKind.FOREIGN, state=GatewayTaskState.BOOKED, payment__status=PaymentStatus.VOIDED)
)
"""To be decided: never was, or the refund that was decided upon came to nothing, or what was booked was reversed."""


SEEN = (GatewayTaskKind.CHARGEBACK, GatewayTaskKind.MOVED)
"""What is only taken note of."""


def gateway_tasks() -> QuerySet[GatewayTask]:
    """All of them, newest first, with what there is of the payment (minor units).

    `left` can still go back, a refund of `asked` is asked for or on its way, `free` pays and is held for nothing.
    """
    back = Refund.objects.filter(payment=OuterRef("payment"), reversed_at=None)
    free = Credit.objects.filter(payment=OuterRef("payment"), kind=CreditKind.UNAPPLIED)
    rows = GatewayTask.objects.select_related("payment", "first", "refund").order_by("-pk")
    return rows.annotate(
        left=F("payment__amount") - _sum(back.filter(status__in=GOES_BACK), "amount"),
        asked=_sum(back.filter(status__in=REFUND_OPEN), "amount"),
        free=_sum(free, "available"),
    )


def _sum(rows: QuerySet[Any], column: str) -> Coalesce:
    return Coalesce(Subquery(rows.values("payment").annotate(total=Sum(column)).values("total")), 0)


def tasks_of(payment: Payment) -> list[GatewayTask]:
    """What is to be decided about a payment, seen from the one that was asked for and from the one that came."""
    return list(gateway_tasks().filter(WAITING, Q(payment=payment) | Q(first=payment)))


@transaction.atomic
def keep_capture(task: GatewayTask, *, by: Actor) -> None:
    """The money stays: unapplied, to be used like any other, by runs too."""
    require(by, Can.REFUND)
    task = _take(task, GatewayTaskKind.LATE)
    if going_back(task.payment, REFUND_OPEN) and not refundable(task.payment):
        raise Refusal(f"A refund of all that is left of {task.payment.ref} is asked for. Decide that one first.")
    _decide(task, GatewayTaskState.KEPT, by)
    let_wait(task.payment_id, waits=False)
    record("payment.capture_kept", task.payment, by=by, after={"amount": task.payment.amount})


@transaction.atomic
def refund_capture(task: GatewayTask, *, by: Actor, once: Once | None = None) -> Refund:
    """The money goes back to the card that it came from. Raises Refusal when that would undo what it pays by now.

    A second arrival of the form raises Repeated, before anything is found decided.
    """
    require(by, Can.REFUND)
    if once:
        claim(once, user_id=by.user_id)
    task = _take(task, GatewayTaskKind.LATE)
    Account.objects.select_for_update(no_key=True).get(pk=task.payment.account_id)
    amount = refundable(task.payment)
    if not amount:
        raise Refusal(f"Nothing is left to refund of {task.payment.ref}.")
    if amount > sum(credit.available for credit in in_hand(task.payment_id) if credit.kind == CreditKind.UNAPPLIED):
        raise Refusal(
            f"Money of {task.payment.ref} was applied or held meanwhile. Refund it from its own page, which shows what "
            "that undoes."
        )
    wish = GoingBack(amount, RefundReason.DUPLICATE, notes=str(task))
    task.refund = refund = refund_payment(task.payment, wish, by=by, once=once)
    _decide(task, GatewayTaskState.REFUNDED, by)
    return refund


@transaction.atomic
def see_chargeback(task: GatewayTask, *, by: Actor) -> None:
    """Somebody has taken note of money that went back: charged back, or in another currency."""
    require(by, Can.REFUND)
    task = _take(task, *SEEN)
    _decide(task, GatewayTaskState.SEEN, by)
    if task.kind == GatewayTaskKind.MOVED:
        record("payment.foreign_back_seen", task.payment, by=by, after={"foreign": task.foreign})
        return
    record("payment.chargeback_seen", task.payment, by=by, after={"amount": task.refund.amount if task.refund else 0})


def _take(task: GatewayTask, *kinds: GatewayTaskKind) -> GatewayTask:
    GatewayTask.objects.select_for_update(no_key=True).get(pk=task.pk)
    found = gateway_tasks().filter(WAITING, pk=task.pk, kind__in=kinds).first()
    if found is None:
        raise Refusal("Somebody has decided this already.")
    return found


def _decide(task: GatewayTask, state: GatewayTaskState, by: Actor) -> None:
    task.state, task.decided_at, task.decided_by_id = state, timezone.now(), by.user_id
    task.save(update_fields=["state", "refund", "decided_at", "decided_by_id"])
