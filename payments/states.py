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

BEGINS = frozenset({_S.DRAFT, _S.PENDING})
"""Statuses in which a request to collect begins; the desk's own money begins as Paid."""

EDITABLE = frozenset({_S.DRAFT, _S.PENDING, _S.FAILED})
"""Statuses in which what is asked can be changed: not while the money is under way, nor once it is over."""

FINAL = frozenset({_S.CANCELLED, _S.VOIDED})
"""Statuses that end a request for good."""

MONEY = frozenset({_S.PAID, _S.PARTIALLY_REFUNDED, _S.REFUNDED})
"""Statuses in which a payment has its money in the ledger."""

_ACTS = frozenset({_S.PARTIALLY_REFUNDED, _S.REFUNDED})

BY_HAND: dict[str, frozenset[str]] = {
    status: frozenset() if status in LOCKED else moves - _ACTS for status, moves in MOVES.items()
}
"""What the dropdown offers (S1.61): refunds, returns and the reversal of an entry error are acts of their own (C3)."""


OVERDUE = (_S.DRAFT, _S.PENDING, _S.PROCESSING, _S.FAILED)
"""Statuses in which a payment is still expected, and is overdue once it was due before today (G4, S1.96);
sql/0011_tallies.sql has them, too."""

MEANS: dict[str, str] = {
    _S.DRAFT: "Created, not yet submitted",
    _S.PENDING: "Awaiting payment",
    _S.PROCESSING: "Being processed",
    _S.PAID: "Completed successfully",
    _S.FAILED: "Processing failed",
    _S.CANCELLED: "Cancelled, nothing is asked for any more",
    _S.REFUNDED: "The full payment was refunded",
    _S.PARTIALLY_REFUNDED: "A portion was refunded",
    _S.VOIDED: "Payment authorization was voided",
}
"""What each status says (S1.50–S1.58)."""


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
    RECALLED = "recalled", "Bank transfer taken back"


_RETURNS: dict[str, tuple[ReturnReason, ...]] = {
    Method.CASH: (),
    Method.CARD: (ReturnReason.CHARGEBACK,),
    Method.CHEQUE: (ReturnReason.BOUNCED,),
    Method.TRANSFER: (ReturnReason.RECALLED,),
}


def returns_of(method: str) -> tuple[ReturnReason, ...]:
    """How others can take back what came by a tender: not at all in cash, any way where it doesn't say how it came."""
    return _RETURNS.get(method, tuple(ReturnReason))


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


class GatewayName(TextChoices):
    """Who takes cards for a clinic; `none` means that it makes no payment links."""

    NONE = "none", "None"
    SIMULATOR = "simulator", "Simulator"
    STRIPE = "stripe", "Stripe"


class CheckoutState(TextChoices):
    """One visit of a payer to the gateway's page, as far as the gateway has told us."""

    ASKED = "asked", "Being opened"
    OPEN = "open", "Open"
    PROCESSING = "processing", "Processing"
    PAID = "paid", "Paid"
    OVER = "over", "Over"


CHECKOUT_LIVE = frozenset({CheckoutState.ASKED, CheckoutState.OPEN, CheckoutState.PROCESSING})
"""A payment has at most one checkout in these; money may still come of it."""


class MovementState(TextChoices):
    """Money that goes back by the gateway, or is disputed there."""

    ASKED = "asked", "Not sent yet"
    PENDING = "pending", "On its way"
    SUCCEEDED = "succeeded", "Gone"
    FAILED = "failed", "Failed"
    WON = "won", "Came back"


class Heard(TextChoices):
    """What became of an event that a gateway sent."""

    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    UNKNOWN = "unknown", "Not for us"


class GatewayTaskKind(TextChoices):
    """What a gateway did that a person has to look at."""

    LATE = "late", "Late capture"
    CHARGEBACK = "chargeback", "Chargeback"
    FOREIGN = "foreign", "Card charged in another currency"
    MOVED = "moved", "Money back in another currency"


class GatewayTaskState(TextChoices):
    """What somebody has decided."""

    OPEN = "open", "Open"
    KEPT = "kept", "Kept"
    REFUNDED = "refunded", "Refunded"
    SEEN = "seen", "Seen"
    BOOKED = "booked", "Booked"


class Paper(TextChoices):
    """What an attached file is, as who attaches it says; nobody else could tell a cheque from a letter."""

    SLIP = "slip", "Card slip or receipt"
    CHEQUE = "cheque", "Cheque"
    EOB = "eob", "Explanation of benefits (EOB)"
    AGREEMENT = "agreement", "Signed agreement"
    OTHER = "other", "Other"
