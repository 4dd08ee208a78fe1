"""Where plans, instalments, write-offs, cases and promises stand, and the moves between."""

from django.db.models import TextChoices


class PlanStatus(TextChoices):
    """A plan moves debt once it is active."""

    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"
    DEFAULTED = "defaulted", "Defaulted"


PLAN_MOVES: dict[str, frozenset[str]] = {
    PlanStatus.DRAFT: frozenset({PlanStatus.ACTIVE, PlanStatus.CANCELLED}),
    PlanStatus.ACTIVE: frozenset({PlanStatus.COMPLETED, PlanStatus.CANCELLED, PlanStatus.DEFAULTED}),
    PlanStatus.COMPLETED: frozenset({PlanStatus.ACTIVE}),
    PlanStatus.CANCELLED: frozenset(),
    PlanStatus.DEFAULTED: frozenset(),
}
"""These tables stand in sql/0002_states.sql too; a test compares them. Debt that comes back re-opens a plan."""


class InstalmentStatus(TextChoices):
    """Once invoiced, paid or overdue is derived from its invoice."""

    SCHEDULED = "scheduled", "Scheduled"
    INVOICED = "invoiced", "Invoiced"
    CANCELLED = "cancelled", "Cancelled"


INSTALMENT_MOVES: dict[str, frozenset[str]] = {
    InstalmentStatus.SCHEDULED: frozenset({InstalmentStatus.INVOICED, InstalmentStatus.CANCELLED}),
    InstalmentStatus.INVOICED: frozenset(),
    InstalmentStatus.CANCELLED: frozenset(),
}


class Frequency(TextChoices):
    """How often an instalment falls due."""

    WEEKLY = "weekly", "Weekly"
    MONTHLY = "monthly", "Monthly"


class WriteOffCause(TextChoices):
    """Why debt is given up, as an auditor adds it up; the words beside it say more."""

    NOT_FOUND = "not_found", "Can’t be found"
    CANNOT_PAY = "cannot_pay", "Can’t pay"
    BANKRUPT = "bankrupt", "Bankruptcy"
    DECEASED = "deceased", "Deceased"
    SMALL = "small", "Too small to collect"
    DISPUTED = "disputed", "Disputed"
    GOODWILL = "goodwill", "Goodwill"
    OTHER = "other", "Other"


class WriteOffStatus(TextChoices):
    """Nothing is written off before its approval."""

    REQUESTED = "requested", "Requested"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Declined"
    REVERSED = "reversed", "Reversed"


WRITE_OFF_MOVES: dict[str, frozenset[str]] = {
    WriteOffStatus.REQUESTED: frozenset({WriteOffStatus.APPROVED, WriteOffStatus.REJECTED}),
    WriteOffStatus.APPROVED: frozenset({WriteOffStatus.REVERSED}),
    WriteOffStatus.REJECTED: frozenset(),
    WriteOffStatus.REVERSED: frozenset(),
}


class CaseState(TextChoices):
    """What the work on an account's debt waits for; every state but the last is an open case."""

    CONTACT_DUE = "contact_due", "Contact due"
    CALLBACK_SET = "callback_set", "Callback set"
    PROMISED = "promised", "Promised"
    PROMISE_BROKEN = "promise_broken", "Promise broken"
    DISPUTED = "disputed", "Disputed"
    REFUSED = "refused", "Refused"
    WRITE_OFF_REQUESTED = "write_off_requested", "Write-off requested"
    ON_PLAN = "on_plan", "On plan"
    CLOSED = "closed", "Closed"


CASE_OPEN = frozenset(CaseState) - {CaseState.CLOSED}

_REOPENED = frozenset({CaseState.CONTACT_DUE, CaseState.ON_PLAN})

CASE_MOVES: dict[str, frozenset[str]] = {
    state: frozenset(CaseState) - {state} if state in CASE_OPEN else _REOPENED for state in CaseState
}
"""This table stands in sql/0008_calendar.sql too, that of promises in sql/0004_cases.sql; a test compares them.
A case is re-opened, never renewed."""


class CaseOutcome(TextChoices):
    """How a case ended."""

    RECOVERED = "recovered", "Recovered"
    WRITTEN_OFF = "written_off", "Written off"
    PLAN_COMPLETED = "plan_completed", "Plan completed"
    IN_ERROR = "in_error", "Opened in error"


class PromiseStatus(TextChoices):
    """What became of a promise to pay (F4)."""

    OPEN = "open", "Open"
    KEPT = "kept", "Kept"
    PARTLY_KEPT = "partly_kept", "Partly kept"
    BROKEN = "broken", "Broken"
    CANCELLED = "cancelled", "Cancelled"


PROMISE_MOVES: dict[str, frozenset[str]] = {
    status: frozenset(PromiseStatus) - {PromiseStatus.OPEN} if status == PromiseStatus.OPEN else frozenset()
    for status in PromiseStatus
}


class Channel(TextChoices):
    """How somebody was contacted (S2.26)."""

    PHONE = "phone", "Phone"
    EMAIL = "email", "Email"
    SMS = "sms", "SMS"
    IN_PERSON = "in_person", "In person"


class AttemptOutcome(TextChoices):
    """What came of it (S2.27–S2.31, S2.55)."""

    NO_ANSWER = "no_answer", "No answer"
    PROMISED = "promised_payment", "Promised payment"
    DISPUTE = "dispute", "Dispute"
    HUNG_UP = "hung_up", "Hung up"
    REFUSED = "refused", "Refused"
    NO_PAYMENT = "no_payment", "No payment despite promise"


class CallbackState(TextChoices):
    """What became of a callback; it closes with its case (F1)."""

    PLANNED = "planned", "Planned"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


CALLBACK_MOVES: dict[str, frozenset[str]] = {
    CallbackState.PLANNED: frozenset({CallbackState.DONE, CallbackState.CANCELLED}),
    CallbackState.DONE: frozenset(),
    CallbackState.CANCELLED: frozenset(),
}
"""This table stands in sql/0006_work.sql too; a test compares them."""
