"""What becomes of a bank slip, and which money goes to the bank."""

from django.db.models import TextChoices

from payments.states import Method


class SlipState(TextChoices):
    """How far a bank slip has come."""

    DRAFT = "draft", "Draft"
    PRINTED = "printed", "Printed"
    VOIDED = "voided", "Voided"
    DISCARDED = "discarded", "Discarded"


SLIP_MOVES: dict[str, frozenset[str]] = {
    SlipState.DRAFT: frozenset({SlipState.PRINTED, SlipState.DISCARDED}),
    SlipState.PRINTED: frozenset({SlipState.VOIDED}),
    SlipState.VOIDED: frozenset(),
    SlipState.DISCARDED: frozenset(),
}
"""Moves of a slip; sql/0004_slips.sql has the same table, and a test compares them."""

NUMBERED = (SlipState.PRINTED, SlipState.VOIDED)
"""Slips that were printed: they have a number for good."""

BANKED = (Method.CASH, Method.CHEQUE)
"""Tenders that somebody carries to the bank."""
