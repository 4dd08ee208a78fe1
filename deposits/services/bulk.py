"""Apply All: the filtered list as one job, chunk by chunk, each with all its lines in one INSERT (S4.21, S4.30).

A chunk decides again under the locks of its accounts, so that two runs, a night, or a refund at the desk leave it
nothing to apply twice. It commits its work and the run's cursor together: a worker that dies loses nothing.
"""

from collections import defaultdict
from datetime import date
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max, QuerySet, Sum
from django.utils import timezone

from balances.auto_apply import Decided, Skipped
from balances.ledger import Application, Books, open_books
from balances.matchable import holds_of
from balances.models import AutoApplyRun, Charge, Credit, Decision
from balances.requests import Once
from balances.seen import Changed
from balances.services import finish_run
from balances.services.decisions import store_decisions
from balances.services.runs import new_run
from balances.states import Source
from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics.numbers import shown
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import current_clinic_id
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, Membership
from clinicpay.staff.roles import Can
from clinicpay.waking import wake
from deposits.models import Reconciliation
from deposits.plans import seal
from deposits.queries import Batch, Criteria, Row, Spending, next_batch, retrieve
from deposits.queries.criteria import deposits

LISTED = 200
"""Rows that the page lists at first."""

CHUNK = 500
"""Deposits of one transaction."""


class Shown(NamedTuple):
    """What the list showed when Apply All was pressed: how many rows at most, and their digest."""

    most: int
    seal: str


class _Words(NamedTuple):
    """What sentences about a run need: the name of its location, the clinic's currency."""

    place: str
    currency: str


@transaction.atomic
def apply_all(criteria: Criteria, shown_list: Shown, *, by: Actor, once: Once | None = None) -> AutoApplyRun:
    """Apply the filtered list as a run. A list that is shown whole is done at once; a longer one by a worker.

    Raises Changed when the list is not what was shown, Refusal when there is nothing on it to apply.
    """
    require(by, Can.RECONCILE_DEPOSITS)
    with open_books(by=by, once=once) as books:
        found = retrieve(criteria, shown_list.most)
        if seal(found.rows) != shown_list.seal:
            raise Changed(["The list is not what was shown; here it is as it stands now."])
        if not found.ready and not found.is_cut:
            raise Refusal("There is nothing on this list to apply.")
        member = by if isinstance(by, Membership) else None
        run = new_run(Source.DEPOSIT_RECON, accounts=deposits(criteria).count(), asked_by=member)
        _asked(run, criteria, found.rows)
        books.answer = {"run": run.number}
    if found.is_cut and run.asked_by:
        wake("reconcile_deposits", current_clinic_id(), run.pk)
        return run
    while go_on(run.pk, by=by):
        pass
    run.refresh_from_db()
    return run


def _asked(run: AutoApplyRun, criteria: Criteria, rows: list[Row]) -> None:
    Reconciliation.objects.create(
        run=run,
        location=criteria.location,
        method=criteria.method,
        kind=criteria.kind,
        party=criteria.party,
        newest_credit=Credit.objects.aggregate(last=Max("pk"))["last"] or 0,
        newest_charge=Charge.objects.aggregate(last=Max("pk"))["last"] or 0,
        listed={str(row.number): row.applies for row in rows if row.parts},
    )


def criteria_of(asked: Reconciliation) -> Criteria:
    """The filters of a run's list, and what there was then."""
    newest = (asked.newest_credit, asked.newest_charge)
    return Criteria(asked.location, asked.method, asked.kind, asked.party, newest)


def unfinished() -> QuerySet[AutoApplyRun]:
    """Runs over a long list that a worker is at, or that wait for one."""
    return AutoApplyRun.objects.filter(source=Source.DEPOSIT_RECON, finished_at=None, problem="")


@transaction.atomic
def go_on(run_id: int, *, by: Actor | None = None) -> bool:
    """One chunk of what is left of a run: True while more may be left. What another worker is at is left to it.

    `by` is who asked for it, unless somebody else is named. Raises Refused when they may no longer.
    """
    run = unfinished().select_for_update(no_key=True, skip_locked=True).filter(pk=run_id).first()
    actor = by or (run.asked_by if run else None)
    if run is None or actor is None:
        return False
    require(actor, Can.RECONCILE_DEPOSITS)
    asked = Reconciliation.objects.select_related("location", "party").get(run=run)
    if _chunk(run, asked, actor):
        return True
    _finish(run, asked, actor)
    return False


def _chunk(run: AutoApplyRun, asked: Reconciliation, by: Actor) -> bool:
    """The rows of the next deposits, decided under the locks of their accounts; whether more may follow."""
    criteria, after = criteria_of(asked), _after(run, asked)
    foreseen = next_batch(criteria, after, CHUNK)
    locked = {account for row in _spent(foreseen) for account in row.accounts}
    with open_books(*locked, by=by, source=Source.DEPOSIT_RECON, run=run) as books:
        batch = next_batch(criteria, after, CHUNK)
        spending = Spending()
        rows = [row for row in batch.rows if _takes(row, spending, locked)]
        applied = _apply(rows, asked.location_id, books)
    words = _Words(asked.location.name, by.clinic.currency)
    store_decisions(run, [*_decided(rows), *_skipped(batch, rows, spending, words)])
    stays = batch.has_more and applied > 0  # the same deposits again: the oldest of their invoices are paid now
    if batch.led and not stays:
        asked.after_day, run.cursor = batch.led[-1].age
        asked.save(update_fields=["after_day"])
        run.done += len(batch.led)
    run.allocated, run.accounts = run.allocated + applied, max(run.accounts, run.done)
    run.save(update_fields=["cursor", "done", "accounts", "allocated"])
    return stays or len(batch.led) == CHUNK


