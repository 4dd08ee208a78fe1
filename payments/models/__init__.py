"""Rows of payments."""

from payments.models.context import PaymentContext
from payments.models.files import Document, DocumentContent, Note
from payments.models.gateway import GatewayEvent, GatewayRefund, GatewayTask, SimulatedCheckout
from payments.models.links import Checkout, GatewaySettings, PaymentLink
from payments.models.mail import Message
from payments.models.payments import Payment, Receipt
from payments.models.refunds import Refund, RefundLine
from payments.models.tallies import Tally

__all__ = [
    "Checkout",
    "Document",
    "DocumentContent",
    "GatewayEvent",
    "GatewayRefund",
    "GatewaySettings",
    "GatewayTask",
    "Message",
    "Note",
    "Payment",
    "PaymentContext",
    "PaymentLink",
    "Receipt",
    "Refund",
    "RefundLine",
    "SimulatedCheckout",
    "Tally",
]
