"""Receipts and invoices, on the page and as PDF."""

from functools import partial

from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from balances.billable import billed_after, events_to_bill, left_of_void
from balances.queries import (
    credit_notes,
    invoice_balance,
    invoice_charges,
    invoices_with_balance,
    live_allocations,
)
from balances.services import why_not_voided
from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import redirect_after, render_page
from clinicpay.ui.pdf import pdf_response
from payments.forms import SendForm
from payments.models import Message, Payment, Receipt
from payments.queries import messages_about, receipt_facts
from payments.services import Mail, receipt_document, receipt_words, send_mail_of
from payments.views.acts import done


def _receipt(number: int) -> Receipt:
    payments = Prefetch("payments", Payment.objects.select_related("patient", "event", "payer").order_by("number"))
    receipts = Receipt.objects.select_related("account", "location").prefetch_related(payments)
    return get_object_or_404(receipts, number=number)


@allowed(Can.SEE_MONEY, shows="receipt")
def receipt(request: ClinicRequest, number: int) -> HttpResponse:
    """What the payer takes home: tenders, what they paid, what stays unapplied, what is still owed."""
    found = _receipt(number)
    context = {"receipt": found, **receipt_facts(found), **messages_about(found)}
    return render_page(request, "payments/receipt.html", context, fragment="mail")


@allowed(Can.SEE_MONEY, shows="receipt")
def receipt_pdf(request: ClinicRequest, number: int) -> HttpResponse:
    """The receipt on paper."""
    found = _receipt(number)
    request.shown = {"receipt": found}
    return pdf_response(receipt_document(found, request.member.clinic), f"{found.ref}.pdf")


@allowed(Can.SEND_MAIL, shows="receipt")
def receipt_send(request: ClinicRequest, number: int) -> HttpResponse:
    """Send the receipt to an address; the account's or the patient's comes filled in."""
    found, clinic = _receipt(number), request.member.clinic
    subject, body = receipt_words(found, clinic)
    form = SendForm(request.POST or None, initial={"to": _address_of(found)})
    if request.method == "POST" and form.is_valid():
        to, once = form.cleaned_data["to"], form.once("receipt", found.pk)
        mail = Mail(Message.Kind.RECEIPT, to, subject, body)
        act = partial(send_mail_of, found, mail, by=request.member, once=once)
        if done(request, form, act, f"{found.ref} is on its way to {to}."):
            return redirect_after(request, address(clinic, "receipt", number=found))
    context = {"receipt": found, "form": form, **receipt_facts(found)}
    return render_page(request, "payments/receipt_send.html", context, status=422 if form.is_bound else 200)


def _address_of(receipt: Receipt) -> str:
    """Where a receipt goes if nobody says otherwise."""
    patients = [payment.patient.email for payment in receipt.payments.all() if payment.patient]
    return next(filter(None, [receipt.account.email, *patients]), "")


@allowed(Can.SEE_MONEY, shows="invoice")
def invoice(request: ClinicRequest, number: int) -> HttpResponse:
    """What was billed, what has paid it, and what is left."""
    found = get_object_or_404(invoices_with_balance().select_related("account", "event", "location"), number=number)
    charges = list(invoice_charges(found))
    after = billed_after(charges)
    context = {
        "invoice": found,
        "charges": charges,
        "why_not_void": why_not_voided(found, charges),
        "allocations": live_allocations(charge__invoice=found),
        "credit_notes": credit_notes(charge__invoice=found, reversed_by=None)
        if any(one.credited for one in charges)
        else [],
        "balance": invoice_balance(found),
        "to_bill": events_to_bill(charges, after),
        "left_unbilled": left_of_void(charges, after),
        "billed_again": list(dict.fromkeys(charge.invoice for charge in after)),
    }
    return render_page(request, "payments/invoice.html", context)


@allowed(Can.SEE_MONEY)
def payment_receipt_pdf(request: ClinicRequest, number: int) -> HttpResponse:
    """The receipt on which a payment stands; the address that people bookmark."""
    payment = get_object_or_404(Payment.objects.select_related("receipt"), number=number, receipt__isnull=False)
    return redirect(address(request.member.clinic, "receipt_pdf", number=payment.receipt))
