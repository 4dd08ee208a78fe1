"""Applying money in hand to what an account owes, by hand."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.models import Credit
from balances.queries import free_credit
from balances.requests import Repeated
from balances.services import apply_credit, suggest
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.forms import AllocateForm
from payments.models import Payment


@allowed(Can.ALLOCATE)
def payment_allocate(request: ClinicRequest, number: int) -> HttpResponse:
    """Apply what is left of a payment; the oldest charges come filled in (A1, A3)."""
    payment = get_object_or_404(Payment.objects.select_related("account", "patient"), number=number)
    credit = free_credit(payment.pk)
    form = _form(request, payment, credit)
    if request.method == "POST" and form.is_valid() and _applied(request, form, credit):
        return redirect_after(request, address(request.member.clinic, "payment", number=number))
    context = {"payment": payment, "form": form, "available": credit.available}
    return render_page(request, "payments/payment_allocate.html", context, status=422 if form.is_bound else 200)


def _form(request: ClinicRequest, payment: Payment, credit: Credit) -> AllocateForm:
    suggested = suggest(payment.account, credit.available)
    return AllocateForm(
        request.POST or None,
        account=payment.account,
        charges=[charge for charge, _ in suggested],
        available=credit.available,
        currency=request.member.clinic.currency,
        initial={f"apply-{charge.pk}": part for charge, part in suggested if part},
    )


def _applied(request: ClinicRequest, form: AllocateForm, credit: Credit) -> bool:
    """Do it; a second arrival of the form is as good as the first. A refusal goes on the form."""
    try:
        apply_credit(credit, form.chosen(), by=request.member, once=form.once(credit.pk))
    except Repeated:
        pass
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return False
    notify(request, f"{money.show(sum(form.parts().values()), request.member.clinic.currency)} applied.")
    return True
