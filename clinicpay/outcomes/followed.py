"""Where the follow-up of what a treatment owes stands, account by account."""

from typing import NamedTuple

from clinicpay.clinics.models import Clinic
from clinicpay.outcomes.queries import Touched
from clinicpay.patients.models import Account
from followups.models import Promise
from followups.next_action import NextAction
from followups.queries import NOT_FLAGGED, flags_of
from followups.states import PromiseStatus

MOST = 5
"""Promises that are named, the newest."""


class Followed(NamedTuple):
    """One account that owes something of the treatment; `is_open` is whether somebody follows it up already."""

    account: Account
    next: NextAction | None
    is_open: bool
    promises: list[Promise]


def followed(found: Touched, clinic: Clinic) -> list[Followed]:
    """Each account that owes something of it, with its next action and what was promised."""
    accounts = found.debtors
    flags = flags_of([account.pk for account in accounts], clinic)
    promises = Promise.objects.filter(case__account__in=accounts).exclude(status=PromiseStatus.CANCELLED)
    said = list(promises.select_related("case").order_by("-pk")[:MOST])
    on_plan = bool(found.balance and found.balance.planned >= found.balance.outstanding)
    rows = []
    for account in accounts:
        flagged = flags.get(account.pk, NOT_FLAGGED)
        theirs = [one for one in said if one.case.account_id == account.pk]
        rows.append(Followed(account, flagged.action(on_plan=on_plan), flagged.followed, theirs))
    return rows
