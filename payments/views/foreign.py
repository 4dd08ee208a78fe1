"""A card that was charged in another currency: what the bank credited is booked, or it went back at the gateway."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import redirect_after, render_page
from payments.forms import CreditedForm, ReturnedForm
from payments.models import GatewayTask
from payments.services import book_foreign, return_foreign
from payments.services.gateway_tasks import WAITING, gateway_tasks
from payments.states import GatewayTaskKind
from payments.views.acts import done


@allowed(Can.REFUND, shows="payment")
def gateway_task_book(request: ClinicRequest, task: int) -> HttpResponse:
    """See what was charged, type what the bank credited for it, and book that."""
    row = _task(task)
    form = CreditedForm(request.POST or None, currency=request.member.clinic.currency)
    if request.method == "POST" and form.is_valid():
        given, once = form.cleaned_data, form.once("book foreign", row.pk)
        act = partial(book_foreign, row, given["amount"], by=request.member, reason=given["reason"], once=once)
        if done(request, form, act, f"What came for {row.foreign} is booked. It can be applied."):
            return redirect_after(request, address(request.member.clinic, "gateway_tasks"))
    return _page(request, row, form, is_booking=True)


@allowed(Can.REFUND, shows="payment")
def gateway_task_return(request: ClinicRequest, task: int) -> HttpResponse:
    """Say that it was refunded at the gateway itself: nothing is booked here."""
    row = _task(task)
    form = ReturnedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        once = form.once("foreign went back", row.pk)
        act = partial(return_foreign, row, by=request.member, reason=form.cleaned_data["reason"], once=once)
        if done(request, form, act, f"Noted that {row.foreign} went back."):
            return redirect_after(request, address(request.member.clinic, "gateway_tasks"))
    return _page(request, row, form, is_booking=False)


def _task(pk: int) -> GatewayTask:
    return get_object_or_404(
        gateway_tasks().select_related("first__patient", "checkout"), pk=pk, kind=GatewayTaskKind.FOREIGN
    )


def _page(request: ClinicRequest, row: GatewayTask, form: ReturnedForm, *, is_booking: bool) -> HttpResponse:
    is_over = not gateway_tasks().filter(WAITING, pk=row.pk).exists()
    context = {"task": row, "payment": row.first, "form": form, "is_over": is_over, "is_booking": is_booking}
    return render_page(request, "payments/foreign_capture.html", context, status=422 if form.is_bound else 200)
