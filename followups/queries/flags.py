"""Whose debt somebody has flagged with a next action: a callback, a promise or a payment plan (K3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from clinicpay.clinics.models import Clinic
from followups.models import Instalment, Plan
from followups.next_action import NextAction, next_action
from followups.queries.queue import open_cases
from followups.states import InstalmentStatus, PlanStatus


@dataclass(frozen=True)
class Flagged:
    """The next action with an account's debt, if one was agreed or set; a plan is one for what is on it alone."""

    dated: NextAction | None = None
    plan: NextAction | None = None
    followed: bool = False

    def action(self, *, on_plan: bool) -> NextAction | None:
        """What comes next with a balance of the account."""
        return self.dated or (self.plan if on_plan else None)


NOT_FLAGGED = Flagged()


def flags_of(account_ids: Iterable[int], clinic: Clinic) -> dict[int, Flagged]:
    """What was flagged of these accounts, in one question; accounts without an open case are absent."""
    of_account: dict[str, Any] = {"plan__account": OuterRef("account"), "plan__status": PlanStatus.ACTIVE}
    due = Instalment.objects.filter(status=InstalmentStatus.SCHEDULED, **of_account).order_by("due_date")
    rows = open_cases(account_ids).annotate(
        instalment=Subquery(due.values("due_date")[:1]),
        on_plan=Exists(Plan.objects.filter(account=OuterRef("account"), status=PlanStatus.ACTIVE)),
    )
    return {row["account"]: _flagged(row, clinic) for row in rows}


def _flagged(row: dict[str, Any], clinic: Clinic) -> Flagged:
    agreed = row["callback"] or row["promised_for"]
    dated = next_action(row | {"broken": None}, None, clinic) if agreed else None
    return Flagged(dated, _plan(row["instalment"], clinic) if row["on_plan"] else None, followed=True)


def _plan(due: date | None, clinic: Clinic) -> NextAction:
    return next_action(None, due, clinic) if due else NextAction("on_plan", "On a payment plan")
