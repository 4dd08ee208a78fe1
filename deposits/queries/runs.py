"""What a run over a list of deposits came to."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet

from balances.models import AutoApplyRun, Decision
from deposits.models import Reconciliation


class Counts(NamedTuple):
    """Invoices that a run paid something of, and deposits that it took from."""

    invoices: int
    deposits: int


def counts_of(run: AutoApplyRun) -> Counts:
    """Of the decisions that applied something."""
    rows = Decision.objects.filter(run=run, charge__isnull=False)
    invoices = rows.values("charge__invoice").distinct().count()
    return Counts(invoices, rows.values("credit").distinct().count())


LISTS = {"": "Everything", "applied": "Applied", "left": "Not applied"}
"""What of a run's decisions is listed."""


def decisions_of(run: AutoApplyRun, kind: str = "") -> QuerySet[Decision]:
    """What a run decided: all of it, what it applied, or what it did not, each with its reason."""
    rows = Decision.objects.filter(run=run)
    return rows.filter(charge__isnull=kind == "left") if kind in ("applied", "left") else rows


def tabs_of(run: AutoApplyRun) -> list[dict[str, Any]]:
    """The three lists with how many lines each has."""
    left = Count("pk", filter=Q(charge=None))
    found = Decision.objects.filter(run=run).aggregate(all=Count("pk"), left=left)
    counts = {"": found["all"], "applied": found["all"] - found["left"], "left": found["left"]}
    return [{"key": key, "label": label, "count": counts[key]} for key, label in LISTS.items()]


def list_address(asked: Reconciliation) -> str:
    """The query under which the list that was applied is found again."""
    party = asked.party.ref if asked.party else ""
    given = {"location": asked.location_id, "method": asked.method, "kind": asked.kind, "party": party}
    return urlencode({name: value for name, value in given.items() if value} | {"retrieve": 1})
