"""Automatic runs at once: applying money in hand, a night's chunk of it, and undoing a run as a whole (A4)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from balances.ledger import Allocation, Applied, open_books
from balances.models import AutoApplyRun
from balances.queries import allocations, live_allocations
from balances.requests import Once
from balances.services.decisions import news, store_decisions
from balances.services.planning import accounts_with_money, applications, chunked, plan_accounts, rules_of, told
from balances.states import DATED, RunState, Source
from clinicpay.audit.services import record
from clinicpay.clinics.numbers import shown, take
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can

CHUNK = 500
"""Accounts that one automatic transaction locks at once."""


def run_auto_apply(*, by: Actor, source: Source = Source.AUTO, accounts: Sequence[int] | None = None) -> AutoApplyRun:
    """Apply money in hand to debt, account by account, and store every decision and skip.

    It runs over all accounts with money in hand, or over the given ones.
    """
    require(by, Can.AUTO_APPLY)
    wanted = accounts_with_money() if accounts is None else sorted(accounts)
    run = new_run(source, accounts=len(wanted))
    for chunk in chunked(wanted, CHUNK):
        apply_to(run, chunk, by=by)
    record("run.applied", run, by=by, after={"amount": run.allocated})
    return finish_run(run)


def night_run(day: date) -> AutoApplyRun:
    """The run of a local date's night, of which there is one."""
    found = AutoApplyRun.objects.filter(source=Source.NIGHTLY, local_date=day).first()
    return found or new_run(Source.NIGHTLY, local_date=day)


def new_run(source: Source, **fields: Any) -> AutoApplyRun:
    """A run with the next number."""
    return AutoApplyRun.objects.create(number=take(AutoApplyRun.KIND)[0], source=source, **fields)


@transaction.atomic(savepoint=False)
def apply_to(run: AutoApplyRun, account_ids: Sequence[int], *, by: Actor) -> tuple[int, int]:
    """One chunk of a run: decide and apply for these accounts; how many decisions apply, and how many leave.

    A night tells of money that waits only when something about it has changed since it was told last.
    """
    with open_books(*account_ids, by=by, source=Source(run.source), run=run) as books:
        plans = plan_accounts(account_ids, rules_of(by.clinic))
        books.allocate_many(applications(plans, is_dated=run.source in DATED))
    decisions = told(plans)
    if run.source == Source.NIGHTLY:
        decisions = news(decisions)
    store_decisions(run, decisions)
    amounts = [one.amount for plan in plans for one in plan.decided]
    run.allocated += sum(amounts)
    run.done += len(account_ids)
    run.save(update_fields=["allocated", "done"])
    return len(amounts), len(decisions) - len(amounts)


def finish_run(run: AutoApplyRun) -> AutoApplyRun:
    """Say that a run is over."""
    run.finished_at = timezone.now()
    run.save(update_fields=["finished_at"])
    return run


@transaction.atomic
def undo_run(run: AutoApplyRun, *, by: Actor, reason: str, once: Once | None = None) -> int:
    """Undo everything that a run applied, exactly (I12); the number of applications undone.

    Raises Refusal, naming what is in the way, when any of them was undone since, as by a refund.
    """
    require(by, Can.AUTO_APPLY)
    touched = to_undo(run).values_list("credit__account", "charge__account")
    with open_books(*{account_id for pair in touched for account_id in pair}, by=by, once=once) as books:
        over = AutoApplyRun.objects.filter(
            pk=run.pk, state=RunState.APPLIED, finished_at__isnull=False, undoing_since=None
        )
        if not over.update(state=RunState.UNDONE, undone_at=timezone.now()):
            raise Refusal("This run was undone already, was never applied, or is still at work.")
        check_untouched(run)
        applied = applied_of(to_undo(run))
        books.unallocate_many(applied, reason=reason)
        books.answer = {"run": run.pk, "reversed": len(applied)}
    record("run.undone", run, by=by, after={"amount": run.allocated}, reason=reason)
    return len(applied)


_APPLIED = ("pk", "charge", "credit", "charge_delta", "charge__invoice__location", "credit__account", "charge__account")


def check_untouched(run: AutoApplyRun) -> None:
    """Raise Refusal when anything of what a run applied was undone since; one whose undoing has begun goes on."""
    undone = touched_of(run).select_related(None).values_list("credit__payment__number", flat=True)
    if gone := sorted(set(undone)):
        more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
        raise Refusal(
            f"What it applied of {', '.join(shown('PAY', number) for number in gone[:3])}{more} was undone or refunded "
            "since, so it can't be undone as a whole. Nothing was undone now; undo single applications instead, on the "
            "pages of their payments."
        )


def touched_of(run: AutoApplyRun) -> QuerySet[Allocation]:
    """What a run applied and somebody has undone since, newest first; none once its own undoing has begun."""
    rows = allocations(posting__run=run, reversed_by__isnull=False)
    return rows.none() if run.undone else rows


def to_undo(run: AutoApplyRun) -> QuerySet[Allocation]:
    """What a run applied and nothing has undone, newest first."""
    return live_allocations(posting__run=run).select_related(None)


def applied_of(rows: QuerySet[Allocation]) -> list[Applied]:
    """Applications as the ledger undoes them."""
    return [
        Applied(entry, charge, credit, -delta, location, tuple(accounts))
        for entry, charge, credit, delta, location, *accounts in rows.values_list(*_APPLIED)
    ]
