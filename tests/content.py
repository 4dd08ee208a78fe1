"""What a clinic's money is, in words that don't depend on when, in which order or under which ids it was written."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from balances.models import AutoApplyRun, Charge, Credit, Decision, Entry
from clinicpay.clinics.models import JobRun
from clinicpay.patients.models import Account
from followups.models import Case, Instalment, Promise

CHARGE = ("charge__account__number", "charge__invoice__number", "charge__kind", "charge__line", "charge__amount")
CREDIT = ("credit__account__number", "credit__payment__number", "credit__kind", "credit__amount")

Content = dict[str, list[Any]]


def totals() -> Content:
    """Every balance of the clinic in scope, in minor units: accounts, charges, credits."""
    own = [name.removeprefix("charge__") for name in CHARGE]
    parts = ("outstanding", "credited", "written_off", "moved", "voided")
    return _sorted(
        accounts=Account.objects.values_list("number", "owes", "planned", "unapplied", "deposits", "held"),
        charges=Charge.objects.values_list(*own, *parts),
        credits=Credit.objects.values_list(*(name.removeprefix("credit__") for name in CREDIT), "available"),
    )


def content() -> Content:
    """The balances, every entry that made them, and what a night has written about them."""
    return totals() | _sorted(
        entries=Entry.objects.values_list("kind", "charge_delta", "credit_delta", *CHARGE, *CREDIT),
        instalments=Instalment.objects.values_list("plan__number", "position", "status", "amount"),
        cases=Case.objects.values_list("account__number", "state", "outcome"),
        promises=Promise.objects.values_list("case__account__number", "amount", "status"),
        runs=AutoApplyRun.objects.values_list("local_date", "source", "state", "allocated", "done"),
        decisions=Decision.objects.values_list("reason", "amount", *CHARGE, *CREDIT),
        nights=JobRun.objects.values_list("local_date", "job", "state", "done", "skipped"),
    )


def fingerprint(found: Content) -> str:
    """The same for the same content only."""
    return hashlib.sha256(json.dumps(found, default=str).encode()).hexdigest()


def differing(one: Content, other: Content) -> dict[str, int]:
    """How many rows of each kind are in one of the two only."""
    parts = ((name, set(map(_line, one[name])), set(map(_line, other[name]))) for name in one)
    found = {name: len(left ^ right) or abs(len(one[name]) - len(other[name])) for name, left, right in parts}
    return {name: rows for name, rows in found.items() if rows}


def _sorted(**parts: Iterable[Any]) -> Content:
    return {name: sorted((list(row) for row in rows), key=_line) for name, rows in parts.items()}


def _line(row: Any) -> str:
    return json.dumps(row, default=str)
