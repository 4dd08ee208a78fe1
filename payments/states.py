"""The nine statuses of a payment and the moves between them (S1.50–S1.59)."""

from django.db.models import TextChoices


class PaymentStatus(TextChoices):
    """Where a request to collect stands; it is money only from Paid on."""

    DRAFT = "draft", "Draft"
    PENDING = "pending", "Pending"
    PROCESSING = "processing", "Processing"
    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    REFUNDED = "refunded", "Refunded"
    PARTIALLY_REFUNDED = "partially_refunded", "Partially Refunded"
    VOIDED = "voided", "Voided"


_S = PaymentStatus

MOVES: dict[str, frozenset[str]] = {
    _S.DRAFT: frozenset({_S.PENDING, _S.CANCELLED}),
    _S.PENDING: frozenset({_S.PROCESSING, _S.PAID, _S.FAILED, _S.CANCELLED}),
    _S.PROCESSING: frozenset({_S.PAID, _S.FAILED, _S.VOIDED}),
    _S.FAILED: frozenset({_S.PENDING, _S.CANCELLED}),
    _S.PAID: frozenset({_S.PARTIALLY_REFUNDED, _S.REFUNDED, _S.VOIDED}),
    _S.PARTIALLY_REFUNDED: frozenset({_S.REFUNDED, _S.PAID}),
    _S.REFUNDED: frozenset({_S.PARTIALLY_REFUNDED, _S.PAID}),
    _S.CANCELLED: frozenset(),
    _S.VOIDED: frozenset(),
}
"""Moves of the whole lifecycle; sql/0002_states.sql has the same table, and a test compares them."""

LOCKED = frozenset({_S.PAID, _S.PARTIALLY_REFUNDED, _S.REFUNDED, _S.VOIDED})
"""Statuses in which nothing about a payment can be edited (S1.59)."""

MONEY = frozenset({_S.PAID, _S.PARTIALLY_REFUNDED, _S.REFUNDED})
"""Statuses in which a payment has its money in the ledger."""


class Method(TextChoices):
    """The tender."""

    CASH = "cash", "Cash"
    CARD = "card", "Card"
    CHEQUE = "cheque", "Cheque"
    TRANSFER = "transfer", "Bank transfer"
    COPAY = "copay", "Copay"
    OTHER = "other", "Other"
    OPENING = "opening", "Opening credit"


TENDERS = [choice for choice in Method.choices if choice[0] != Method.OPENING]
"""What the desk takes; an opening credit was received before the practice moved to us."""


class PaymentType(TextChoices):
    """What a payment is for (S1.35)."""

    PRE_PAYMENT = "pre_payment", "Treatment Pre-Payment"
    OFFICE_VISIT = "office_visit", "Office Visit"
    PRIVATE_PAY = "private_pay", "Private Pay"


class RefundKind(TextChoices):
    """Money that we give back, or that others take back: a bounced cheque, a chargeback."""

    REFUND = "refund", "Refund"
    RETURN = "return", "Returned payment"


class RefundReason(TextChoices):
    """Why we give money back, in the words of S1.86."""

    PATIENT_REQUEST = "patient_request", "Patient request"
    BILLING_ERROR = "billing_error", "Billing error"
    NOT_RENDERED = "not_rendered", "Service not rendered"
    DUPLICATE = "duplicate", "Duplicate charge"
    INSURANCE = "insurance", "Insurance adjustment"
    OTHER = "other", "Other"


class ReturnReason(TextChoices):
    """How money was taken back by others."""

    BOUNCED = "bounced", "Bounced cheque"
    CHARGEBACK = "chargeback", "Chargeback"


REDUCES_CHARGE = frozenset({RefundReason.NOT_RENDERED, RefundReason.BILLING_ERROR, RefundReason.INSURANCE})
"""Reasons for which "also reduce the charge" is ticked to begin with (R3)."""


class RefundStatus(TextChoices):
    """How far a refund has come; a return has happened when we hear of it."""

    REQUESTED = "requested", "Requested"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"


REFUND_MOVES: dict[str, frozenset[str]] = {
    RefundStatus.REQUESTED: frozenset({RefundStatus.APPROVED, RefundStatus.REJECTED}),
    RefundStatus.APPROVED: frozenset({RefundStatus.SUCCEEDED, RefundStatus.FAILED}),
    RefundStatus.REJECTED: frozenset(),
    RefundStatus.SUCCEEDED: frozenset(),
    RefundStatus.FAILED: frozenset(),
}
"""The same table stands in sql/0005_refunds.sql; a test compares them. A reversal is an act of its own."""

REFUND_OPEN = frozenset({RefundStatus.REQUESTED, RefundStatus.APPROVED})
