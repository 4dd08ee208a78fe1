"""A clinic's night: ordered steps over its accounts, once per local date, that may stop and go on at any point.

Truth is a row per step and date. Each chunk commits its work and its cursor together, so a worker that dies loses
nothing and repeats nothing; two that meet never do the same chunk. An account that fails is noted, and stops no other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from balances.models import AutoApplyRun
from balances.queries import accounts_in_credit
from balances.services import apply_to, finish_run, night_run
from balances.states import Source
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.commands import long_scope
from clinicpay.clinics.models import Clinic, JobFailure, JobRun
from clinicpay.clinics.refusals import Refusal
from clinicpay.garbage import collected_later
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, ClinicPayItself
from clinicpay.staff.roles import Can
from followups.queries import accounts_to_settle, accounts_with_instalments_due, accounts_with_promises_over
from followups.services import bill_instalments_due, judge_promises, settle_account

log = structlog.get_logger(__name__)

CHUNK = 120
"""Accounts that one transaction of a night works on: their people wait at the desk as long as it lasts (target 5)."""

ATTEMPTS = 3
"""How often a night tries again what failed, once at each waking."""

PROGRESS = ("started_at", "cursor", "done", "skipped")
"""What a step's row says of how far it is."""

Accounts = QuerySet[Any, int]
"""Ids of accounts, in their order, named "account"."""


class Tally(NamedTuple):
    """What became of a chunk's accounts or documents."""

    done: int = 0
    skipped: int = 0

    def __add__(self, other: "Tally") -> "Tally":  # type: ignore[override]
        return Tally(self.done + other.done, self.skipped + other.skipped)


@dataclass(frozen=True)
class Night:
    """One clinic's night of one local date."""

    clinic: Clinic
    day: date

    @property
    def by(self) -> ClinicPayItself:
        """Who acts: the trail names the night."""
        return ClinicPayItself(self.clinic, "Nightly run")


@dataclass(frozen=True)
class Step:
    """One piece of a night: the accounts that it concerns, and what it does for some of them."""

    name: str
    label: str
    accounts: Callable[[date], Accounts]
    work: Callable[[Night, Sequence[int]], Tally]
    finish: Callable[[Night], object] = lambda _night: None
    chunk: int = CHUNK


def _bill(night: Night, accounts: Sequence[int]) -> Tally:
    return Tally(sum(bill_instalments_due(one, by=night.by, day=night.day) for one in accounts))


def _with_money(_day: date) -> Accounts:
    return accounts_in_credit()


def _apply(night: Night, accounts: Sequence[int]) -> Tally:
    return Tally(*apply_to(night_run(night.day), accounts, by=night.by))


def _over(night: Night) -> None:
    for run in AutoApplyRun.objects.filter(source=Source.NIGHTLY, local_date=night.day, finished_at=None):
        finish_run(run)


def _judge(night: Night, accounts: Sequence[int]) -> Tally:
    return Tally(sum(len(judge_promises(by=night.by, day=night.day, account_id=one)) for one in accounts))


def _settle(night: Night, accounts: Sequence[int]) -> Tally:
    return Tally(sum(settle_account(one, by=night.by, day=night.day) for one in accounts))


STEPS = (
    Step("instalments", "Instalments billed", accounts_with_instalments_due, _bill),
    Step("auto_apply", "Money applied", _with_money, _apply, finish=_over),
    Step("promises", "Promises judged", accounts_with_promises_over, _judge),
    Step("settle", "Follow-ups opened and closed", accounts_to_settle, _settle),
)
"""In this order: what is billed tonight can be paid tonight, and what is paid tonight keeps a promise."""


def begins(clinic: Clinic, day: date) -> datetime:
    """The moment at which a date's night begins, in UTC. Where the clock skips that hour, an hour later."""
    return clock.night(clinic, day)


def due_dates(clinic: Clinic, *, after: date, now: datetime) -> Iterator[date]:
    """The local dates after `after` whose night has begun."""
    day = after + timedelta(days=1)
    while begins(clinic, day) <= now:
        yield day
        day += timedelta(days=1)


def plan_nights(clinic: Clinic) -> list[date]:
    """Write down every night that is due and not yet written; the dates that still have work, oldest first.

    A clinic's first night is the one after the day on which it was made.
    """
    last = JobRun.objects.order_by("-local_date").values_list("local_date", flat=True).first()
    made = clinic.created_at.astimezone(clock.zone(clinic)).date()
    days = due_dates(clinic, after=max(last or made, made), now=timezone.now())
    rows = [JobRun(job=step.name, local_date=day) for day in days for step in STEPS]
    JobRun.objects.bulk_create(rows, ignore_conflicts=True)
    waiting = JobRun.objects.exclude(state=JobRun.State.DONE).filter(attempts__lt=ATTEMPTS)
    return list(waiting.order_by("local_date").values_list("local_date", flat=True).distinct())


