"""Taking money at the desk, and reversing what was entered in error."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from balances.ledger import Books, open_books
from balances.models import Charge, Credit
from balances.queries import is_closed
from balances.requests import Once
from balances.states import Source
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import take_each
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import may_pay_for
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can, who_may
from clinicpay.ui.words import day_words
from payments.models import Payment, Receipt
from payments.services.handing import waits_for_gateway
from payments.signals import told_against
from payments.states import REFUND_OPEN, Method, PaymentStatus
from treatments.models import TreatmentEvent


class Tender(NamedTuple):
    """One way in which part of an amount is paid (minor units)."""

    method: Method
    amount: int


@dataclass(frozen=True)
class Order:
    """What reception asks to record: who pays, how, where, and what it is for.

    `parts` are (charge id, amount) to apply; what they leave stays unapplied.
    """

    location: Location
    tenders: Sequence[Tender]
    parts: Sequence[tuple[int, int]] = ()
    patient: Patient | None = None
    payer: Account | None = None
    event: TreatmentEvent | None = None
    memo: str = ""
    day: date | None = None
    """An earlier business day on which it was taken, which only who closes days may choose (decision 0186)."""
    late_reason: str = ""
    charges: Sequence[Charge] = ()
    """Those of them that have been read, with their invoices; the others are looked up."""

    @property
    def amount(self) -> int:
        """All tenders together."""
        return sum(tender.amount for tender in self.tenders)


def record_payment(
    account: Account,
    order: Order,
    *,
    by: Actor,
    once: Once | None = None,
    source: Source = Source.MANUAL,
    dated: date | None = None,
) -> Receipt:
    """Take money at the desk: a Paid payment per tender on one receipt, applied as asked, all or nothing.

    Raises Refusal when more is applied than was paid or is owed, DayRefused when its day takes no more money. A
    repeated `once` raises Repeated with the first receipt's number.
    """
    require(by, Can.TAKE_PAYMENT)
    _check(account, order)
    if order.day:
        _check_late(order, by)
    charges = _charges(order)
    # An insurer's money pays charges of its patients' accounts: those are locked, too.
    accounts = {account.pk, *(charge.account_id for charge in charges.values())}
    with open_books(*accounts, by=by, source=source, once=once, dated=dated) as books:
        if order.day:
            books.choose_day(order.location, order.day)
        numbers = take_each({Receipt.KIND: 1, Payment.KIND: len(order.tenders)})
        receipt = Receipt.objects.create(
            number=numbers[Receipt.KIND][0],
            account=account,
            location=order.location,
            business_date=order.day or books.business_date(order.location.pk),
            made_at=clock.noon(by.clinic, dated) if dated else timezone.now(),
        )
        receipt.patient_id = order.patient.pk if order.patient else None  # the trail need not ask for it
        paid_at = clock.noon(by.clinic, order.day) if order.day else receipt.made_at
        payments = _payments(order, receipt, numbers[Payment.KIND], paid_at)
        credits = books.receive_many([(payment, order.day) for payment in payments], reason=order.late_reason)
        _apply(books, credits, order, charges)
        books.answer = {"receipt": receipt.number}
        books.record("payment.received", receipt, after=_told(order), reason=order.late_reason)
    return receipt


def _told(order: Order) -> dict[str, object]:
    """What the trail keeps of it."""
    methods = [str(tender.method) for tender in order.tenders]
    told: dict[str, object] = {"amount": order.amount, "applied": _applied(order), "methods": methods}
    return told | {"business_day": order.day.isoformat()} if order.day else told


def _check_late(order: Order, by: Actor) -> None:
    if not by.can(Can.CLOSE_DAY):
        raise Refusal(not_your_day())
    if not order.late_reason.strip():
        raise Refusal("Say why it was not entered on its business day: the reason is kept.")


def not_your_day() -> str:
    """Who may choose an earlier business day, for those who may not."""
    return f"An earlier business day is chosen by those who close days: {who_may(Can.CLOSE_DAY)}. Leave it at today."


def _check(account: Account, order: Order) -> None:
    if not order.tenders or any(tender.amount <= 0 for tender in order.tenders):
        raise Refusal("Enter an amount greater than zero for each tender.")
    if any(amount < 0 for _, amount in order.parts):
        raise Refusal("An applied amount can't be negative.")
    if _applied(order) > order.amount:
        raise Refusal("More is applied than was paid. Lower what is applied, or raise the amount.")
    if order.event and not may_pay_for(account, order.event.patient):
        raise Refusal("This treatment belongs to another account.")
    if order.patient and not may_pay_for(account, order.patient):
        raise Refusal("This patient belongs to another account.")


def _charges(order: Order) -> dict[int, Charge]:
    """What the order pays, with invoices. Where a charge belongs never changes, so one read earlier will do."""
    found = {charge.pk: charge for charge in order.charges}
    if others := [charge_id for charge_id, _ in order.parts if charge_id not in found]:
        found |= Charge.objects.select_related("invoice").in_bulk(others)
    return {charge_id: found[charge_id] for charge_id, _ in order.parts if charge_id in found}


def _applied(order: Order) -> int:
    return sum(amount for _, amount in order.parts)


def _payments(order: Order, receipt: Receipt, numbers: range, paid_at: datetime) -> list[Payment]:
    return Payment.objects.bulk_create(
        Payment(
            number=number,
            account=receipt.account,
            patient=order.patient,
            payer=order.payer,
            event=order.event,
            receipt=receipt,
            location=order.location,
            amount=tender.amount,
            method=tender.method,
            status=PaymentStatus.PAID,
            paid_at=paid_at,
            created_at=receipt.made_at,
            memo=order.memo,
        )
        for number, tender in zip(numbers, order.tenders, strict=True)
    )


def _apply(books: Books, credits: Sequence[Credit], order: Order, charges: Mapping[int, Charge]) -> None:
    """Spread the parts over the tenders in their order."""
    days = books.days_to_apply(order.day, order.parts, charges) if order.day else {}
    purse = deque((credit, credit.amount) for credit in credits)
    for charge_id, amount in order.parts:
        if charge_id not in charges:
            raise Refusal("One of these charges no longer exists.")
        for credit, part in _draw(purse, amount):
            books.allocate(credit, charges[charge_id], part, day=days.get(charge_id))


def _draw(purse: deque[tuple[Credit, int]], wanted: int) -> Iterator[tuple[Credit, int]]:
    """Take `wanted` minor units from the front of the purse, which holds at least as much."""
    while wanted:
        credit, available = purse.popleft()
        part = min(wanted, available)
        wanted -= part
        if part < available:
            purse.appendleft((credit, available - part))
        yield credit, part


@transaction.atomic
def reverse_payment(payment: Payment, *, by: Actor, reason: str, once: Once | None = None) -> Payment:
    """Reverse a Paid payment that was entered in error: undo what it paid, take the money out, void it (C3).

    Refused unless the payment is Paid, which means that nothing of it was refunded, and no gateway took it.
    """
    require(by, Can.REVERSE_PAYMENT)
    accounts = accounts_paid_by(payment)
    with open_books(*accounts, by=by, once=once) as books:
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        if refused := why_not_reversed(payment):
            raise Refusal(refused)
        if not accounts_paid_by(payment) <= set(books.accounts):
            raise Refusal(f"{payment.ref} has just been applied to another account. Try again in a moment.")
        payment.status = PaymentStatus.VOIDED
        payment.save(update_fields=["status"])
        books.reverse_receipt(list(payment.credits.order_by("pk")), reason=reason)
        books.answer = {"payment": payment.number}
    record("payment.reversed", payment, by=by, before={"status": "paid"}, after={"status": "voided"}, reason=reason)
    return payment


def why_not_reversed(payment: Payment) -> str:
    """Why a payment can't be reversed as an entry error, and what can be done instead; "" when it can (C3)."""
    if payment.status in {PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED}:
        return f"Money of {payment.ref} went back already: only a Paid payment is reversed. Refund what is left of it."
    if payment.status != PaymentStatus.PAID:
        return f"{payment.ref} is {payment.get_status_display().lower()}: only a Paid payment is reversed."
    if waiting := payment.refunds.filter(status__in=REFUND_OPEN).first():
        return f"A refund of {payment.ref} is under way: {waiting.ref}. Reject it first, or record that it failed."
    if waits_for_gateway(payment):
        return f"{payment.ref} was paid by card at the gateway, so it happened. Refund it instead."
    received = payment.credits.order_by("pk").values_list("received_on", flat=True).first()
    if received and is_closed(payment.location_id, received):
        return (
            f"{payment.ref} was taken on {day_words(received)}, and that day is closed at {payment.location}."
            f" Refund it, or record a return; or ask for the day to be re-opened ({who_may(Can.REOPEN_DAY)})."
        )
    return told_against(payment)


def accounts_paid_by(payment: Payment) -> set[int]:
    """The payment's account and those whose charges it has paid: all are locked before it is taken back."""
    paid = Charge.objects.filter(entries__credit__payment=payment).values_list("account", flat=True)
    return {payment.account_id, *paid}
