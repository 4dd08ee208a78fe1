"""A request's way to money: the moves of its status, and what the money does once it is Paid (S1.50–S1.56)."""

from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from balances.ledger import Books, open_books
from balances.models import Charge
from balances.queries import open_charges_of_event
from balances.requests import Once
from balances.states import CreditKind
from clinicpay.audit.services import record
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from payments.models import Payment, Receipt
from payments.services.checkouts import close_checkouts
from payments.services.requests import lock_payment
from payments.states import BY_HAND, FINAL, MOVES, Method, PaymentStatus, PaymentType


@dataclass
class Use:
    """What a payment's money does when it comes in: charges of its treatment first, then held or free."""

    parts: list[tuple[Charge, int]] = field(default_factory=list)
    held: int = 0
    free: int = 0


def foresee_use(payment: Payment) -> Use:
    """What becoming Paid would do now, in minor units: the linked treatment's charges, then what C13 says of the rest.

    A Treatment Pre-Payment is held for its treatment; without one it is a deposit, and so free in its account.
    """
    use, left = Use(), payment.amount
    charges = open_charges_of_event(payment.event_id) if payment.event_id else []
    for charge in charges:
        if part := min(left, charge.outstanding):
            use.parts.append((charge, part))
            left -= part
    is_held = payment.kind == PaymentType.PRE_PAYMENT and payment.event_id is not None
    use.held, use.free = (left, 0) if is_held else (0, left)
    return use


@transaction.atomic
def move_payment(payment: Payment, to: PaymentStatus, *, by: Actor, reason: str = "") -> Payment:
    """Move a request along its life (S1.80). It becomes Paid by `collect_payment` alone, refunded by a refund alone.

    What ends it for good needs a reason. Raises Refusal for any move that the table doesn't list.
    """
    require(by, Can.TAKE_PAYMENT)
    if to in FINAL:
        close_checkouts(payment)
    payment = lock_payment(payment)
    if to == PaymentStatus.PAID or to not in BY_HAND[payment.status]:
        raise Refusal(f"{payment.ref} is {payment.get_status_display()}: it can't become {to.label} this way.")
    if to in FINAL and not reason.strip():
        raise Refusal(f"Say why: {to.label} is for good, and the reason is kept.")
    before, payment.status = payment.status, to
    payment.save(update_fields=["status"])
    told = {"before": {"status": before}, "after": {"status": str(to)}}
    record("payment.moved", payment, by=by, **told, reason=reason.strip())
    return payment


@transaction.atomic
def collect_payment(
    payment: Payment,
    *,
    by: Actor,
    method: Method,
    location: Location | None = None,
    once: Once | None = None,
    apply: bool = True,
) -> Payment:
    """The money has come: the payment is Paid, with a receipt, and its money does what `foresee_use` says.

    With `apply` off all of it stays unapplied. Raises Refusal unless something was still to be collected,
    and Repeated with the payment's number for a repeated `once`.
    """
    require(by, Can.TAKE_PAYMENT)
    close_checkouts(payment)
    with open_books(*_accounts_of(payment), by=by, once=once) as books:
        payment = lock_payment(payment)
        before = payment.status
        _pay(payment, method, location or payment.location, books)
        use = foresee_use(payment) if apply else Use(free=payment.amount)
        if not {charge.account_id for charge, _ in use.parts} <= set(books.accounts):
            raise Refusal(f"The treatment of {payment.ref} has just been billed to another account. Try again.")
        _receive(payment, use, books)
        books.answer = {"payment": payment.number}
    after = {"status": str(payment.status), "amount": payment.amount, "methods": [str(method)]}
    record("payment.collected", payment, by=by, before={"status": before}, after=after)
    return payment


def _accounts_of(payment: Payment) -> set[int]:
    """The payment's account and those that are billed for its treatment."""
    charges = open_charges_of_event(payment.event_id) if payment.event_id else []
    return {payment.account_id, *(charge.account_id for charge in charges)}


def _pay(payment: Payment, method: Method, location: Location, books: Books) -> None:
    """Make it Paid, by way of Pending where it had not been asked for yet or had failed."""
    if PaymentStatus.PENDING in MOVES[payment.status]:
        payment.status = PaymentStatus.PENDING
        payment.save(update_fields=["status"])
    if PaymentStatus.PAID not in BY_HAND[payment.status]:
        raise Refusal(f"{payment.ref} is {payment.get_status_display()}: there is nothing to collect.")
    payment.status, payment.method, payment.location = PaymentStatus.PAID, method, location
    payment.paid_at = timezone.now()
    payment.receipt = Receipt.objects.create(
        number=take(Receipt.KIND)[0],
        account=payment.account,
        location=location,
        business_date=books.business_date(location.pk),
        made_at=payment.paid_at,
    )
    payment.save(update_fields=["status", "method", "location", "paid_at", "receipt"])


def _receive(payment: Payment, use: Use, books: Books) -> None:
    is_deposit = payment.kind == PaymentType.PRE_PAYMENT and payment.event_id is None
    credit = books.receive(payment, CreditKind.DEPOSIT if is_deposit else CreditKind.UNAPPLIED)
    for charge, part in use.parts:
        books.allocate(credit, charge, part)
    if use.held:
        books.hold(credit, use.held, event_id=payment.event_id)
