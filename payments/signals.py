"""What apps above are asked before something of a payment is undone."""

from django.db.models import Model
from django.dispatch import Signal

undo_asked = Signal()
"""Argument: `row`, a payment or a refund that somebody means to reverse. Who knows better answers with words."""


def told_against(row: Model) -> str:
    """Why a payment or a refund must not be reversed, as another app knows; "" when none objects."""
    return next((words for _, words in undo_asked.send(type(row), row=row) if words), "")
