"""What people of a demo clinic attached to its payments, noted beside them, and sent by email."""

from itertools import pairwise

from clinicpay import money
from clinicpay.clinics.models import Clinic
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Role
from clinicpay.ui.uploads import checked
from payments.models import Document, Message, Payment
from payments.models.files import Subject
from payments.services import Mail, add_note, attach_document, receipt_words, remove_document, send_mail_of
from payments.services.mail import settle_message
from payments.states import Paper, PaymentStatus

SLIP = """{clinic}
Terminal 2    Card payment
{ref}         {amount}
APPROVED
"""

NOTES = (
    "Mother pays; please send the receipt to her.",
    "Asked to pay the rest at the end of the month.\nWill call us.",
    "Card was declined at first, the second try went through.",
)


class Files:
    """Works on what a year of visits has left in one demo clinic."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.by = Membership.objects.select_related("user", "clinic").get(role=Role.RECEPTION)
        paid = Payment.objects.filter(status=PaymentStatus.PAID).select_related("patient", "event", "receipt__account")
        self.paid = list(paid.order_by("-pk")[:8])

    def make(self) -> None:
        """Slips, notes, one slip on the wrong payment, and a receipt by email."""
        for payment, text in zip(self.paid, NOTES, strict=False):
            self.slip(payment)
            add_note(payment, text, by=self.by)
            if payment.event:
                self.slip(payment, on=payment.event)
        for wrong, right in pairwise(self.paid[3:5]):
            taken = self.slip(right, on=wrong)
            remove_document(taken, by=self.by, reason=f"Belongs to {right}")
            self.slip(right)
        self.receipt_by_mail(self.paid[0])

    def slip(self, payment: Payment, on: Subject | None = None) -> Document:
        """The terminal's slip of a payment, perhaps on something else."""
        text = SLIP.format(clinic=self.clinic, ref=payment, amount=money.show(payment.amount, self.clinic.currency))
        file = checked(f"Terminal slip {payment}.txt", text.encode())
        return attach_document(on or payment, file, by=self.by, what=Paper.SLIP)

    def receipt_by_mail(self, payment: Payment) -> None:
        """It counts as sent: demo patients have no addresses that anybody should write to."""
        if payment.receipt:
            subject, body = receipt_words(payment.receipt, self.clinic)
            mail = Mail(Message.Kind.RECEIPT, "maya.okafor@example.com", subject, body)
            settle_message(send_mail_of(payment.receipt, mail, by=self.by).pk, None)
