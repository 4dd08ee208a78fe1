"""What a person decides about a gateway's surprises: late money is kept or refunded, a chargeback is seen."""

from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from balances.requests import Once
from balances.services import let_wait
from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from payments.models import GatewayTask, Payment, Refund
from payments.services.foreseen import refundable
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
    """All of them, newest first; `left` is what of the payment can still go back (minor units)."""
    back = Refund.objects.filter(payment=OuterRef("payment"), reversed_at=None, status__in=GOES_BACK)
    gone = Subquery(back.values("payment").annotate(total=Sum("amount")).values("total"))
    rows = GatewayTask.objects.select_related("payment", "first", "refund").order_by("-pk")
    return rows.annotate(left=F("payment__amount") - Coalesce(gone, 0))


def tasks_of(payment: Payment) -> list[GatewayTask]:
    """What is to be decided about a payment, seen from the one that was asked for and from the one that came."""
    return list(gateway_tasks().filter(WAITING, Q(payment=payment) | Q(first=payment)))


@transaction.atomic
def keep_capture(task: GatewayTask, *, by: Actor) -> None:
    """The money stays: unapplied, to be used like any other, by runs too."""
    require(by, Can.REFUND)
    task = _take(task, GatewayTaskKind.LATE)
    _decide(task, GatewayTaskState.KEPT, by)
    let_wait(task.payment_id, waits=False)
    record("payment.capture_kept", task.payment, by=by, after={"amount": task.payment.amount})


@transaction.atomic
def refund_capture(task: GatewayTask, *, by: Actor, once: Once | None = None) -> Refund:
    """The money goes back to the card that it came from."""
    require(by, Can.REFUND)
    task = _take(task, GatewayTaskKind.LATE)
    amount = refundable(task.payment)
    if not amount:
        raise Refusal(f"Nothing is left to refund of {task.payment.ref}.")
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
