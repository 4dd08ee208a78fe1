"""Taking money at the desk, from a patient or from a treatment."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.ledger import DayRefused
from balances.queries import event_balances
from balances.requests import Repeated
from balances.services import suggest
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.words import day_words
from payments.forms import TakePaymentForm, filled_in
from payments.models import Receipt
from payments.services import Order, record_payment
from treatments.models import TreatmentEvent


@allowed(Can.TAKE_PAYMENT, shows="patient")
def pay_for_patient(request: ClinicRequest, number: int) -> HttpResponse:
    """Take money for whatever the patient's account owes."""
    patient = get_object_or_404(Patient.objects.select_related("account"), number=number)
    return _take(request, patient.account, patient, None)


@allowed(Can.TAKE_PAYMENT, shows="event")
def pay_for_treatment(request: ClinicRequest, number: int) -> HttpResponse:
    """Take money for one treatment, before the patient leaves."""
    events = TreatmentEvent.objects.select_related("patient__account", "location")
    event = get_object_or_404(events, number=number)
    return _take(request, event.patient.account, event.patient, event)


@allowed(Can.TAKE_PAYMENT, shows="account")
def pay_for_account(request: ClinicRequest, number: int) -> HttpResponse:
    """Take money of an insurer or a third party, as one transfer for many patients; who gets it is said afterwards."""
    account = get_object_or_404(Account, number=number)
    if not account.is_payer:
        raise Refusal(f"{account} is not an insurer or a third party: take the payment from its patient.")
    return _take(request, account, None, None)


def _take(
    request: ClinicRequest, account: Account, patient: Patient | None, event: TreatmentEvent | None
) -> HttpResponse:
    clinic = request.member.clinic
    owed = _owed(account, event)
    suggested = suggest(account, owed, event=event)
    form = TakePaymentForm(
        request.POST or None,
        account=account,
        charges=[charge for charge, _ in suggested],
        currency=clinic.currency,
        patient=patient,
        closes=request.member.can(Can.CLOSE_DAY),
        initial=None if request.method == "POST" else _initial(account, owed, suggested, event),
    )
    if request.method == "POST" and form.is_valid() and (receipt := _record(request, form, event)):
        return redirect_after(request, address(clinic, "receipt", number=receipt))
    context = {"form": form, "account": account, "patient": patient, "event": event, "owed": owed}
    return render_page(request, "payments/take_payment.html", context, status=422 if form.is_bound else 200)


def _owed(account: Account, event: TreatmentEvent | None) -> int:
    """What the amount is pre-filled with: what the treatment owes, or else the whole account."""
    if event:
        balance = event_balances([event.pk]).get(event.pk)
        return balance.outstanding if balance else 0
    return account.owes


def _initial(
    account: Account, owed: int, suggested: list[tuple[Any, int]], event: TreatmentEvent | None
) -> dict[str, Any]:
    location = event.location if event else Location.objects.filter(active=True).first()
    method = "transfer" if account.is_payer else "card"
    return {"amount": owed or None, "method": method, "location": location, **filled_in(suggested)}


def _record(request: ClinicRequest, form: TakePaymentForm, event: TreatmentEvent | None) -> int | None:
    """Number of the receipt, also of the first one when the form arrives again; None when it was refused."""
    order = form.order(patient=form.patient, event=event)
    try:
        receipt = record_payment(form.account, order, by=request.member, once=form.once(form.account.pk))
    except Repeated as repeated:
        return repeated.answer["receipt"]
    except Refusal as refusal:
        form.add_error("business_day" if isinstance(refusal, DayRefused) else None, str(refusal))
        return None
    left = order.amount - sum(part for _, part in order.parts)
    link = _to_allocate(request, receipt) if form.account.is_payer and left else None
    notify(request, _said(order, left, request.member.clinic.currency), link=link)
    return receipt.number


def _said(order: Order, left: int, currency: str) -> str:
    day = f" for the business day {day_words(order.day)}" if order.day else ""
    unapplied = f" {money.show(left, currency)} stays unapplied." if left else ""
    return f"{money.show(order.amount, currency)} recorded{day}.{unapplied}"


def _to_allocate(request: ClinicRequest, receipt: Receipt) -> tuple[str, str]:
    """What a payer's transfer is for is said next."""
    return "Allocate", address(request.member.clinic, "payment_allocate", number=receipt.payments.earliest("pk").number)
