"""Where plans, instalments and write-offs stand, and the moves between."""

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


class WriteOffStatus(TextChoices):
    """Nothing is written off before its approval."""

    REQUESTED = "requested", "Requested"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    REVERSED = "reversed", "Reversed"


WRITE_OFF_MOVES: dict[str, frozenset[str]] = {
    WriteOffStatus.REQUESTED: frozenset({WriteOffStatus.APPROVED, WriteOffStatus.REJECTED}),
    WriteOffStatus.APPROVED: frozenset({WriteOffStatus.REVERSED}),
    WriteOffStatus.REJECTED: frozenset(),
    WriteOffStatus.REVERSED: frozenset(),
}
