"""Bank slips for tests, through the real services."""

from clinicpay.clinics import clock
from deposits.models import BankSlip
from deposits.queries.slips import items_on, waiting
from deposits.services.slips import Wish, draft_slip, print_slip, seal_of
from payments.models import Payment
from payments.services import GoingBack, Order, Tender, record_payment, refund_payment
from payments.states import Method, RefundReason
from tests.factories import Clinicful, a_patient


def paid(home: Clinicful, amount: int, method: Method = Method.CASH, **more) -> Payment:
    """Money that was taken by one tender."""
    order = Order(more.pop("location", home.location), [Tender(method, amount)])
    return Payment.objects.get(receipt=record_payment(a_patient(home).account, order, by=home.itself, **more))


def back(home: Clinicful, payment: Payment, amount: int):
    """A refund in the payment's own tender."""
    return refund_payment(payment, GoingBack(amount, RefundReason.OTHER), by=home.itself)


def wish(home: Clinicful, *refs: str, **more) -> Wish:
    """What goes to the bank today; all that waits when nothing is named."""
    today = clock.today(home.clinic)
    found = {one.ref for one in waiting(home.location, today, today)}
    return Wish(today, today, frozenset(refs or found), **more)


def drafted(home: Clinicful, *refs: str, **more) -> BankSlip:
    """A draft of today."""
    return draft_slip(home.location, wish(home, *refs, **more), by=home.bill)


def print_draft(home: Clinicful, slip: BankSlip) -> BankSlip:
    """The draft as it stands, printed."""
    return print_slip(home.location, seal=seal_of(items_on(slip), slip), by=home.bill)


def printed(home: Clinicful, *refs: str, **more) -> BankSlip:
    """A printed slip of today."""
    return print_draft(home, drafted(home, *refs, **more))