def try_again(day: date, *, by: Actor) -> bool:
    """Let a night that failed in part, or that nobody has planned, be run; False where nothing of it is left."""
    require(by, Can.AUTO_APPLY)
    _write_down(day, STEPS)
    rows = JobRun.objects.filter(local_date=day).exclude(state=JobRun.State.DONE).order_by("pk")
    if not rows:
        return False
    # A worker that is at one of them holds it, and needs no waking.
    failed = rows.filter(state=JobRun.State.PARTIAL).select_for_update(skip_locked=True)
    JobRun.objects.filter(pk__in=list(failed.values_list("pk", flat=True))).update(attempts=1)
    record("night.woken", rows[0], by=by, after={"day": day.isoformat()})
    return True


def _write_down(day: date, steps: Sequence[Step]) -> None:
    JobRun.objects.bulk_create([JobRun(job=step.name, local_date=day) for step in steps], ignore_conflicts=True)


def run_night(clinic_id: int, day: date, steps: Sequence[Step] = STEPS) -> None:
    """Do what is left of a night, step by step; what another worker is at is left to it."""
    # Committed before any work: whoever looks in meanwhile finds them, and a tick what a dead worker has left.
    with long_scope(clinic_id) as clinic:
        _write_down(day, steps)
    night = Night(clinic, day)
    for step in steps:
        while (left := _next_chunk(night, step)) is True:
            pass
        if left is None:
            return  # another worker has this step, and goes on with the next


def _next_chunk(night: Night, step: Step) -> bool | None:
    """Work through one chunk in one transaction: True while more is left, None when somebody else is at it."""
    with collected_later(), long_scope(night.clinic):
        rows = JobRun.objects.filter(job=step.name, local_date=night.day)
        row = rows.select_for_update(skip_locked=True).first()
        if row is None:
            return None
        if row.state == JobRun.State.PARTIAL and row.attempts < ATTEMPTS:
            return _again(night, step, row)
        if row.state != JobRun.State.DUE:
            return False
        accounts = list(step.accounts(night.day).filter(account__gt=row.cursor)[: step.chunk])
        if not accounts:
            return _finish(night, step, row)
        tally = _work(night, step, row, accounts)
        row.started_at = row.started_at or timezone.now()
        row.cursor, row.done, row.skipped = accounts[-1], row.done + tally.done, row.skipped + tally.skipped
        if len(accounts) < step.chunk:
            return _finish(night, step, row)
        row.save(update_fields=PROGRESS)
        return True


def _work(night: Night, step: Step, row: JobRun, accounts: Sequence[int]) -> Tally:
    """The chunk at once; if it fails, account by account, so that the one at fault is found and left out.

    One that somebody at work stood in the way of (a deadlock, a lock held for long) is tried once more.
    """
    for _ in range(2):
        try:
            with transaction.atomic():
                return step.work(night, accounts)
        except Refusal:
            log.warning("night chunk refused", clinic=night.clinic.pk, step=step.name)
        except Exception:
            log.exception("night chunk failed", clinic=night.clinic.pk, step=step.name)
            break
    return sum((_alone(night, step, row, account) for account in accounts), Tally())


def _alone(night: Night, step: Step, row: JobRun, account: int) -> Tally:
    try:
        with transaction.atomic():
            return step.work(night, [account])
    except Exception as error:
        log.exception("night account failed", clinic=night.clinic.pk, step=step.name)
        JobFailure.objects.create(run=row, account_id=account, error=_told(error))
        return Tally()


def _told(error: Exception) -> str:
    """An error without what a database adds in further lines: these quote rows."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"[:500]


def _again(night: Night, step: Step, row: JobRun) -> bool:
    """Try the accounts that failed once more."""
    row.attempts += 1
    tally = Tally()
    for failure in row.failures.filter(mended_at=None).order_by("pk"):
        tally += _alone(night, step, row, failure.account_id)
        failure.mended_at = timezone.now()  # by success, or a newer line says that it failed again
        failure.save(update_fields=["mended_at"])
    row.done, row.skipped = row.done + tally.done, row.skipped + tally.skipped
    return _finish(night, step, row)


def _finish(night: Night, step: Step, row: JobRun) -> bool:
    step.finish(night)
    failed = row.failures.filter(mended_at=None).exists()
    row.state = JobRun.State.PARTIAL if failed else JobRun.State.DONE
    row.attempts, row.finished_at = row.attempts or 1, timezone.now()
    row.started_at = row.started_at or row.finished_at
    row.save(update_fields=["state", "attempts", "finished_at", *PROGRESS])
    return False
