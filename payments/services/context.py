"""Saying later what a payment without treatment was for: nothing of the payment changes, and no money moves."""

from django.db import transaction
from django.db.models import Q, QuerySet

from balances.requests import Once, answer, claim
from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from payments.models import Payment, PaymentContext
from payments.states import FINAL, MONEY
from treatments.models import TreatmentEvent
from treatments.states import EventState


def treatments_for(payment: Payment) -> QuerySet[TreatmentEvent]:
    """What a payment can have been for: treatments of the account's patients, or of those it is a payer of."""
    own = Q(patient__account=payment.account_id) | Q(patient__payers__account=payment.account_id)
    rows = TreatmentEvent.objects.filter(own).exclude(state=EventState.CANCELLED)
    return rows.select_related("patient").order_by("-service_at", "-pk").distinct()


@transaction.atomic
def link_treatment(payment: Payment, event: TreatmentEvent, *, by: Actor, once: Once | None = None) -> PaymentContext:
    """Say that a payment was for a treatment (S0.2, S0.12). Raises Refusal for one of other people, and unless paid."""
    payment = _open_to(payment, by, once)
    if payment.status not in MONEY:
        raise Refusal(f"{payment.ref} isn’t paid yet: edit it, and choose its treatment there.")
    if not treatments_for(payment).filter(pk=event.pk).exists():
        raise Refusal(f"{event.ref} is not a treatment that this account pays for, or it was cancelled.")
    said = PaymentContext.objects.create(payment=payment, event=event, made_by_id=by.user_id)
    record("payment.context_linked", payment, by=by, after={"treatment": event.ref})
    return _said(said, once)


@transaction.atomic
def explain_payment(payment: Payment, reason: str, *, by: Actor, once: Once | None = None) -> PaymentContext:
    """Say why a payment is for no treatment: it is no gap any more (S0.12). Raises Refusal without a reason."""
    payment = _open_to(payment, by, once)
    if not (reason := reason.strip()[:500]):
        raise Refusal("Say why there is no treatment.")
    said = PaymentContext.objects.create(payment=payment, reason=reason, made_by_id=by.user_id)
    record("payment.context_explained", payment, by=by, after={"treatment": "none"}, reason=reason)
    return _said(said, once)


def _open_to(payment: Payment, by: Actor, once: Once | None) -> Payment:
    """The payment as it is now, if something can be said of it."""
    require(by, Can.TAKE_PAYMENT)
    if once:
        claim(once, user_id=by.user_id)
    locked = Payment.objects.select_for_update(no_key=True, of=["self"]).select_related("event").get(pk=payment.pk)
    if locked.event:
        raise Refusal(f"{locked.ref} is for {locked.event.ref}.")
    if locked.status in FINAL:
        raise Refusal(f"{locked.ref} is {locked.get_status_display().lower()}: nothing is missing of it.")
    return locked


def _said(said: PaymentContext, once: Once | None) -> PaymentContext:
    if once:
        answer(once, {"context": said.pk})
    return said
