"""Reads of emails for screens."""

from typing import Any

from clinicpay.clinics.numbers import Numbered
from clinicpay.staff.queries import names_of
from payments.models import Message

NEWEST = 20
"""Messages of a panel."""


def messages_about(subject: Numbered) -> dict[str, Any]:
    """What was sent about one receipt, payment or statement, newest first, for templates/payments/messages.html."""
    sent: list[Any] = list(Message.objects.filter(**Message.naming(subject)).order_by("-pk")[:NEWEST])
    names = names_of(message.asked_by_id for message in sent)
    for message in sent:
        message.asked_by = names.get(message.asked_by_id, "")
    return {"messages_sent": sent, "messages_waiting": any(one.state == Message.State.QUEUED for one in sent)}
