"""Clinical states of a treatment event and the moves between them."""

from django.db.models import TextChoices


class EventState(TextChoices):
    """How far an appointment has come."""

    SCHEDULED = "scheduled", "Scheduled"
    IN_PROGRESS = "in_progress", "In progress"
    CLOSED = "closed", "Clinically closed"
    REVIEWED = "reviewed", "Reviewed"
    READY = "ready", "Ready for close"
    DAY_CLOSED = "day_closed", "Day closed"
    CANCELLED = "cancelled", "Cancelled"


MOVES: dict[str, frozenset[str]] = {
    EventState.SCHEDULED: frozenset({EventState.IN_PROGRESS, EventState.CLOSED, EventState.CANCELLED}),
    EventState.IN_PROGRESS: frozenset({EventState.CLOSED, EventState.CANCELLED}),
    EventState.CLOSED: frozenset({EventState.REVIEWED}),
    EventState.REVIEWED: frozenset({EventState.READY, EventState.CLOSED}),
    EventState.READY: frozenset({EventState.DAY_CLOSED, EventState.CLOSED}),
    EventState.DAY_CLOSED: frozenset({EventState.READY}),
    EventState.CANCELLED: frozenset(),
}
"""The same table stands in sql/0002_states.sql; a test compares them."""

COMPLETED = frozenset({EventState.CLOSED, EventState.REVIEWED, EventState.READY, EventState.DAY_CLOSED})
"""States in which the clinical record is marked complete."""

REVIEWED = frozenset({EventState.REVIEWED, EventState.READY})
"""States in which the record was looked over: to write in it again, it is re-opened."""


class Origin(TextChoices):
    """Where an event's price comes from."""

    STANDARD = "standard", "Standard"
    PACKAGE = "package", "Package"
    STAGED = "staged", "Staged"


AHEAD = (EventState.SCHEDULED, EventState.IN_PROGRESS)
"""States of a treatment in which what is planned for it may still become a charge."""
