"""Writing a practice into the clinic in scope: all of it in the caller's transaction, and each row once.

Money goes through the ledger like any other, some accounts at a time, with the business dates of its source.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

from django.db import connection

from balances.services import run_auto_apply
from balances.states import Source
from clinicpay.audit.services import record
from clinicpay.imports.applying import apply_parts
from clinicpay.imports.billing import Bookkeeper, New
from clinicpay.imports.people import People, import_people
from clinicpay.imports.practice import Paid, Practice, Skipped, counted
from clinicpay.imports.rows import known_refs, portions, refs, unknown
from clinicpay.staff.models import ClinicPayItself
from payments.models import Payment
from payments.states import Method
from treatments.models import Procedure

# A second import of the same files waits for the first one, and then finds everything there.
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended('import/' || app_clinic(), 0))"

AT_ONCE = 3000
"""Rows of money that one opening of the books takes; more would only fill memory."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Imported:
    """What an import has added; amounts are minor units."""

    accounts: int
    patients: int
    events: int
    procedures: int
    charges: int
    charges_total: int
    payments: int
    payments_total: int
    opening_balances: int
    opening_balances_total: int
    opening_credits: int
    opening_credits_total: int
    allocations: int
    allocated_total: int


def in_silence(words: str) -> None:
    """Progress that nobody waits for."""


def import_practice(
    practice: Practice, *, by: ClinicPayItself, allocate: bool, tell: Tell = in_silence
) -> tuple[Imported, list[Skipped]]:
    """Add what the clinic doesn't have yet; with `allocate`, apply the new money to the oldest debt.

    Returns what was added, and what was left out with the reasons. Raises Refusal when a date of the
    source is closed. Call it inside one transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
    people = import_people(practice, by=by)
    tell(f"{counted(people.new_patients, 'patient')} and {counted(people.new_visits, 'event')} added")
    new = _new(practice)
    accounts = _enter(new, people, by, tell)
    applied, total = apply_parts(practice.applied, set(refs(new.paid)), by=by)
    if allocate and accounts:
        run_auto_apply(by=by, source=Source.IMPORT, accounts=accounts)
    added = _counted(people, new, applied, total)
    record("practice.imported", by.clinic, by=by, after=asdict(added))
    return added, [*practice.skipped, *_known_before(practice, added)]


def _new(practice: Practice) -> New:
    works = unknown(practice.works, known_refs(Procedure, refs(practice.works)))
    paid = unknown(practice.payments, known_refs(Payment, refs(practice.payments)))
    return New.of(works, practice.owed, paid)


def _enter(new: New, people: People, by: ClinicPayItself, tell: Tell) -> list[int]:
    """Bill and receive everything, some accounts at a time; returns their ids."""
    bookkeeper = Bookkeeper(people, new)
    sizes, done = bookkeeper.sizes(), 0
    for some in portions(sorted(sizes), AT_ONCE, sizes.__getitem__):
        bookkeeper.enter(some, by=by)
        done += len(some)
        tell(f"Charges and payments of {done:,} of {counted(len(sizes), 'account')} added")
    return sorted(sizes)


def _counted(people: People, new: New, applied: int, total: int) -> Imported:
    fees = [work.fee for work in new.works if work.fee]
    brought = [one.amount for one in new.paid if is_opening(one)]
    return Imported(
        accounts=people.new_accounts,
        patients=people.new_patients,
        events=people.new_visits,
        procedures=len(new.works),
        charges=len(fees),
        charges_total=sum(fees),
        payments=len(new.paid) - len(brought),
        payments_total=sum(one.amount for one in new.paid) - sum(brought),
        opening_balances=len(new.owed),
        opening_balances_total=sum(one.amount for one in new.owed),
        opening_credits=len(brought),
        opening_credits_total=sum(brought),
        allocations=applied,
        allocated_total=total,
    )


def is_opening(paid: Paid) -> bool:
    """Whether it is money that an earlier system received, not a payment that we know of."""
    return paid.method == Method.OPENING


def _known_before(practice: Practice, added: Imported) -> Iterable[Skipped]:
    brought: Sequence[Paid] = [one for one in practice.payments if is_opening(one)]
    for what, rows, new in (
        ("accounts", len(practice.parties), added.accounts),
        ("patients", len(practice.persons), added.patients),
        ("events", len(practice.visits), added.events),
        ("procedures", len(practice.works), added.procedures),
        ("payments", len(practice.payments) - len(brought), added.payments),
        ("opening balances", len(practice.owed), added.opening_balances),
        ("opening credits", len(brought), added.opening_credits),
        ("allocations", len(practice.applied), added.allocations),
    ):
        if rows > new:
            yield Skipped(what, rows - new, "imported before")
