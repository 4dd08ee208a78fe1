"""The admin exception of a treatment's balance: flagging one, lifting it (S0.19)."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.models import BalanceException
from balances.services import lift_exception, make_exception
from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import redirect_after, render_page
from payments.forms.packages import ExceptionForm
from payments.views.acts import done
from treatments.queries import events


@allowed(Can.REVIEW_EVENT, shows="event")
def treatment_exception(request: ClinicRequest, number: int) -> HttpResponse:
    """Say why a treatment's balance is an exception; or, where somebody has, lift that."""
    event = get_object_or_404(events(), number=number)
    now = BalanceException.objects.filter(event=event, lifted_at=None).first()
    act: Callable[..., Any]
    form = ExceptionForm(request.POST or None, is_lifting=now is not None)
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data["words"]
        act = partial(lift_exception, reason=words) if now else partial(make_exception, note=words)
        said = f"The exception was {'lifted' if now else 'noted'}."
        if done(request, form, partial(act, event, by=request.member), said):
            return redirect_after(request, address(request.member.clinic, "treatment", number=number))
    context = {"event": event, "form": form, "now": now}
    return render_page(request, "packages/exception.html", context, status=422 if form.is_bound else 200)
