"""Receipts and invoices, on the page and as PDF."""

from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from balances.queries import invoice_balance, invoice_charges, invoices_with_balance, live_allocations
from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from clinicpay.ui.pdf import pdf_response, render_pdf
from payments.models import Payment, Receipt
from payments.queries import receipt_facts


def _receipt(number: int) -> Receipt:
    payments = Prefetch("payments", Payment.objects.select_related("patient", "event").order_by("number"))
    receipts = Receipt.objects.select_related("account", "location").prefetch_related(payments)
    return get_object_or_404(receipts, number=number)


@allowed(Can.SEE_MONEY, shows="receipt")
def receipt(request: ClinicRequest, number: int) -> HttpResponse:
    """What the payer takes home: tenders, what they paid, what stays unapplied, what is still owed."""
    found = _receipt(number)
    return render_page(request, "payments/receipt.html", {"receipt": found, **receipt_facts(found)})


@allowed(Can.SEE_MONEY, shows="receipt")
def receipt_pdf(request: ClinicRequest, number: int) -> HttpResponse:
    """The receipt on paper."""
    found = _receipt(number)
    clinic = request.member.clinic
    context = request.shown = {"receipt": found, "clinic": clinic, "by": request.member.user, **receipt_facts(found)}
    document = render_pdf("payments/receipt_document.html", context, paper=clinic.paper)
    return pdf_response(document, f"{found.ref}.pdf")


@allowed(Can.SEE_MONEY, shows="invoice")
def invoice(request: ClinicRequest, number: int) -> HttpResponse:
    """What was billed, what has paid it, and what is left."""
    found = get_object_or_404(invoices_with_balance().select_related("account", "event", "location"), number=number)
    context = {
        "invoice": found,
        "charges": invoice_charges(found),
        "allocations": live_allocations(charge__invoice=found),
        "balance": invoice_balance(found),
    }
    return render_page(request, "payments/invoice.html", context)


@allowed(Can.SEE_MONEY)
def payment_receipt_pdf(request: ClinicRequest, number: int) -> HttpResponse:
    """The receipt on which a payment stands; the address that people bookmark."""
    payment = get_object_or_404(Payment.objects.select_related("receipt"), number=number, receipt__isnull=False)
    return redirect(address(request.member.clinic, "receipt_pdf", number=payment.receipt))
