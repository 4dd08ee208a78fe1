"""Rows of debt, of money in hand, and of the ledger that moves both."""

from balances.models.exceptions import BalanceException
from balances.models.ledger import (
    Charge,
    ClosedDay,
    Credit,
    Entry,
    HoldCriteria,
    Invoice,
    Posting,
    RequestKey,
    entry_shapes,
)
from balances.models.runs import AllocationRules, AutoApplyRun, Decision
from balances.models.waivers import Waiver

__all__ = [
    "AllocationRules",
    "AutoApplyRun",
    "BalanceException",
    "Charge",
    "ClosedDay",
    "Credit",
    "Decision",
    "Entry",
    "HoldCriteria",
    "Invoice",
    "Posting",
    "RequestKey",
    "Waiver",
    "entry_shapes",
]