def _after(run: AutoApplyRun, asked: Reconciliation) -> tuple[date, int] | None:
    return (asked.after_day, run.cursor) if asked.after_day else None


def _spent(batch: Batch) -> list[Row]:
    spending = Spending()
    for row in batch.rows:
        spending.take(row)
    return batch.rows


def _takes(row: Row, spending: Spending, locked: set[int]) -> bool:
    """Spend a row whose accounts are all locked; another has only just come to be, and is left for later."""
    if not {line.account_id for line in row.lines} <= locked:
        return False
    for line in row.lines:
        line.usable = [one for one in line.usable if one.account_id in locked]
    spending.take(row)
    return True


def _apply(rows: list[Row], location_id: int, books: Books) -> int:
    homes = {line.id: line.account_id for row in rows for line in row.lines}
    parts = [part for row in rows for part in row.parts]
    books.allocate_many(
        Application(homes[part.charge_id], part.credit_id, part.charge_id, part.amount, location_id) for part in parts
    )
    return sum(part.amount for part in parts)


def _decided(rows: list[Row]) -> list[Decided]:
    return [
        Decided(part.credit_id, part.charge_id, part.amount, f"The oldest deposit that may pay {row.ref}.")
        for row in rows
        for part in row.parts
    ]


def _skipped(batch: Batch, rows: list[Row], spending: Spending, words: _Words) -> list[Skipped]:
    """What was not applied, and why: invoices that still owe, and deposits of which something stays."""
    open_rows = [row for row in rows if row.stays and row.deposits]
    said = [
        Skipped(row.deposits[-1].id, 0, f"{row.ref} still owes {money.show(row.stays, words.currency)}: {_why(row)}.")
        for row in open_rows
    ]
    wanted = holds_of([one.id for one in batch.idle]) if batch.idle else {}
    idle = {one.id for one in batch.idle}
    for one in batch.led:
        if one.id in idle:
            said.append(Skipped(one.id, one.available, _held(str(wanted[one.id]), words.place)))
        elif spending.left(one):
            said.append(Skipped(one.id, spending.left(one), f"Nothing more at {words.place} is owed that it may pay."))
    return said


def _held(wanted: str, place: str) -> str:
    if not wanted:
        return "It is held for nothing in particular; only a person may use it, on Transactions."
    return f"It is held for {wanted}; nothing open at {place} is."


def _why(row: Row) -> str:
    held = any(one.is_held for one in row.deposits)
    return "its deposits are used up" if not held else "its deposits are used up, or held for something else"


def _finish(run: AutoApplyRun, asked: Reconciliation, by: Actor) -> None:
    asked.missed = _missed(run, asked, by.clinic.currency)
    asked.save(update_fields=["missed"])
    run.changed = len(asked.missed)
    run.save(update_fields=["changed"])
    finish_run(run)
    record("run.applied", run, by=by, after={"amount": run.allocated})


def _missed(run: AutoApplyRun, asked: Reconciliation, currency: str) -> list[str]:
    """What the list showed and the run did not do, a sentence each: somebody was faster."""
    rows = Decision.objects.filter(run=run, charge__isnull=False).values_list("charge__invoice__number")
    done: dict[int, int] = defaultdict(int, rows.annotate(total=Sum("amount")).order_by())
    return [
        f"{shown('INV', int(number))}: {money.show(amount, currency)} was to be applied, "
        f"{money.show(done[int(number)], currency)} was. It changed meanwhile."
        for number, amount in asked.listed.items()
        if done[int(number)] != amount and not run.stopped_at
    ]


@transaction.atomic
def stop(run: AutoApplyRun, *, by: Actor) -> None:
    """End a run that is still at work: what it has applied stays, and can be undone. Raises Refusal once it is over."""
    require(by, Can.RECONCILE_DEPOSITS)
    row = AutoApplyRun.objects.select_for_update(no_key=True).get(pk=run.pk, source=Source.DEPOSIT_RECON)
    if row.is_over:
        raise Refusal("This run was over already.")
    row.stopped_at = timezone.now()
    row.save(update_fields=["stopped_at"])
    record("run.stopped", row, by=by, after={"done": row.done, "accounts": row.accounts})
    _finish(row, Reconciliation.objects.get(run=row), by)


@transaction.atomic
def ask_again(run: AutoApplyRun, *, by: Actor) -> None:
    """Let a run that stands still after a problem go on where it stopped."""
    require(by, Can.RECONCILE_DEPOSITS)
    rows = AutoApplyRun.objects.filter(pk=run.pk, source=Source.DEPOSIT_RECON, finished_at=None)
    rows.update(problem="")
    wake("reconcile_deposits", current_clinic_id(), run.pk)
