"""Where one version of a day's close stands, and the moves between; what a review says of a treatment."""

from django.db.models import TextChoices


class CloseState(TextChoices):
    """A day without a row is open, too."""

    OPEN = "open", "Open"
    REVIEWING = "reviewing", "Reviewing"
    CLOSED = "closed", "Closed"
    REOPENED = "reopened", "Re-opened"


MOVES: dict[str, frozenset[str]] = {
    CloseState.OPEN: frozenset({CloseState.REVIEWING}),
    CloseState.REVIEWING: frozenset({CloseState.CLOSED}),
    CloseState.CLOSED: frozenset({CloseState.REOPENED}),
    CloseState.REOPENED: frozenset(),
}
"""The same table stands in sql/0002_days.sql; a test compares them. Re-opening begins the next version, in review."""


class Outcome(TextChoices):
    """What reception says of a closed treatment before the patient leaves: exactly one of these (S0.30)."""

    PAID = "paid", "Fully paid"
    OUTSTANDING = "outstanding", "Outstanding balance"
    FOLLOW_UP = "follow_up", "Requires follow-up"
