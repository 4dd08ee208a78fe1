"""Kinds of charges, credits, business acts and ledger lines; where money may be applied from."""

from typing import NamedTuple

from django.db.models import TextChoices


class ChargeKind(TextChoices):
    """What a charge prices."""

    PROCEDURE = "procedure", "Procedure"
    OFFICE = "office", "Office charge"
    INSTALMENT = "instalment", "Instalment"
    PRINCIPAL = "principal", "Unbilled plan principal"


class CreditKind(TextChoices):
    """How free the money in hand is."""

    UNAPPLIED = "unapplied", "Unapplied"
    DEPOSIT = "deposit", "Deposit"
    PRE_PAYMENT = "pre_payment", "Pre-payment"
    REFUND_PENDING = "refund_pending", "Refund pending"


class MatchState(TextChoices):
    """What there is now of what a pre-payment is held for."""

    NOW = "now", "Matching, not applied"
    LATER = "later", "A planned treatment matches"
    NONE = "none", "Nothing matches yet"


class BalanceOrigin(TextChoices):
    """Where a treatment's balance comes from, beside what was done (S0.14–S0.19)."""

    PACKAGE = "package", "Package"
    STAGED = "staged", "Staged treatment"
    PART_PAYMENT = "part_payment", "Part payment"
    DEPOSIT = "deposit", "Deposit"
    FINANCE = "finance", "Finance arrangement"
    EXCEPTION = "exception", "Admin exception"


class PostingKind(TextChoices):
    """One business act."""

    CHARGE = "charge", "Charges billed"
    CREDIT_NOTE = "credit_note", "Credit note"
    REVERSE_CREDIT_NOTE = "reverse_credit_note", "Credit note reversed"
    RECEIVE = "receive", "Payment received"
    REVERSE_PAYMENT = "reverse_payment", "Payment reversed (entry error)"
    HOLD = "hold", "Held as a pre-payment"
    RELEASE = "release", "Pre-payment released"
    ALLOCATE = "allocate", "Payment applied"
    UNALLOCATE = "unallocate", "Allocation undone"
    RESERVE = "reserve", "Reserved for a refund"
    UNRESERVE = "unreserve", "Reserve for a refund given up"
    REFUND = "refund", "Refunded"
    REVERSE_REFUND = "reverse_refund", "Refund reversed"
    RETURN = "return", "Taken back (bounced or charged back)"
    REVERSE_RETURN = "reverse_return", "Money taken back came again"
    WRITE_OFF = "write_off", "Written off"
    REVERSE_WRITE_OFF = "reverse_write_off", "Write-off reversed"
    RECOVER = "recover", "Recovered after a write-off"
    CONVERT = "convert", "Moved to a payment plan"
    INSTALMENT = "instalment", "Instalment billed"
    CANCEL_PLAN = "cancel_plan", "Payment plan cancelled"


class EntryKind(TextChoices):
    """What one line of an act does. A move goes out of one charge or credit and into another."""

    CHARGE = "charge", "Charge billed"
    CREDIT_NOTE = "credit_note", "Credited"
    UNCREDIT = "uncredit", "Credit note reversed"
    RECEIVE = "receive", "Money received"
    UNRECEIVE = "unreceive", "Receipt of money reversed"
    ALLOCATE = "allocate", "Applied"
    UNALLOCATE = "unallocate", "Application undone"
    REFUND = "refund", "Refunded"
    UNREFUND = "unrefund", "Refund reversed"
    RETURN = "return", "Taken back"
    UNRETURN = "unreturn", "Came again"
    WRITE_OFF = "write_off", "Written off"
    UNWRITE_OFF = "unwrite_off", "Write-off reversed"
    RECOVER = "recover", "Recovered"
    MOVE_OUT = "move_out", "Moved out"
    MOVE_IN = "move_in", "Moved in"
    MOVE_BACK = "move_back", "Moved back"


