"""The receipt as a document, and as email."""

from clinicpay import money
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.ui.pdf import render_pdf
from clinicpay.ui.words import day_words
from payments.models import Receipt
from payments.queries import receipt_facts


def receipt_document(receipt: Receipt, clinic: Clinic) -> bytes:
    """The receipt as PDF, on the clinic's paper."""
    context = {"receipt": receipt, "clinic": clinic, **receipt_facts(receipt)}
    return render_pdf("payments/receipt_document.html", context, paper=clinic.paper)


def receipt_words(receipt: Receipt, clinic: Clinic) -> tuple[str, str]:
    """Subject and text of the email that brings a receipt: the clinic, the number and the amount, no treatment.

    Raises Refusal when everything on it was reversed.
    """
    amount = receipt_facts(receipt)["amount"]
    if not amount:
        raise Refusal(f"{receipt.ref} was reversed: there is nothing to send.")
    shown, day = money.show(amount, clinic.currency), day_words(receipt.business_date)
    text = (
        f"Thank you. {clinic.name} received {shown} on {day}.\n\n"
        f"Your receipt {receipt.ref} is attached as a PDF document.\n\n"
        f"{clinic.name}\n{receipt.location}\n\n"
        "This message was sent by ClinicPay for the clinic. If it is not for you, please tell them and delete it.\n"
    )
    return f"Receipt {receipt.ref} from {clinic.name}", text
