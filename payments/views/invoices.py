"""Taking back what was billed, a part with a credit note or a whole invoice; and billing or owing it again."""

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.ledger import CreditNote
from balances.models import Invoice
from balances.queries import credit_notes, invoice_charges
from balances.requests import Repeated
from balances.services import credit_charge
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.forms import CreditNoteForm, NotBilledForm, SealedForm, SealedReasonForm
from payments.services import (
    bill_as_shown,
    foresee_billing,
    foresee_uncredit,
    foresee_void,
    uncredit_as_shown,
    void_as_shown,
    waive_as_shown,
)
from payments.views.acts import done, number_made
from treatments.models import TreatmentEvent
from treatments.queries import events


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
def credit_reverse(request: ClinicRequest, number: int, entry: int) -> HttpResponse:
    """Owe again what a credit note took back; all that this does is shown before, or why it can't be."""
    found, clinic = _invoice(number), request.member.clinic
    note = get_object_or_404(credit_notes(charge__invoice=found), pk=entry)
    form = SealedReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _uncredited(request, note, form):
        return redirect_after(request, address(clinic, "invoice", number=number))
    context = {"invoice": found, "form": form, "foreseen": foresee_uncredit(note, clinic)}
    return render_page(request, "payments/credit_reverse.html", context, status=422 if form.is_bound else 200)


def _uncredited(request: ClinicRequest, note: CreditNote, form: SealedReasonForm) -> bool:
    seal, reason, once = form.cleaned_data["seal"], form.cleaned_data["reason"], form.once("uncredit", note.pk)
    amount = money.show(-note.charge_delta, request.member.clinic.currency)
    act = partial(uncredit_as_shown, note, seal, by=request.member, reason=reason, once=once)
    return done(request, form, act, f"The credit note was reversed: {amount} of {note.charge} is owed again.")


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
    """A second arrival of the form says what the first one did. A refusal goes on the form."""
    seal, reason, once = form.cleaned_data["seal"], form.cleaned_data["reason"], form.once("void", found.pk)
    try:
        freed = void_as_shown(found, seal, by=request.member, reason=reason, once=once)
    except Repeated as repeated:
        freed = int(repeated.answer.get("freed", 0))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return False
    notify(request, f"{found.ref} is void.{' What had paid it is in hand again.' if freed else ''}")
    return True


@allowed(Can.BILL, shows="event")
def treatment_bill(request: ClinicRequest, number: int) -> HttpResponse:
    """Bill a treatment in progress now (S3.1), or again after a void (W-6); what that bills is shown before."""
    event = get_object_or_404(events().select_related("patient__account"), number=number)
    clinic, form = request.member.clinic, SealedForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (invoice := _billed(request, event, form)):
        return redirect_after(request, address(clinic, "invoice", number=invoice))
    context = {"event": event, "form": form, "foreseen": foresee_billing(event, clinic)}
    return render_page(request, "payments/treatment_bill.html", context, status=422 if form.is_bound else 200)


def _billed(request: ClinicRequest, event: TreatmentEvent, form: SealedForm) -> int | None:
    """The new invoice's number; None when it was refused."""
    seal, once = form.cleaned_data["seal"], form.once("bill", event.pk)
    number = number_made(form, lambda: bill_as_shown(event, seal, by=request.member, once=once).number, "invoice")
    if number:
        again = " again" if event.is_completed else ""
        notify(request, f"{event.ref} was billed{again}: {Invoice(number=number).ref} was issued.")
    return number


@allowed(Can.BILL, shows="event")
def treatment_not_billed(request: ClinicRequest, number: int) -> HttpResponse:
    """Say why a treatment is not billed again: nobody is asked to any more, and whoever may bill still can."""
    event = get_object_or_404(events().select_related("patient__account"), number=number)
    clinic, form = request.member.clinic, NotBilledForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _waived(request, event, form):
        return redirect_after(request, address(clinic, "treatment", number=number))
    context = {"event": event, "form": form, "foreseen": foresee_billing(event, clinic)}
    return render_page(request, "payments/treatment_not_billed.html", context, status=422 if form.is_bound else 200)


def _waived(request: ClinicRequest, event: TreatmentEvent, form: NotBilledForm) -> bool:
    seal, reason, once = form.cleaned_data["seal"], form.cleaned_data["reason"], form.once("waive", event.pk)
    act = partial(waive_as_shown, event, seal, by=request.member, reason=reason, once=once)
    return done(request, form, act, f"Noted: {event.ref} is not billed again.")


def _invoice(number: int) -> Invoice:
    return get_object_or_404(Invoice.objects.select_related("account", "event", "location"), number=number)
