"""Batches of statements: begun by a person, done account by account by workers, none of them twice.

An account's statement is made in one transaction, its PDF drawn and its email queued in a second, which begins by
locking the line: whoever comes later finds it done. What a dead worker had made is taken up once nothing else waits.
"""

from collections.abc import Sequence
from typing import NamedTuple

import structlog
from django.db import transaction
from django.utils import timezone

from balances.refusals import database_refusals
from balances.requests import Once, answer, claim
from clinicpay.audit.services import record
from clinicpay.clinics.commands import be_patient
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope, current_clinic_id
from clinicpay.patients.models import Account
from clinicpay.staff.access import Refused, require
from clinicpay.staff.models import Actor, Membership
from clinicpay.staff.roles import Can
from clinicpay.waking import wake
from followups.models import Statement, StatementLine, StatementRun
from followups.queries.statements import Span
from followups.services.statements import Giving, keep_pdf, mail_statement, make_statement
from followups.statements.paper import statement_pdf

log = structlog.get_logger(__name__)

MOST = 1_000
"""Accounts of one batch: all of it is offered in one file."""

WORKERS = 2
"""Tasks that are woken for a batch: workers that are free share it."""

UNFORESEEN = "Something went wrong that was not foreseen. Send this one by itself."

_S = StatementLine.State


class Receiver(NamedTuple):
    """An account of a batch, and its address; "" is on paper."""

    account_id: int
    to: str


@transaction.atomic
def begin_run(
    receivers: Sequence[Receiver], *, asked: str, site: str, by: Membership, once: Once | None = None
) -> StatementRun:
    """Write a batch down, for workers to do. Raises Refusal for an empty one, and while another is at work."""
    require(by, Can.SEND_STATEMENT)
    if once:
        claim(once, user_id=by.user_id)
    if not receivers:
        raise Refusal("Nobody on this list gets a statement. Change the filters, or whom to leave out.")
    if len(receivers) > MOST:
        raise Refusal(f"These are more than {MOST:,} accounts. Narrow the list down first.")
    with database_refusals(), transaction.atomic():
        run = StatementRun.objects.create(
            number=take(StatementRun.KIND)[0], asked=asked[:1000], site=site[:200], asked_by=by
        )
    StatementLine.objects.bulk_create(StatementLine(run=run, account_id=one.account_id, to=one.to) for one in receivers)
    record("statements.begun", run, by=by, after={"accounts": len(receivers), "query": run.asked})
    if once:
        answer(once, {"run": run.number})
    _wake(run)
    return run


def _wake(run: StatementRun) -> None:
    for _ in range(WORKERS):
        wake("send_statements", current_clinic_id(), run.pk)


def unfinished_runs() -> list[int]:
    """Batches that workers are at, or that wait for one."""
    return list(StatementRun.objects.filter(finished_at=None, problem="").values_list("pk", flat=True))


def go_on(clinic_id: int, run_id: int) -> bool:
    """One statement of a batch, in two transactions of its own: True while more may be left."""
    with clinic_scope(clinic_id):
        run = StatementRun.objects.select_related("asked_by__user").filter(pk=run_id, finished_at=None).first()
    if run is None or run.problem:
        return False
    try:
        line_id = _make(clinic_id, run)
        return line_id is not None and _finish_line(clinic_id, run, line_id)
    except Refused as refused:  # who began it may no longer
        with clinic_scope(clinic_id):
            StatementRun.objects.filter(pk=run_id, finished_at=None).update(problem=str(refused)[:300])
        return False


def _make(clinic_id: int, run: StatementRun) -> int | None:
    """Take the next line and make its statement; the line's id, None when none is left, and then the batch is over."""
    with clinic_scope(clinic_id, run.asked_by.user_id):
        by = _asker(run)
        line = _next(run, _S.WAITING)
        if line is None:
            left = _next(run, _S.MADE)
            if left is None and not run.lines.filter(state__in=StatementLine.OPEN).exists():
                _end(run)
            return left.pk if left else None
        be_patient()
        try:
            with database_refusals(), transaction.atomic():
                _made(line, run, by)
        except Refusal as refusal:  # such as an account that somebody at the desk held for long
            _leave_out(line, str(refusal))
        except Exception:
            log.exception("statement not made", clinic=run.clinic_id)
            _leave_out(line, UNFORESEEN)
        return line.pk


