"""What a gateway says becomes what is so here: captures become money, refunds and disputes move it (B10).

It may be told in any order and as often as anybody likes: every step looks at what is so already, under the
checkout's lock, and nothing that has happened is undone by older news.
"""

from django.db import transaction
from django.utils import timezone

from balances.services import let_wait
from clinicpay.audit.services import record
from clinicpay.patients.models import Account
from clinicpay.patients.queries import may_pay_for
from clinicpay.staff.models import Actor
from payments.gateways import Standing
from payments.models import Checkout, GatewayTask, Payment
from payments.services.desk import Order, Tender, record_payment
from payments.services.foreign import is_foreign, note_foreign
from payments.services.gateway_refunds import settle_movements
from payments.services.lifecycle import collect_payment, move_payment
from payments.services.requests import lock_payment
from payments.states import CHECKOUT_LIVE, MOVES, CheckoutState, GatewayTaskKind, Method, PaymentStatus

UNPAID = frozenset({PaymentStatus.DRAFT, PaymentStatus.PENDING, PaymentStatus.PROCESSING, PaymentStatus.FAILED})


@transaction.atomic
def settle(checkout: Checkout, standing: Standing, *, by: Actor) -> None:
    """Make what the gateway says of a checkout so. Raises Refusal when it can't be booked as it is."""
    # Nothing is joined: what a waiter joins is as old as its wait, and 8 workers booked one capture 8 times.
    checkout = Checkout.objects.select_for_update(no_key=True).get(pk=checkout.pk)
    was = checkout.state
    _note(checkout, standing)
    if standing.captured and is_foreign(standing, by.clinic):
        if note_foreign(checkout, standing, by=by):
            _follow(checkout.payment, PaymentStatus.PROCESSING, by)
        return
    if standing.captured and checkout.booked_id is None:
        _book(checkout, standing, by)
    elif checkout.state == CheckoutState.PROCESSING:
        _follow(checkout.payment, PaymentStatus.PROCESSING, by)
    elif checkout.state == CheckoutState.OVER and was in CHECKOUT_LIVE:
        _give_up(checkout.payment, standing, by)
    if checkout.booked_id:
        settle_movements(checkout, standing, by=by)


def _note(checkout: Checkout, standing: Standing) -> None:
    """Keep its state; older news don't bring back what is over or paid."""
    if standing.state not in CHECKOUT_LIVE or checkout.state in CHECKOUT_LIVE:
        is_back = standing.state == CheckoutState.OVER and checkout.state == CheckoutState.PAID
        checkout.state = checkout.state if is_back else standing.state
    checkout.external_id, checkout.capture = standing.external_id, standing.capture or checkout.capture
    checkout.seen_at = timezone.now()
    checkout.save(update_fields=["state", "external_id", "capture", "seen_at"])


def _book(checkout: Checkout, standing: Standing, by: Actor) -> None:
    """The money is here, whatever has become of the request meanwhile: nothing captured is ever lost."""
    Account.objects.select_for_update(no_key=True).get(pk=checkout.payment.account_id)
    payment = lock_payment(checkout.payment)
    if payment.status in UNPAID and payment.amount == standing.captured:
        booked = collect_payment(payment, by=by, method=Method.CARD)
    else:
        booked = _book_late(payment, standing.captured, by)
    checkout.booked, checkout.captured = booked, standing.captured
    checkout.save(update_fields=["booked", "captured"])


def _book_late(first: Payment, amount: int, by: Actor) -> Payment:
    """A payment of its own, unapplied, that names the first; no run uses it until somebody decides (0085, 0114)."""
    words = f"Late capture of {first.ref}: it was {first.get_status_display()} when the card was charged"
    patient = first.patient if first.patient and may_pay_for(first.account, first.patient) else None
    order = Order(first.location, [Tender(Method.CARD, amount)], patient=patient, payer=first.payer, memo=words)
    booked = record_payment(first.account, order, by=by).payments.get()
    let_wait(booked.pk, waits=True)
    GatewayTask.objects.create(kind=GatewayTaskKind.LATE, payment=booked, first=first)
    record("payment.captured_late", booked, by=by, after={"payment": first.ref, "amount": amount})
    return booked


def _give_up(payment: Payment, standing: Standing, by: Actor) -> None:
    """No money will come of this checkout. A payer who never tried leaves the payment as it was."""
    if payment.status == PaymentStatus.PROCESSING or standing.declined:
        _follow(payment, PaymentStatus.FAILED, by)


def _follow(payment: Payment, to: PaymentStatus, by: Actor) -> None:
    """Move the payment along, if it is still on its way."""
    payment = lock_payment(payment)
    if payment.status == PaymentStatus.FAILED and to == PaymentStatus.PROCESSING:
        payment = move_payment(payment, PaymentStatus.PENDING, by=by)
    if to in MOVES[payment.status]:
        move_payment(payment, to, by=by)
