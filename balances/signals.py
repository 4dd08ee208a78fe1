"""The one signal of the project: sent inside the transaction that moved the money of accounts."""

from django.dispatch import Signal

account_changed = Signal()
"""Arguments: `accounts` (locked, with fresh totals) and `by`. Follow-ups close and re-open by it."""