def _asker(run: StatementRun) -> Membership:
    """Who began it, as they stand now. Raises Refused when they may no longer."""
    member = Membership.objects.select_related("user", "clinic").get(pk=run.asked_by_id)
    if not member.active:
        raise Refused(Can.SEND_STATEMENT)
    require(member, Can.SEND_STATEMENT)
    return member


def _next(run: StatementRun, state: StatementLine.State) -> StatementLine | None:
    rows = StatementLine.objects.select_for_update(no_key=True, skip_locked=True, of=["self"])
    return rows.filter(run=run, state=state).order_by("pk").first()


def _made(line: StatementLine, run: StatementRun, by: Actor) -> None:
    account = Account.objects.get(pk=line.account_id)
    if not account.owes:
        raise Refusal("Owes nothing any more.")
    giving = Giving(Span(), line.to, run.site, run)
    line.statement = make_statement(account, giving, by=by)
    line.state = _S.MADE
    line.save(update_fields=["statement", "state"])


def _finish_line(clinic_id: int, run: StatementRun, line_id: int) -> bool:
    """Draw the PDF of a line's statement, keep it and queue its email: once, whoever else is at it."""
    with clinic_scope(clinic_id):
        line = StatementLine.objects.get(pk=line_id)
        found = Statement.objects.select_related("link", "location").filter(pk=line.statement_id or 0)
        statement = found.first()
    if line.state != _S.MADE or statement is None:
        return True
    made = _drawn(statement)
    with clinic_scope(clinic_id, run.asked_by.user_id):
        by = _asker(run)
        row = StatementLine.objects.select_for_update(no_key=True).get(pk=line_id)
        if row.state == _S.MADE and made is None:
            _leave_out(row, UNFORESEEN)
        elif row.state == _S.MADE and made:
            keep_pdf(statement, made)
            if row.to:
                mail_statement(statement, row.to, by=by)
            row.state = _S.SENT if row.to else _S.PRINTED
            row.save(update_fields=["state"])
    return True


def _drawn(statement: Statement) -> bytes | None:
    try:
        return statement_pdf(statement)
    except Exception:
        log.exception("statement not drawn", clinic=statement.clinic_id)
        return None


def _leave_out(line: StatementLine, why: str) -> None:
    line.state, line.reason = _S.LEFT_OUT, why[:300]
    line.save(update_fields=["state", "reason"])


@transaction.atomic
def stop_run(run: StatementRun, *, by: Actor) -> None:
    """End a batch before its end: what is sent is sent, what waits is not. Raises Refusal once it is over."""
    require(by, Can.SEND_STATEMENT)
    row = StatementRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    if row.is_over:
        raise Refusal("This batch was over already.")
    waiting = StatementLine.objects.filter(run=row, state=_S.WAITING)
    left = waiting.update(state=_S.LEFT_OUT, reason="Stopped before.")
    row.stopped_at = timezone.now()
    row.save(update_fields=["stopped_at"])
    record("statements.stopped", row, by=by, after={"accounts": left})
    if not row.lines.filter(state__in=StatementLine.OPEN).exists():
        _end(row)


@transaction.atomic
def ask_again(run: StatementRun, *, by: Actor) -> None:
    """Let a batch that stands still go on where it stopped."""
    require(by, Can.SEND_STATEMENT)
    StatementRun.objects.filter(pk=run.pk, finished_at=None).update(problem="")
    _wake(run)


def _end(run: StatementRun) -> None:
    """Say that a batch is over, once; a line that somebody still draws ends it later."""
    StatementRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=timezone.now(), problem="")
