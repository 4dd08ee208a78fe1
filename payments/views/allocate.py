"""Applying money in hand to what an account owes, by hand."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.models import Credit
from balances.queries import free_credit
from balances.services import apply_credit, suggest
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import redirect_after, render_page
from payments.forms import AllocateForm, filled_in
from payments.models import Payment
from payments.views.acts import done


@allowed(Can.ALLOCATE, shows="payment")
def payment_allocate(request: ClinicRequest, number: int) -> HttpResponse:
    """Apply what is left of a payment; the oldest charges come filled in (A1, A3)."""
    payment = get_object_or_404(Payment.objects.select_related("account", "patient"), number=number)
    credit = free_credit(payment.pk)
    form = _form(request, payment, credit)
    if request.method == "POST" and form.is_valid():
        act = partial(apply_credit, credit, form.chosen(), by=request.member, once=form.once(credit.pk))
        applied = money.show(sum(form.parts().values()), request.member.clinic.currency)
        if done(request, form, act, f"{applied} applied."):
            return redirect_after(request, address(request.member.clinic, "payment", number=number))
    # A form that was sent is shown with its fault even when the money went elsewhere in the meantime.
    is_open = bool(form.lines) and (form.is_bound or credit.available > 0)
    context = {"payment": payment, "form": form, "available": credit.available, "open": is_open}
    return render_page(request, "payments/payment_allocate.html", context, status=422 if form.is_bound else 200)


def _form(request: ClinicRequest, payment: Payment, credit: Credit) -> AllocateForm:
    suggested = suggest(payment.account, credit.available)
    return AllocateForm(
        request.POST or None,
        account=payment.account,
        charges=[charge for charge, _ in suggested],
        available=credit.available,
        currency=request.member.clinic.currency,
        initial=filled_in(suggested),
    )
