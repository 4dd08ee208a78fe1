"""The one signal of the project: sent inside the transaction that moved an account's money."""

from django.dispatch import Signal

account_changed = Signal()
"""Arguments: `account` (locked, with fresh totals) and `by`. Follow-ups close and re-open by it."""
