"""The list of payments, a payment's page, and undoing."""

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.queries import allocations, live_allocations
from balances.services import undo_allocation
from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.filters import PaymentFilter
from payments.forms import ReasonForm, UndoForm
from payments.models import Payment
from payments.queries import parts_of
from payments.queries import payments as all_payments
from payments.services import reverse_payment
from payments.states import PaymentStatus
from payments.tables import PaymentTable
from payments.views.acts import done


@allowed(Can.SEE_MONEY, shows="table")
def payment_list(request: ClinicRequest) -> HttpResponse:
    """All payments, filtered and sorted as the address says."""
    narrow = PaymentFilter.of(request, all_payments())
    table = PaymentTable.of(request, narrow.qs)
    parts = parts_of(table.drawn)
    for payment in table.drawn:
        payment.parts = parts[payment.pk]
    return render_page(request, "payments/payment_list.html", {"filter": narrow, "table": table}, fragment="results")


@allowed(Can.SEE_MONEY, shows="payment")
def payment(request: ClinicRequest, number: int) -> HttpResponse:
    """One payment: where its money went, and what happened to it."""
    found = _payment(number)
    context = {
        "payment": found,
        "parts": parts_of([found])[found.pk],
        "allocations": list(live_allocations(credit__payment=found)),
        "reversible": found.status == PaymentStatus.PAID and request.member.can(Can.REVERSE_PAYMENT),
    }
    return render_page(request, "payments/payment.html", context)


def _payment(number: int) -> Payment:
    rows = Payment.objects.select_related("account", "patient", "event", "location", "receipt", "payer")
    return get_object_or_404(rows, number=number)


@allowed(Can.ALLOCATE, shows="payment")
def allocation_undo(request: ClinicRequest, number: int, entry: int) -> HttpResponse:
    """Undo one allocation of this payment, or all but a part; the money returns to it (A6)."""
    found, allocation = _payment(number), get_object_or_404(allocations(credit__payment__number=number), pk=entry)
    if request.method == "GET" and not live_allocations(pk=entry).exists():
        return _over(request, found, "This allocation was undone already.")
    form = UndoForm(request.POST or None, applied=allocation.applied, currency=request.member.clinic.currency)
    if request.method == "POST" and form.is_valid():
        keep, reason = form.cleaned_data["keep"], form.cleaned_data["reason"]
        once = form.once("undo", entry, keep=keep)
        act = partial(undo_allocation, entry, by=request.member, reason=reason, keep=keep, once=once)
        if done(request, form, act, "Undone. The money is available again."):
            return redirect_after(request, address(request.member.clinic, "payment", number=number))
    context = {"payment": found, "allocation": allocation, "form": form}
    return render_page(request, "payments/allocation_undo.html", context, status=422 if form.is_bound else 200)


@allowed(Can.REVERSE_PAYMENT, shows="payment")
def payment_reverse(request: ClinicRequest, number: int) -> HttpResponse:
    """Reverse a payment that was entered in error; every effect is shown before (C3)."""
    found = _payment(number)
    if request.method == "GET" and found.status != PaymentStatus.PAID:
        return _over(request, found, f"{found.ref} is {found.get_status_display().lower()}: it can't be reversed.")
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason, once = form.cleaned_data["reason"], form.once("reverse", found.pk)
        act = partial(reverse_payment, found, by=request.member, reason=reason, once=once)
        if done(request, form, act, f"{found.ref} was reversed. What it had paid is owed again."):
            return redirect_after(request, address(request.member.clinic, "payment", number=number))
    context = {"payment": found, "allocations": list(live_allocations(credit__payment=found)), "form": form}
    return render_page(request, "payments/payment_reverse.html", context, status=422 if form.is_bound else 200)


def _over(request: ClinicRequest, payment: Payment, words: str) -> HttpResponse:
    """To the payment, with the reason why there is no form any more."""
    notify(request, words, messages.WARNING)
    return redirect_after(request, address(request.member.clinic, "payment", number=payment.number))
