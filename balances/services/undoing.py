"""Undoing a long run as a worker's work: chunk by chunk, newest application first (decision 145)."""

from django.db import transaction
from django.utils import timezone

from balances.ledger import open_books
from balances.models import AutoApplyRun
from balances.requests import Once
from balances.services.runs import applied_of, check_untouched, to_undo, undo_run
from balances.states import RunState
from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import current_clinic_id
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, Membership
from clinicpay.staff.roles import Can
from clinicpay.waking import wake

LONG = 300
"""A run of more applications than this is undone by a worker."""

LINES = 500
"""Applications that one transaction undoes."""


@transaction.atomic
def begin_undo(run: AutoApplyRun, *, by: Actor, reason: str, once: Once | None = None) -> None:
    """Undo a run: a short one at once, all or nothing; a long one, or the rest of one, by a worker.

    Raises Refusal, naming what is in the way, when any of it was undone since. What somebody undoes after a long
    undoing has begun is undone all the same, and counted.
    """
    require(by, Can.AUTO_APPLY)
    if not isinstance(by, Membership) or to_undo(run)[: LONG + 1].count() <= LONG:
        undo_run(run, by=by, reason=reason, once=once)
        return
    with open_books(by=by, once=once) as books:
        row = AutoApplyRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        if row.state != RunState.APPLIED or row.is_at_work or not row.is_over:
            raise Refusal("This run was undone already, was never applied, or is still at work.")
        check_untouched(row)
        row.undoing_since, row.undo_reason, row.asked_by, row.problem = timezone.now(), reason, by, ""
        row.save(update_fields=["undoing_since", "undo_reason", "asked_by", "problem"])
        books.answer = {"run": run.pk}
    record("run.undo_begun", row, by=by, after={"amount": row.allocated}, reason=reason)
    wake("auto_apply", current_clinic_id(), run.pk)


def undo_chunk(run: AutoApplyRun, *, by: Actor) -> bool:
    """The next applications of a run whose row is locked; True while more may be left."""
    keys = list(to_undo(run).values_list("pk", "credit__account", "charge__account")[:LINES])
    if keys:
        with open_books(*{account for _, *pair in keys for account in pair}, by=by) as books:
            mine = applied_of(to_undo(run).filter(pk__in=[key for key, *_ in keys]))  # read anew under their locks
            books.unallocate_many(mine, reason=run.undo_reason)
        run.undone += len(mine)
    else:
        run.state, run.undone_at, run.undoing_since = RunState.UNDONE, timezone.now(), None
        record("run.undone", run, by=by, after={"amount": run.allocated}, reason=run.undo_reason)
    run.save(update_fields=["undone", "state", "undone_at", "undoing_since"])
    return bool(keys)


def stop_undoing(run: AutoApplyRun, *, by: Actor) -> None:
    """End it before its end: what is undone stays undone, the rest stays applied, and it can be gone on with."""
    run.undoing_since, run.problem = None, ""
    run.save(update_fields=["undoing_since", "problem"])
    record("run.undo_stopped", run, by=by, after={"done": run.undone})
