"""Sending email: what is asked for in the act's own transaction goes out after its commit.

An act calls `send_mail_of`; `clinicpay.tasks.send_message` then calls `take_message`, `composed`, `post` and
`settle_message`. The row is the truth: a task that is delivered twice finds the message taken or settled, one that
was lost with the broker is woken again by the next tick. What a kind of message brings along stands in ATTACHED.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import formataddr, parseaddr
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from balances.refusals import database_refusals
from balances.requests import Once, answer, claim
from clinicpay.audit.services import record
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import Numbered
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import current_clinic_id
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, ClinicPayItself
from clinicpay.staff.roles import Can
from payments.gateways import token_of
from payments.models import Message
from payments.services.receipts import receipt_document
from payments.services.waking import wake

A_DAY = 10
"""Messages of one kind about one thing in 24 hours, to whomever."""

PAUSES = [timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1)]
"""How long to wait after each attempt that failed; the one after the last is the last."""

IN_HAND = timedelta(minutes=10)
"""How long an attempt may take; after that whoever had it has died, and another may try."""

TOKEN = "{token}"  # noqa: S105 - a place to be filled in, no secret
"""What stands in the words of a kept message for the secret part of a payment link."""

NOWHERE = ("console", "dummy")
"""Backends of Django that send nothing; patients' mail has no place in a log either."""


@dataclass(frozen=True)
class Mail:
    """What to send to one address. The words of a `secret` one are kept only until it is sent."""

    kind: Message.Kind
    to: str
    subject: str
    body: str
    secret: bool = False


class Attachment(NamedTuple):
    """A file that goes along."""

    name: str
    content: bytes
    kind: str


class Fault(NamedTuple):
    """Why a message was not taken, in words for the desk; `is_final` if trying again is of no use."""

    words: str
    is_final: bool = False


@transaction.atomic
def send_mail_of(subject: Numbered, mail: Mail, *, by: Actor, once: Once | None = None) -> Message:
    """Put one message about `subject` on its way; it is sent after the commit, at most once for a form's key.

    Raises Refusal while the same is on its way to the same address, or after A_DAY of them; Repeated
    (with {"message": id}) when the form arrives again.
    """
    require(by, Can.SEND_MAIL)
    if once:
        claim(once, user_id=by.user_id)
    about: dict[str, Any] = dict(Message.naming(subject))
    words = {"to": mail.to, "subject": mail.subject, "body": mail.body, "secret": mail.secret}
    message = Message(kind=mail.kind, asked_by_id=by.user_id, **words, **about)
    yesterday = timezone.now() - timedelta(days=1)
    if Message.objects.filter(kind=mail.kind, asked_at__gt=yesterday, **about).count() >= A_DAY:
        raise Refusal(f"{subject} was sent {A_DAY} times in a day. Wait until tomorrow, or print it.")
    with database_refusals(), transaction.atomic():
        message.save(force_insert=True)
    record("message.queued", subject, by=by, after={"message": mail.kind, "email": mail.to})
    if once:
        answer(once, {"message": message.pk})
    wake("send_message", current_clinic_id(), message.pk)
    return message


def waiting_messages() -> list[int]:
    """Ids of what should have been sent by now: its task was lost, or it is time to try again."""
    queued = Message.objects.filter(state=Message.State.QUEUED, next_at__lte=timezone.now())
    return list(queued.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def take_message(message_id: int) -> bool:
    """Take a message in hand for one attempt; False if it is settled, in somebody's hand, or not due again yet."""
    now = timezone.now()
    due = Message.objects.filter(pk=message_id, state=Message.State.QUEUED, next_at__lte=now)
    if not due.update(attempts=F("attempts") + 1, next_at=now + IN_HAND):
        return False
    if Message.objects.get(pk=message_id).attempts > len(PAUSES) + 1:
        settle_message(message_id, Fault("ClinicPay could not make or send it.", is_final=True))
        return False
    return True


def composed(message_id: int) -> EmailMessage:
    """A message with its attachment, from the clinic, under an id that stays the same however often it is tried."""
    beside = ("clinic", "receipt__account", "receipt__location", "payment", "statement__link")
    message = Message.objects.select_related(*beside).get(pk=message_id)
    name, address = message.clinic.name, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    body = _with_token(message) if TOKEN in message.body else message.body
    letter = EmailMessage(message.subject, body, formataddr((name, address)), [message.to])
    letter.extra_headers = {
        "Message-ID": f"<clinicpay-{message.clinic_id}-{message.pk}@{address.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",
    }
    if message.kind in ATTACHED:
        letter.attach(*ATTACHED[message.kind](message, message.clinic))
    return letter


def post(letter: EmailMessage) -> Fault | None:
    """Hand a letter to the mail server; a Fault if it did not take it."""
    if settings.EMAIL_BACKEND.split(".")[-2] in NOWHERE:
        return Fault("No mail server is set up for ClinicPay (EMAIL_URL).", is_final=True)
    try:
        letter.send()
    except SMTPRecipientsRefused as refused:
        is_final = all(code >= 500 for code, _ in refused.recipients.values())
        words = "refused this address" if is_final else "does not take this address at the moment"
        return Fault(f"The mail server {words}.", is_final)
    except (SMTPException, OSError):
        return Fault("The mail server did not answer, or did not take it.")
    return None


@transaction.atomic
def settle_message(message_id: int, fault: Fault | None) -> None:
    """Keep how an attempt ended: sent, to be tried again later, or given up. A settled message stays as it is."""
    message = Message.objects.select_for_update(no_key=True).get(pk=message_id)
    if message.state != Message.State.QUEUED:
        return
    message.fault = fault.words if fault else ""
    if fault and not fault.is_final and message.attempts <= len(PAUSES):
        message.next_at = timezone.now() + PAUSES[message.attempts - 1]
        message.save(update_fields=["fault", "next_at"])
        return
    message.state = Message.State.FAILED if fault else Message.State.SENT
    message.settled_at = timezone.now()
    if message.secret:
        message.body = ""
    message.save(update_fields=["fault", "state", "settled_at", "body"])
    kept = {"message": message.kind, "email": message.to}
    by = ClinicPayItself(message.clinic, "ClinicPay")
    if fault:
        record("message.failed", message.about, by=by, after=kept, reason=fault.words)
    else:
        record("message.sent", message.about, by=by, after=kept)


def _receipt(message: Message, clinic: Clinic) -> Attachment:
    assert message.receipt
    return Attachment(f"{message.receipt.ref}.pdf", receipt_document(message.receipt, clinic), "application/pdf")


def _with_token(message: Message) -> str:
    """The link's token is derived when the message is sent: no row ever holds it."""
    link = message.statement.link if message.statement else message.payment.links.get(revoked_at=None)
    return message.body.replace(TOKEN, token_of(link.nonce))


ATTACHED: dict[str, Callable[[Message, Clinic], Attachment]] = {Message.Kind.RECEIPT: _receipt}
"""What goes along with a kind of message; it is made by the worker, when the message is sent."""
