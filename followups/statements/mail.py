"""What goes along with the email of a statement: the PDF that was kept."""

from clinicpay.clinics.models import Clinic
from followups.services.statements import pdf_of
from payments.models import Message
from payments.services.mail import ATTACHED, Attachment


def _statement(message: Message, _clinic: Clinic) -> Attachment:
    assert message.statement
    return Attachment(f"{message.statement.ref}.pdf", pdf_of(message.statement), "application/pdf")


ATTACHED[Message.Kind.STATEMENT] = _statement
