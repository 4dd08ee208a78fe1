"""Acts on payments."""

from payments.services.desk import Order, Tender, record_payment, reverse_payment
from payments.services.refunds import (
    Effects,
    GoingBack,
    approve_refund,
    fail_refund,
    foresee,
    pay_refund,
    record_return,
    refund_payment,
    refundable,
    reject_refund,
    request_refund,
    reverse_refund,
)

__all__ = [
    "Effects",
    "GoingBack",
    "Order",
    "Tender",
    "approve_refund",
    "fail_refund",
    "foresee",
    "pay_refund",
    "record_payment",
    "record_return",
    "refund_payment",
    "refundable",
    "reject_refund",
    "request_refund",
    "reverse_payment",
    "reverse_refund",
]