class Shape(NamedTuple):
    """The signs of an entry's two amounts, and whether it reverses another (None: it may)."""

    charge: int
    credit: int
    reverses: bool | None = False


_E = EntryKind

SHAPES: dict[str, tuple[Shape, ...]] = {
    _E.CHARGE: (Shape(1, 0),),
    _E.CREDIT_NOTE: (Shape(-1, 0),),
    _E.UNCREDIT: (Shape(1, 0, True),),
    _E.RECEIVE: (Shape(0, 1),),
    _E.UNRECEIVE: (Shape(0, -1, True),),
    _E.ALLOCATE: (Shape(-1, -1),),
    _E.UNALLOCATE: (Shape(1, 1, True),),
    _E.REFUND: (Shape(0, -1),),
    _E.UNREFUND: (Shape(0, 1, True),),
    _E.RETURN: (Shape(0, -1),),
    _E.UNRETURN: (Shape(0, 1, True),),
    _E.WRITE_OFF: (Shape(-1, 0),),
    _E.UNWRITE_OFF: (Shape(1, 0, True),),
    _E.RECOVER: (Shape(1, 0),),
    _E.MOVE_OUT: (Shape(-1, 0, None), Shape(0, -1, None)),
    _E.MOVE_IN: (Shape(1, 0), Shape(0, 1)),
    _E.MOVE_BACK: (Shape(1, 0, None), Shape(0, 1, None)),
}
"""What each kind of line looks like; the database has it as balances_entry_shape."""

OPENS_CHARGE = (_E.CHARGE, _E.MOVE_IN)
OPENS_CREDIT = (_E.RECEIVE, _E.MOVE_IN)

UNDOES: dict[str, str] = {
    _E.UNCREDIT: _E.CREDIT_NOTE,
    _E.UNRECEIVE: _E.RECEIVE,
    _E.UNALLOCATE: _E.ALLOCATE,
    _E.UNREFUND: _E.REFUND,
    _E.UNRETURN: _E.RETURN,
    _E.UNWRITE_OFF: _E.WRITE_OFF,
    _E.MOVE_OUT: _E.MOVE_IN,
    _E.MOVE_BACK: _E.MOVE_OUT,
}
"""What a line of each kind reverses, when it reverses one."""


class Source(TextChoices):
    """What made an allocation."""

    MANUAL = "manual", "By hand"
    AUTO = "auto", "Auto-apply"
    NIGHTLY = "nightly", "Nightly run"
    DEPOSIT_RECON = "deposit_recon", "Deposits reconciliation"
    PLAN = "plan", "Payment plan"
    IMPORT = "import", "Import"
    DEMO = "demo", "Demo data"


class RunState(TextChoices):
    """Whether an automatic run has moved money."""

    PREVIEW = "preview", "Preview"
    APPLIED = "applied", "Applied"
    UNDONE = "undone", "Undone"


DATED = frozenset({Source.IMPORT, Source.DEMO})
"""Sources whose postings may carry past business dates of their own."""


class Settlement(TextChoices):
    """What is derived about an event or invoice; never stored (B2, S0.5)."""

    PAID = "paid", "Paid"
    PARTIAL = "partial", "Partial"
    UNPAID = "unpaid", "Unpaid"
    NO_CHARGE = "no_charge", "No charge"


def settlement(charged: int, outstanding: int, applied: int) -> Settlement:
    """Settlement of charges that sum to `charged`, of which `applied` is paid and `outstanding` left (minor units).

    What was written off or is on a plan is neither: it makes nothing paid (B2).
    """
    if charged == 0:
        return Settlement.NO_CHARGE
    if applied == 0:
        return Settlement.UNPAID
    return Settlement.PAID if outstanding == 0 and applied == charged else Settlement.PARTIAL


def age_bucket(days: int) -> str:
    """The ageing bucket of an invoice that is so many days old (G1)."""
    return next((f"{first}–{last}" for first, last in ((0, 30), (31, 60), (61, 90)) if days <= last), "90+")
