"""Requests to collect: made and edited while nothing is paid yet (S1.31–S1.38, S1.59). No balance changes here."""

import hashlib
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from balances.ledger import open_books
from balances.requests import Once
from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import may_pay_for
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from clinicpay.ui.words import day_words
from payments.models import Payment
from payments.services.checkouts import close_checkouts
from payments.states import BEGINS, EDITABLE, PaymentStatus, PaymentType
from treatments.models import TreatmentEvent


@dataclass(frozen=True)
class PaymentRequest:
    """What somebody is asked to pay (minor units), and what for; the patient's own account unless told."""

    patient: Patient
    amount: int
    location: Location
    event: TreatmentEvent | None = None
    kind: PaymentType | str = ""
    due_date: date | None = None
    memo: str = ""
    account: Account | None = None

    def values(self) -> dict[str, Any]:
        """The columns of the payment."""
        return {name.name: getattr(self, name.name) for name in fields(self)} | {"account": self.credited}

    @property
    def credited(self) -> Account:
        """The account on which the money will be received."""
        return self.account or self.patient.account


@transaction.atomic
def create_payment(
    request: PaymentRequest,
    *,
    by: Actor,
    once: Once | None = None,
    status: PaymentStatus = PaymentStatus.DRAFT,
    made_at: datetime | None = None,
) -> Payment:
    """Ask a patient for an amount, as a Draft or, when it is sent at once, as Pending (S1.38, C1).

    `made_at` is for demo data, which has a past.
    Raises Refusal, and Repeated with the first one's number for a repeated `once`.
    """
    require(by, Can.TAKE_PAYMENT)
    _check(request)
    if status not in BEGINS:
        raise Refusal("A payment begins as Draft or Pending.")
    with open_books(request.credited.pk, by=by, once=once) as books:
        payment = Payment.objects.create(
            number=take(Payment.KIND)[0], status=status, created_at=made_at or timezone.now(), **request.values()
        )
        books.answer = {"payment": payment.number}
    record("payment.requested", payment, by=by, after=_kept(payment) | {"status": str(status)})
    return payment


@transaction.atomic
def edit_payment(payment: Payment, request: PaymentRequest, *, by: Actor, seen: str = "") -> Payment:
    """Change what is asked, for as long as nothing is under way: Draft, Pending or Failed (S1.59).

    `seen` is the mark of what the person had before their eyes: nobody puts old figures over those of another.
    """
    require(by, Can.TAKE_PAYMENT)
    _check(request)
    close_checkouts(payment)
    payment = lock_payment(payment)
    if payment.status not in EDITABLE:
        raise Refusal(f"{payment.ref} is {payment.get_status_display()}: it can't be edited any more.")
    if seen and seen != mark_of(payment):
        raise Refusal(f"{payment.ref} was edited since you opened this page. Nothing was saved. {_now(payment, by)}")
    before, values = _kept(payment), request.values()
    for name, value in values.items():
        setattr(payment, name, value)
    after = _kept(payment)
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        return payment
    payment.save(update_fields=list(values))
    told = {name: before[name] for name in changed}, {name: after[name] for name in changed}
    record("payment.edited", payment, by=by, before=told[0], after=told[1])
    return payment


def lock_payment(payment: Payment) -> Payment:
    """The payment as it is now, until the transaction ends, with what it names."""
    # Locked first, read then: what is joined while waiting is as old as the wait.
    Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    return Payment.objects.select_related("account", "patient", "event", "location").get(pk=payment.pk)


def mark_of(payment: Payment) -> str:
    """A short text that is the same for as long as nothing that is asked has changed."""
    return hashlib.sha256(repr(sorted(_kept(payment).items())).encode()).hexdigest()[:16]


def _now(payment: Payment, by: Actor) -> str:
    """What is asked by now, for who meant to change something older."""
    due = f", due {day_words(payment.due_date)}" if payment.due_date else ""
    asked = f"It asks for {money.show(payment.amount, by.clinic.currency)}{due}"
    memo = f", “{payment.memo}”" if payment.memo else ""
    return f"{asked}{memo} now. What you entered is still here: save it if it is still right."


def _check(request: PaymentRequest) -> None:
    if request.amount <= 0:
        raise Refusal("Enter an amount greater than zero.")
    if request.event and request.event.patient_id != request.patient.pk:
        raise Refusal("This treatment belongs to another patient.")
    if not may_pay_for(request.credited, request.patient):
        raise Refusal("This patient belongs to another account.")


def _kept(payment: Payment) -> dict[str, Any]:
    """What the trail keeps of a request."""
    return {
        "amount": payment.amount,
        "patient": str(payment.patient or ""),
        "treatment": str(payment.event or ""),
        "location": str(payment.location),
        "type": payment.get_kind_display(),
        "due": payment.due_date.isoformat() if payment.due_date else "",
        "memo": payment.memo,
    }
