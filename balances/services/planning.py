"""What the automatic runs of a clinic follow, and what they would do now; nothing here moves money."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, NamedTuple

from django.db import transaction

from balances import auto_apply
from balances.ledger import Application
from balances.matchable import matchable
from balances.models import AllocationRules
from balances.queries import accounts_in_credit
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can

Plan = tuple[list[auto_apply.Decided], list[auto_apply.Skipped]]

Essence = tuple[int, int, int]
"""A decision without its words: credit, charge, amount."""


class Planned(NamedTuple):
    """What is decided about one account, and the rows about which it is, used up."""

    account_id: int
    decided: list[auto_apply.Decided]
    skipped: list[auto_apply.Skipped]
    sources: list[auto_apply.Source]
    targets: list[auto_apply.Target]


def rules_of(clinic: Clinic, chosen: AllocationRules | None = None) -> auto_apply.Rules:
    """What the clinic's automatic runs follow today; `chosen` are rules that are only considered."""
    chosen = chosen or AllocationRules.objects.first()
    custom = clinic.custom_1, clinic.custom_2
    if chosen is None:
        return auto_apply.Rules(custom=custom)
    return auto_apply.Rules(
        kinds=tuple(chosen.kinds),
        exact_first=chosen.exact_first,
        own_patient_first=chosen.own_patient_first,
        by_due_date=chosen.by_due_date,
        billed_by=clock.today(clinic) - timedelta(days=chosen.minimum_age) if chosen.minimum_age else None,
        excluded=frozenset(name.casefold() for name in chosen.excluded),
        custom=custom,
    )


def plan_accounts(account_ids: Sequence[int], rules: auto_apply.Rules | None = None) -> list[Planned]:
    """What the automatic run would do now for each of these accounts that has money in hand, in id order."""
    return [
        Planned(account_id, *auto_apply.decide(sources, targets, rules), sources, targets)
        for account_id, sources, targets in matchable(account_ids)
    ]


def told(plans: Iterable[Planned]) -> list[auto_apply.Decided | auto_apply.Skipped]:
    """What is decided about some accounts, account by account: what is applied, then what stays."""
    found: list[auto_apply.Decided | auto_apply.Skipped] = []
    for plan in plans:
        found += plan.decided
        found += plan.skipped
    return found


def plan_auto_apply(account_ids: Sequence[int], rules: auto_apply.Rules | None = None) -> Plan:
    """What the automatic run would do for these accounts now, and what it would leave, with reasons."""
    plans = plan_accounts(account_ids, rules)
    return [one for plan in plans for one in plan.decided], [one for plan in plans for one in plan.skipped]


@transaction.atomic
def change_rules(*, by: Actor, **values: Any) -> AllocationRules:
    """Change what the automatic runs follow; `values` are the fields of AllocationRules. Raises Refusal."""
    require(by, Can.MANAGE_SETTINGS)
    if not values["kinds"]:
        raise Refusal("Choose at least one kind of money; otherwise no run would ever apply anything.")
    rules = AllocationRules.objects.select_for_update().first() or AllocationRules()
    before = {name: getattr(rules, name) for name in values} if rules.pk else {}
    for name, value in values.items():
        setattr(rules, name, value)
    if rules.pk:
        rules.save(update_fields=list(values))
    else:
        rules.save()
    record("rules.changed", rules, by=by, before=before, after=values)
    return rules


@dataclass(frozen=True)
class Change:
    """What other rules would do to the money that waits today: `now` and `then` are minor units applied."""

    now: int
    then: int
    only_now: list[auto_apply.Decided]
    only_then: list[auto_apply.Decided]


def what_would_change(clinic: Clinic, values: Mapping[str, Any], *, most: int = 2000) -> Change:
    """Today's plan beside the one under other rules; for the first `most` accounts with money in hand."""
    accounts = accounts_with_money()[:most]
    now = plan_auto_apply(accounts, rules_of(clinic))[0]
    then = plan_auto_apply(accounts, rules_of(clinic, AllocationRules(**values)))[0]
    same = {essence(one) for one in now} & {essence(one) for one in then}
    return Change(
        sum(one.amount for one in now),
        sum(one.amount for one in then),
        [one for one in now if essence(one) not in same],
        [one for one in then if essence(one) not in same],
    )


def applications(plans: Iterable[Planned], *, is_dated: bool = False) -> Iterator[Application]:
    """What the plans decided, as the ledger takes it.

    Imported money that is dated pays when it can first have paid: once both were there. With today's date an import of
    settled years would show them all as owed until today.
    """
    for plan in plans:
        charges = {one.id: one for one in plan.targets}
        received = {one.id: one.received_on for one in plan.sources} if is_dated else {}
        for credit_id, charge_id, amount in map(essence, plan.decided):
            charge = charges[charge_id]
            day = max(received[credit_id], charge.service_date, charge.invoice_date) if is_dated else None
            yield Application(plan.account_id, credit_id, charge_id, amount, charge.location_id, day)


def essence(one: auto_apply.Decided) -> Essence:
    """A decision without its words."""
    return one.credit_id, one.charge_id, one.amount


def accounts_with_money() -> list[int]:
    """Accounts that have something in hand, in id order."""
    return list(accounts_in_credit())


def chunked(ids: Sequence[int], size: int) -> Iterator[list[int]]:
    """The ids in lists of at most `size`."""
    remaining = iter(ids)
    while chunk := list(islice(remaining, size)):
        yield chunk
