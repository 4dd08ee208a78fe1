"""Kinds of charges, credits, business acts and ledger lines; where money may be applied from."""

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


class PostingKind(TextChoices):
    """One business act."""

    CHARGE = "charge", "Charges billed"
    RECEIVE = "receive", "Payment received"
    ALLOCATE = "allocate", "Payment applied"
    UNALLOCATE = "unallocate", "Allocation undone"
    REVERSE_PAYMENT = "reverse_payment", "Payment reversed (entry error)"


class EntryKind(TextChoices):
    """What one line of an act does."""

    CHARGE = "charge", "Charge billed"
    RECEIVE = "receive", "Money received"
    ALLOCATE = "allocate", "Applied"
    UNALLOCATE = "unallocate", "Application undone"
    UNRECEIVE = "unreceive", "Receipt of money reversed"


class Source(TextChoices):
    """What made an allocation."""

    MANUAL = "manual", "By hand"
    AUTO = "auto", "Auto-apply"
    NIGHTLY = "nightly", "Nightly run"
    DEPOSIT_RECON = "deposit_recon", "Deposits reconciliation"
    PLAN = "plan", "Payment plan"
    IMPORT = "import", "Import"
    DEMO = "demo", "Demo data"


DATED = frozenset({Source.IMPORT, Source.DEMO})
"""Sources whose postings may carry past business dates of their own."""


class Settlement(TextChoices):
    """What is derived about an event or invoice; never stored (B2, S0.5)."""

    PAID = "paid", "Paid"
    PARTIAL = "partial", "Partial"
    UNPAID = "unpaid", "Unpaid"
    NO_CHARGE = "no_charge", "No charge"


def settlement(charged: int, outstanding: int) -> Settlement:
    """Settlement of charges that sum to `charged`, of which `outstanding` is left (minor units)."""
    if charged == 0:
        return Settlement.NO_CHARGE
    if outstanding == 0:
        return Settlement.PAID
    return Settlement.UNPAID if outstanding == charged else Settlement.PARTIAL
