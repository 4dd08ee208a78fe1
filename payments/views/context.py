"""What a payment without treatment was for, said afterwards (S0.12)."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import redirect_after, render_page
from payments.forms.context import LISTED, ContextForm
from payments.models import Payment
from payments.services.context import explain_payment, link_treatment, treatments_for
from payments.states import EDITABLE, MONEY
from payments.views.acts import done


@allowed(Can.TAKE_PAYMENT, shows="payment")
def payment_context(request: ClinicRequest, number: int) -> HttpResponse:
    """Link a payment to its treatment afterwards, or say why it has none; then it is no gap any more."""
    payment = get_object_or_404(Payment.objects.select_related("account", "patient", "event"), number=number)
    events = list(treatments_for(payment)[:LISTED]) if payment.status in MONEY else []
    form = ContextForm(request.POST or None, events=events)
    if request.method == "POST" and form.is_valid():
        event, once = form.event, form.once(payment.pk)
        act = (
            partial(link_treatment, payment, event, by=request.member, once=once)
            if event
            else partial(explain_payment, payment, form.cleaned_data["reason"], by=request.member, once=once)
        )
        if done(request, form, act, f"{payment.ref} is for {event.ref}." if event else f"Noted for {payment.ref}."):
            return redirect_after(request, address(request.member.clinic, "payment", number=number))
    context: dict[str, Any] = {"payment": payment, "form": form, "editable": payment.status in EDITABLE}
    return render_page(request, "payments/payment_context.html", context)
