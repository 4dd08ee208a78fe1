"""Previews, and applying them exactly. A short one is done while its page waits; a long one by a worker.

A chunk commits its work and the run's cursor together, as a night's does: a worker that dies loses nothing.
"""

from collections import defaultdict

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from balances.ledger import open_books
from balances.models import AutoApplyRun
from balances.queries import accounts_in_credit
from balances.requests import Once
from balances.services.decisions import store_decisions
from balances.services.planning import Essence, applications, essence, plan_accounts, rules_of, told
from balances.services.runs import CHUNK, finish_run, new_run
from balances.services.undoing import stop_undoing, undo_chunk
from balances.states import RunState, Source
from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import current_clinic_id
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, Membership
from clinicpay.staff.roles import Can
from clinicpay.waking import wake

LONG = 1_000
"""A run over more accounts than this is a worker's."""

LINES = 2_000
"""Decisions of a preview that one transaction applies, and what is left of the last one's account."""


@transaction.atomic
def preview_run(*, by: Actor) -> AutoApplyRun:
    """Decide for all accounts with money in hand, and move nothing."""
    require(by, Can.AUTO_APPLY)
    asked_by = by if isinstance(by, Membership) else None
    run = new_run(Source.AUTO, state=RunState.PREVIEW, accounts=accounts_in_credit().count(), asked_by=asked_by)
    record("run.previewed", run, by=by, after={"accounts": run.accounts})
    return _begin(run, by)


@transaction.atomic
def apply_preview(run: AutoApplyRun, *, by: Actor, once: Once | None = None) -> AutoApplyRun:
    """Do what a preview decided, exactly. An account about which anything has changed since is left out and counted."""
    require(by, Can.AUTO_APPLY)
    with open_books(by=by, once=once) as books:
        row = AutoApplyRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        if row.state != RunState.PREVIEW:
            raise Refusal("This preview was applied already. Make a new one.")
        if row.stopped_at or not row.is_over:
            raise Refusal("This preview is not complete. Make a new one.")
        row.state, row.finished_at, row.cursor, row.done = RunState.APPLIED, None, 0, 0
        row.asked_by = by if isinstance(by, Membership) else None
        row.save(update_fields=["state", "finished_at", "cursor", "done", "asked_by"])
        books.answer = {"run": run.pk}
    return _begin(row, by)


def _begin(run: AutoApplyRun, by: Actor) -> AutoApplyRun:
    if run.asked_by and run.accounts > LONG:
        wake("auto_apply", current_clinic_id(), run.pk)
        return run
    while go_on(run.pk, by=by):
        pass
    run.refresh_from_db()
    return run


AT_WORK = Q(source=Source.AUTO, finished_at=None) | Q(undoing_since__isnull=False)
"""Runs of which more is to come; a night's own work has its own rows."""


def unfinished() -> QuerySet[AutoApplyRun]:
    """Runs that a worker is at, or that wait for one."""
    return AutoApplyRun.objects.filter(AT_WORK, problem="")


@transaction.atomic
def go_on(run_id: int, *, by: Actor | None = None) -> bool:
    """One chunk of what is left of a run: True while more may be left. What another worker is at is left to it.

    `by` is who asked for it, unless somebody else is named. Raises Refusal when they may no longer.
    """
    run = unfinished().select_for_update(no_key=True, skip_locked=True).filter(pk=run_id).first()
    actor = by or (run.asked_by if run else None)
    if run is None or actor is None:
        return False
    require(actor, Can.AUTO_APPLY)
    if run.undoing_since:
        return undo_chunk(run, by=actor)
    more = _preview_chunk(run, actor) if run.state == RunState.PREVIEW else _apply_chunk(run, actor)
    run.save(update_fields=["cursor", "done", "accounts", "allocated", "changed"])
    if not more:
        _finish(run, actor)
    return more


def _preview_chunk(run: AutoApplyRun, by: Actor) -> bool:
    accounts = list(accounts_in_credit().filter(account__gt=run.cursor)[:CHUNK])
    if accounts:
        store_decisions(run, told(plan_accounts(accounts, rules_of(by.clinic))))
        run.cursor, run.done = accounts[-1], run.done + len(accounts)
        run.accounts = max(run.accounts, run.done)
    return len(accounts) == CHUNK


def _apply_chunk(run: AutoApplyRun, by: Actor) -> bool:
    """The next decisions, whole accounts of them: they were written account by account."""
    rows = run.decisions.filter(pk__gt=run.cursor).order_by("pk")
    columns = ("pk", "credit__account", "credit", "charge", "amount")
    lines = list(rows.values_list(*columns)[:LINES])
    if len(lines) == LINES:
        last = lines[-1][1]
        lines = [line for line in lines if line[1] != last] or list(
            rows.filter(credit__account=last).values_list(*columns)
        )
    wanted: dict[int, list[Essence]] = defaultdict(list)
    for _, account, *decision in lines:
        if decision[1]:
            wanted[account].append((decision[0], decision[1], decision[2]))
    if lines:
        _apply_shown(run, wanted, by)
        run.cursor, run.done = lines[-1][0], run.done + len({line[1] for line in lines})
    return bool(lines)


def _apply_shown(run: AutoApplyRun, wanted: dict[int, list[Essence]], by: Actor) -> None:
    with open_books(*wanted, by=by, source=Source.AUTO, run=run) as books:
        plans = plan_accounts(list(wanted), rules_of(by.clinic))
        same = [one for one in plans if [essence(each) for each in one.decided] == wanted[one.account_id]]
        books.allocate_many(applications(same))
    changed = wanted.keys() - {one.account_id for one in same}
    if changed:
        run.decisions.filter(credit__account__in=changed).update(left_out=True)
    run.allocated += sum(each.amount for one in same for each in one.decided)
    run.changed += len(changed)


def _finish(run: AutoApplyRun, by: Actor) -> None:
    finish_run(run)
    if run.state == RunState.APPLIED:
        record("run.applied", run, by=by, after={"amount": run.allocated})


@transaction.atomic
def stop_run(run: AutoApplyRun, *, by: Actor) -> None:
    """End a run that is still at work: what it has applied stays, and can be undone. Raises Refusal once it is over."""
    require(by, Can.AUTO_APPLY)
    row = AutoApplyRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    if row.undoing_since:
        stop_undoing(row, by=by)
        return
    if row.is_over:
        raise Refusal("This run was over already.")
    row.stopped_at = timezone.now()
    row.save(update_fields=["stopped_at"])
    record("run.stopped", row, by=by, after={"done": row.done, "accounts": row.accounts})
    _finish(row, by)


@transaction.atomic
def ask_again(run: AutoApplyRun, *, by: Actor) -> None:
    """Let a run that stands still after a problem go on where it stopped."""
    require(by, Can.AUTO_APPLY)
    AutoApplyRun.objects.filter(AT_WORK, pk=run.pk).update(problem="")
    wake("auto_apply", current_clinic_id(), run.pk)


def asked_by(run_id: int) -> int | None:
    """The user for whom a worker goes on with a run."""
    return AutoApplyRun.objects.filter(pk=run_id).values_list("asked_by__user", flat=True).first()


def note_problem(run_id: int, words: str) -> None:
    """Why a run stands still; its page says so and offers to go on."""
    AutoApplyRun.objects.filter(AT_WORK, pk=run_id).update(problem=words[:300])
