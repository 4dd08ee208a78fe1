"""Debt that is followed up: cases, plans, write-offs, statements. Amounts are minor units."""

from followups.models.cases import Attempt, CalendarFeed, Callback, Case, Promise, PromisePayment
from followups.models.plans import Instalment, Plan, PlanPart
from followups.models.statements import Statement, StatementFile, StatementLine, StatementRun
from followups.models.write_offs import WriteOff, WriteOffLine

__all__ = [
    "Attempt",
    "CalendarFeed",
    "Callback",
    "Case",
    "Instalment",
    "Plan",
    "PlanPart",
    "Promise",
    "PromisePayment",
    "Statement",
    "StatementFile",
    "StatementLine",
    "StatementRun",
    "WriteOff",
    "WriteOffLine",
]
