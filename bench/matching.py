"""Three ways through a clinic's night of applying money: ours, one set-based SQL statement, and a loop over rows.

Each keeps what the others keep: postings, lines, decisions with their sentences, and a line of the trail an account.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import Sum

from balances.ledger import TOTALS
from balances.models import AutoApplyRun, Charge, Credit, Decision, Entry, Posting
from balances.queries import TARGET_ORDER, accounts_in_credit
from balances.services import finish_run, night_run
from balances.states import EntryKind, PostingKind, Source
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.commands import clinic_id, long_scope
from clinicpay.clinics.models import Clinic, JobRun
from clinicpay.clinics.scope import clinic_scope
from clinicpay.night import STEPS, Night, run_night
from clinicpay.patients.models import Account

APPLY = next(step for step in STEPS if step.name == "auto_apply")
FOLDER = Path(__file__).parent / "sql" / "match"
LOCKED, APPLIED, TOLD = ((FOLDER / f"{name}.sql").read_text() for name in ("1_locked", "2_applied", "3_told"))
OUTCOME = (FOLDER / "outcome.sql").read_text()


def ours(slug: str) -> None:
    """The night's own step, chunk by chunk."""
    key = clinic_id(slug)
    with clinic_scope(key):
        day = clock.today(Clinic.objects.get())
    run_night(key, day, [APPLY])
    with clinic_scope(key):
        if JobRun.objects.get(job=APPLY.name).state != JobRun.State.DONE:
            raise RuntimeError(f"The night of {slug} is not done.")


def by_sql(slug: str) -> None:
    """The clinic at once: running sums of money and debt, and where they overlap."""
    with long_scope(clinic_id(slug)) as clinic, connection.cursor() as cursor:
        today = clock.today(clinic)
        run = night_run(today)
        facts: dict[str, Any] = {"clinic": clinic.pk, "run": run.pk, "today": today}
        cursor.execute(LOCKED, facts)
        before = cursor.fetchall()
        cursor.execute(APPLIED, facts)
        names = ("ids", "owes", "planned", "unapplied", "deposits", "held")
        cursor.execute(TOLD, facts | dict(zip(names, map(list, zip(*before, strict=True)), strict=True)))
        _close(run)


def by_rows(slug: str) -> None:
    """As it is written first: account by account, charge by charge, each row by the ORM."""
    with long_scope(clinic_id(slug)) as clinic:
        run, by = night_run(clock.today(clinic)), Night(clinic, clock.today(clinic)).by
        for key in list(accounts_in_credit()):
            with transaction.atomic():
                account = Account.objects.select_for_update().get(pk=key)
                before = {name: getattr(account, name) for name in TOTALS}
                _pay(account, run, clinic)
                account.refresh_from_db()
                after = {name: getattr(account, name) for name in TOTALS}
                if after != before:
                    record("ledger.allocate", account, by=by, before=before, after=after)
        _close(run)


def _close(run: AutoApplyRun) -> None:
    run.allocated = Decision.objects.filter(run=run, charge__isnull=False).aggregate(total=Sum("amount"))["total"] or 0
    run.save(update_fields=["allocated"])
    finish_run(run)


def _pay(account: Account, run: Any, clinic: Clinic) -> None:
    debts = Charge.objects.filter(account=account, outstanding__gt=0, invoice__isnull=False)
    for charge in debts.select_related("invoice").order_by(*TARGET_ORDER):
        while charge.outstanding and (credit := _money(account).first()):
            amount = min(charge.outstanding, credit.available)
            posting = Posting.objects.create(
                kind=PostingKind.ALLOCATE,
                location=charge.invoice.location,
                business_date=clock.today(clinic),
                source=Source.NIGHTLY,
                run=run,
            )
            moved = {"charge": charge, "charge_delta": -amount, "credit": credit, "credit_delta": -amount}
            Entry.objects.create(posting=posting, kind=EntryKind.ALLOCATE, **moved)
            where = " taken at the same location" if credit.kind == "deposit" else ""
            words = {"deposit": "deposit", "unapplied": "unapplied payment"}[credit.kind]
            reason = f"{credit.payment} to {charge.invoice}: oldest {words}{where} to the oldest open invoice."
            Decision.objects.create(run=run, credit=credit, charge=charge, amount=amount, reason=reason)
            charge.refresh_from_db(fields=["outstanding"])
    more = (
        " more" if debts.exists() or Charge.objects.filter(account=account, entries__posting__run=run).exists() else ""
    )
    for credit in _money(account):
        reason = f"{credit.payment}: the account owes nothing{more}."
        Decision.objects.create(run=run, credit=credit, amount=credit.available, reason=reason)


def _money(account: Account) -> Any:
    rows = Credit.objects.filter(account=account, available__gt=0).select_related("payment")
    return rows.order_by("kind", "received_on", "pk")


WAYS: dict[str, Callable[[str], None]] = {"ours": ours, "sql": by_sql, "rows": by_rows}


def outcome(slug: str) -> tuple[str, int]:
    """A checksum over all that a night left in a clinic, and how many lines that is."""
    key = clinic_id(slug)
    with long_scope(key), connection.cursor() as cursor:
        cursor.execute(OUTCOME, {"clinic": key})
        found: tuple[str, int] = cursor.fetchone()
    return found


def allocations(slug: str) -> int:
    """How many lines apply money in a clinic."""
    with clinic_scope(clinic_id(slug)):
        return Entry.objects.filter(kind=EntryKind.ALLOCATE).count()
