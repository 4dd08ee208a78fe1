"""Cards that were charged in another currency than the clinic counts (decision 144).

No rate is known here, so nothing is booked by itself: a person says what the bank credited, or that the money went
back at the gateway. Until then the payment that was asked for is Processing, and its link takes no second payment.
"""

from django.db import transaction
from django.utils import timezone

from balances.requests import Once, answer, claim
from clinicpay.audit.services import record
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.patients.queries import may_pay_for
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from payments.gateways import Standing
from payments.models import Checkout, GatewayTask, Payment
from payments.services.desk import Order, Tender, record_payment
from payments.services.gateway_tasks import WAITING, gateway_tasks
from payments.services.lifecycle import collect_payment, move_payment
from payments.services.requests import lock_payment
from payments.states import GatewayTaskKind, GatewayTaskState, Method, MovementState, PaymentStatus

GONE = frozenset({MovementState.PENDING, MovementState.SUCCEEDED})


def is_foreign(standing: Standing, clinic: Clinic) -> bool:
    """Whether what was captured is counted otherwise than by the clinic."""
    return bool(standing.currency) and standing.currency != clinic.currency


def note_foreign(checkout: Checkout, standing: Standing, *, by: Actor) -> bool:
    """Keep what came and what went back of it, each once; whether the capture is news. The checkout is locked."""
    task, is_news = GatewayTask.objects.select_related("payment", "first").get_or_create(
        checkout=checkout,
        movement="",
        defaults={
            "kind": GatewayTaskKind.FOREIGN,
            "payment": checkout.payment,
            "first": checkout.payment,
            "foreign_amount": standing.captured,
            "foreign_currency": standing.currency,
        },
    )
    if is_news:
        record("payment.charged_abroad", checkout.payment, by=by, after={"foreign": task.foreign})
    moved = [one for one in standing.refunds if one.state in GONE]
    if task.state == GatewayTaskState.OPEN and moved and sum(one.amount for one in moved) >= standing.captured:
        _give_back(task, by=by, reason=f"Refunded at {checkout.get_gateway_display()} itself")
        return False
    for one in [*moved, *(one for one in standing.disputes if one.state in GONE)]:
        _note_moved(task, one.external_id, one.amount)
    return is_news


def _note_moved(task: GatewayTask, external_id: str, amount: int) -> None:
    """Somebody has to say what it was here; what came back before the capture was booked is told, too."""
    if task.state == GatewayTaskState.REFUNDED:
        return
    GatewayTask.objects.get_or_create(
        checkout=task.checkout,
        movement=external_id,
        defaults={
            "kind": GatewayTaskKind.MOVED,
            "payment": task.payment,
            "first": task.first,
            "foreign_amount": amount,
            "foreign_currency": task.foreign_currency,
        },
    )


@transaction.atomic
def book_foreign(task: GatewayTask, amount: int, *, by: Actor, reason: str, once: Once) -> Payment:
    """Book what the bank credited (minor units of ours), unapplied; `reason` says where that was read.

    When it is exactly what was asked, the payment itself is Paid. Otherwise the money is a payment of its own, and
    the first, if it still waits, is cancelled: what it leaves open is owed by its charges as before.
    Raises Refusal when somebody has decided meanwhile, Repeated for a repeated `once`.
    """
    require(by, Can.REFUND)
    claim(once, user_id=by.user_id)
    if amount <= 0:
        raise Refusal("Enter an amount greater than zero.")
    task, checkout = _taken(task, reason)
    first = task.first or task.payment
    Account.objects.select_for_update(no_key=True).get(pk=first.account_id)
    first = lock_payment(first)
    if first.status == PaymentStatus.PROCESSING and first.amount == amount:
        booked = collect_payment(first, by=by, method=Method.CARD, apply=False)
    else:
        booked = _book_apart(first, amount, task, by)
    checkout.booked, checkout.captured, task.payment = booked, amount, booked
    checkout.save(update_fields=["booked", "captured"])
    _decide(task, GatewayTaskState.BOOKED, by)
    told = {"foreign": task.foreign, "payment": first.ref, "amount": amount}
    record("payment.foreign_booked", booked, by=by, after=told, reason=reason.strip())
    answer(once, {"payment": booked.number})
    return booked


def _book_apart(first: Payment, amount: int, task: GatewayTask, by: Actor) -> Payment:
    patient = first.patient if first.patient and may_pay_for(first.account, first.patient) else None
    words = f"{task.foreign} charged to a card for {first.ref}"
    order = Order(first.location, [Tender(Method.CARD, amount)], patient=patient, payer=first.payer, memo=words)
    booked = record_payment(first.account, order, by=by).payments.get()
    if first.status == PaymentStatus.PROCESSING:
        failed = move_payment(first, PaymentStatus.FAILED, by=by)
        move_payment(failed, PaymentStatus.CANCELLED, by=by, reason=f"{task.foreign} came instead, as {booked.ref}")
    return booked


@transaction.atomic
def return_foreign(task: GatewayTask, *, by: Actor, reason: str, once: Once) -> None:
    """The money went back at the gateway: nothing is booked, and the payment can be asked for again."""
    require(by, Can.REFUND)
    claim(once, user_id=by.user_id)
    task, _ = _taken(task, reason)
    _give_back(task, by=by, reason=reason.strip())
    answer(once, {"task": task.pk})


def _give_back(task: GatewayTask, *, by: Actor, reason: str) -> None:
    first = lock_payment(task.first or task.payment)
    if first.status == PaymentStatus.PROCESSING:
        first = move_payment(first, PaymentStatus.FAILED, by=by)
    _decide(task, GatewayTaskState.REFUNDED, by)
    record("payment.foreign_returned", first, by=by, after={"foreign": task.foreign}, reason=reason)


def _taken(task: GatewayTask, reason: str) -> tuple[GatewayTask, Checkout]:
    """The task and its checkout, locked in the order in which news lock them."""
    if not reason.strip():
        raise Refusal("Say why: a reason is kept with it.")
    checkout = Checkout.objects.select_for_update(no_key=True).get(pk=task.checkout_id or 0)
    found = gateway_tasks().filter(WAITING, pk=task.pk, kind=GatewayTaskKind.FOREIGN).first()
    if found is None:
        raise Refusal("Somebody has decided this already.")
    return found, checkout


def _decide(task: GatewayTask, state: GatewayTaskState, by: Actor) -> None:
    task.state, task.decided_at, task.decided_by_id = state, timezone.now(), by.user_id
    task.save(update_fields=["payment", "state", "decided_at", "decided_by_id"])
