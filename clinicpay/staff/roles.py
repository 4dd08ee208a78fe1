"""Who may what: one table, read by views, services and navigation."""

from enum import Enum

from django.db.models import TextChoices


class Role(TextChoices):
    """A member's job in a clinic."""

    RECEPTION = "reception", "Reception"
    BILLING = "billing", "Billing"
    ADMIN = "admin", "Admin"
    OWNER = "owner", "Owner"
    PRACTITIONER = "practitioner", "Practitioner"


class Can(Enum):
    """An act or a view that a role may be allowed; the value completes "You can't …"."""

    ENTER = "open this clinic"
    SEE_MONEY = "see payments and balances"
    SEE_PATIENTS = "see patients"
    EDIT_PATIENTS = "add or change patients"
    CHECK_BENEFITS = "record what insurers say"
    SEE_TREATMENTS = "see treatments"
    SCHEDULE = "add treatments"
    PACKAGE = "agree on packages and staged treatments"
    SEE_CLINICAL = "read the clinical record"
    WRITE_CLINICAL = "write the clinical record"
    MARK_COMPLETE = "mark a treatment complete"
    TAKE_PAYMENT = "take payments"
    ALLOCATE = "allocate money"
    SEND_MAIL = "send receipts and payment links"
    ATTACH = "attach documents and notes"
    REVERSE_PAYMENT = "reverse a payment entered in error"
    REQUEST_REFUND = "ask for a refund"
    REFUND = "refund a payment"
    REFUND_ANY = "refund more than the clinic’s limit for billing"
    APPROVE_OWN = "approve what you asked for yourself"
    BILL = "bill treatments"
    CREDIT = "credit or void what was billed"
    HOLD = "hold money as a pre-payment"
    RELEASE = "release a pre-payment"
    OVERRIDE_HOLD = "use a pre-payment for something that it isn't held for"
    REQUEST_WRITE_OFF = "ask for a write-off"
    APPROVE_WRITE_OFF = "approve a write-off"
    DELEGATE = "let others approve write-offs"
    PLAN = "make or change a payment plan"
    FLAG_FOLLOW_UP = "flag an account for follow-up"
    FOLLOW_UP = "follow up debt"
    SEE_REVIEWS = "see how colleagues follow up debt"
    SEND_STATEMENT = "send statements"
    REVIEW_EVENT = "review treatments"
    REVIEW_DAY = "review a day"
    CLOSE_DAY = "close a day"
    REOPEN_DAY = "re-open a day"
    EXPORT_DAYS = "export closed days"
    RECONCILE_DEPOSITS = "reconcile deposits"
    BANK = "make bank slips"
    VOID_SLIP = "void a bank slip"
    AUTO_APPLY = "apply payments automatically"
    PROVE_LEDGER = "check the ledger"
    SEE_TRAIL = "see who did and saw what"
    MANAGE_SETTINGS = "change users and settings"
    MAKE_OWNERS = "make somebody an owner"


_R, _B, _A, _O, _P = Role.RECEPTION, Role.BILLING, Role.ADMIN, Role.OWNER, Role.PRACTITIONER
_MONEY = frozenset({_R, _B, _A, _O})

TABLE: dict[Can, frozenset[Role]] = {
    Can.ENTER: frozenset(Role),
    Can.SEE_MONEY: _MONEY,
    Can.SEE_PATIENTS: frozenset(Role),
    Can.EDIT_PATIENTS: _MONEY,
    Can.CHECK_BENEFITS: _MONEY,
    Can.SEE_TREATMENTS: frozenset(Role),
    Can.SCHEDULE: frozenset({_R, _P, _A, _O}),
    Can.PACKAGE: frozenset({_R, _A, _O}),
    Can.SEE_CLINICAL: frozenset({_R, _P}),
    Can.WRITE_CLINICAL: frozenset({_P}),
    Can.MARK_COMPLETE: frozenset({_R, _P}),
    Can.TAKE_PAYMENT: _MONEY,
    Can.ALLOCATE: _MONEY,
    Can.SEND_MAIL: _MONEY,
    Can.ATTACH: _MONEY,
    Can.REVERSE_PAYMENT: _MONEY,
    Can.REQUEST_REFUND: _MONEY,
    Can.REFUND: frozenset({_B, _A, _O}),
    Can.REFUND_ANY: frozenset({_A, _O}),
    Can.APPROVE_OWN: frozenset({_O}),
    Can.BILL: _MONEY,
    Can.CREDIT: frozenset({_B, _A, _O}),
    Can.HOLD: _MONEY,
    Can.RELEASE: frozenset({_B, _A, _O}),
    Can.OVERRIDE_HOLD: frozenset({_B, _A, _O}),
    Can.REQUEST_WRITE_OFF: frozenset({_B, _A, _O}),
    Can.APPROVE_WRITE_OFF: frozenset({_O}),
    Can.DELEGATE: frozenset({_O}),
    Can.PLAN: frozenset({_B, _A, _O}),
    Can.FLAG_FOLLOW_UP: _MONEY,
    Can.FOLLOW_UP: frozenset({_B, _A, _O}),
    Can.SEE_REVIEWS: frozenset({_A, _O}),
    Can.SEND_STATEMENT: frozenset({_B, _A, _O}),
    Can.REVIEW_EVENT: _MONEY,
    Can.REVIEW_DAY: frozenset({_B, _A, _O}),
    Can.CLOSE_DAY: frozenset({_A, _O}),
    Can.REOPEN_DAY: frozenset({_O}),
    Can.EXPORT_DAYS: frozenset({_A, _O}),
    Can.RECONCILE_DEPOSITS: frozenset({_B, _A, _O}),
    Can.BANK: frozenset({_B, _A, _O}),
    Can.VOID_SLIP: frozenset({_O}),
    Can.AUTO_APPLY: frozenset({_B, _A, _O}),
    Can.PROVE_LEDGER: frozenset({_A, _O}),
    Can.SEE_TRAIL: frozenset({_A, _O}),
    Can.MANAGE_SETTINGS: frozenset({_A, _O}),
    Can.MAKE_OWNERS: frozenset({_O}),
}


def may(role: str, can: Can) -> bool:
    """Whether a role is allowed an act."""
    return role in TABLE[can]


def who_may(can: Can) -> str:
    """The roles allowed an act, as words: "Reception, Billing, Admin or Owner"."""
    *most, last = [role.label for role in Role if role in TABLE[can]]
    return f"{', '.join(most)} or {last}" if most else str(last)
