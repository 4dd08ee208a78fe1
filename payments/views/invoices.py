"""Taking back what was billed: a part with a credit note, or a whole invoice."""

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.models import Invoice
from balances.queries import invoice_charges
from balances.services import credit_charge
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.forms import CreditNoteForm, SealedReasonForm
from payments.services import foresee_void, void_as_shown
from payments.views.acts import done


@allowed(Can.CREDIT, shows="invoice")
def invoice_credit(request: ClinicRequest, number: int) -> HttpResponse:
    """Take back part or all of what one line of an invoice still owes."""
    found, clinic = _invoice(number), request.member.clinic
    lines = list(invoice_charges(found))
    if request.method == "GET" and not any(line.outstanding for line in lines):
        notify(request, f"Nothing is owed on {found.ref}, so there is nothing to credit.", messages.WARNING)
        return redirect_after(request, address(clinic, "invoice", number=number))
    form = CreditNoteForm(request.POST or None, lines=lines, currency=clinic.currency)
    if request.method == "POST" and form.is_valid() and _credited(request, form):
        return redirect_after(request, address(clinic, "invoice", number=number))
    context = {"invoice": found, "form": form}
    return render_page(request, "payments/invoice_credit.html", context, status=422 if form.is_bound else 200)


def _credited(request: ClinicRequest, form: CreditNoteForm) -> bool:
    line, amount, reason = form.line, form.cleaned_data["amount"], form.cleaned_data["reason"]
    once = form.once("credit", line.pk, amount=amount)
    act = partial(credit_charge, line, amount, by=request.member, reason=reason, once=once)
    return done(request, form, act, f"{money.show(amount, form.currency)} of {line} was credited.")


@allowed(Can.CREDIT, shows="invoice")
def invoice_void(request: ClinicRequest, number: int) -> HttpResponse:
    """Take a whole invoice back; all that this does is shown before, or why it can't be (W-6)."""
    found, clinic = _invoice(number), request.member.clinic
    form = SealedReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _voided(request, found, form):
        return redirect_after(request, address(clinic, "invoice", number=number))
    context = {"invoice": found, "form": form, "foreseen": foresee_void(found, clinic)}
    return render_page(request, "payments/invoice_void.html", context, status=422 if form.is_bound else 200)


def _voided(request: ClinicRequest, found: Invoice, form: SealedReasonForm) -> bool:
    seal, reason, once = form.cleaned_data["seal"], form.cleaned_data["reason"], form.once("void", found.pk)
    act = partial(void_as_shown, found, seal, by=request.member, reason=reason, once=once)
    return done(request, form, act, f"{found.ref} is void. What had paid it is in hand again.")


def _invoice(number: int) -> Invoice:
    return get_object_or_404(Invoice.objects.select_related("account", "event", "location"), number=number)
