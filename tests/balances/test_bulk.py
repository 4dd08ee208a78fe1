"""The ledger's verbs for many at once write exactly what the single ones do (property, with dated imports)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from balances.ledger import Application, Books, open_books
from balances.models import Charge, Credit, Entry
from balances.queries import live_allocations
from balances.services import rules_of, run_auto_apply
from balances.services.planning import Planned, applications, plan_accounts
from balances.services.runs import applied_of, new_run, to_undo
from balances.states import Source
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.db.arrays import Compiled, bigints
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from tests.balances.invariants import broken
from tests.factories import a_charge, a_closed_day, a_patient, a_payment

pytestmark = pytest.mark.django_db

AMOUNTS = st.lists(st.tuples(st.integers(1, 300), st.integers(0, 9)), max_size=4)
FAMILIES = st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=3)
FEW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def a_scene(home, families) -> list[int]:
    """Accounts with charges and money of some age, at two locations."""
    today, side = clock.today(home.clinic), Location.objects.create(name="Side")
    accounts = []
    for debts, money in families:
        patient = a_patient(home)
        accounts.append(patient.account_id)
        for amount, age in debts:
            a_charge(home, patient, amount, on=today - timedelta(days=age))
        for amount, age in money:
            place = side if amount % 2 else home.location
            a_payment(home, patient.account, amount, location=place, on=today - timedelta(days=age))
    return accounts


def picture(since: int) -> dict[str, Any]:
    """All that an act left, without the ids of its postings and lines."""
    acts: dict[int, Any] = {}
    for line in Entry.objects.filter(pk__gt=since).select_related("posting").order_by("pk"):
        act = line.posting
        head = (act.kind, act.business_date, act.location_id, act.source, act.run_id, act.reason, act.request_key)
        what = (line.kind, line.charge_id, line.charge_delta, line.credit_id, line.credit_delta, line.reverses_id)
        acts.setdefault(act.pk, (head, []))[1].append(what)
    return {
        "acts": list(acts.values()),
        "charges": list(Charge.objects.order_by("pk").values_list("pk", "outstanding")),
        "credits": list(Credit.objects.order_by("pk").values_list("pk", "available")),
        "accounts": list(Account.objects.order_by("pk").values_list("pk", "owes", "unapplied", "deposits")),
        "trail": list(
            AuditEvent.objects.filter(action__startswith="ledger.")
            .order_by("pk")
            .values_list("action", "subject_id", "before", "after", "reason")
        ),
        "broken": broken(),
    }


def tried(act: Callable[[], None]) -> dict[str, Any]:
    """What an act leaves; then it is taken back."""
    since = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    with transaction.atomic():
        act()
        found = picture(since)
        transaction.set_rollback(True)
    return found


def one_by_one(books: Books, plans: list[Planned], *, is_dated: bool) -> None:
    for part in applications(plans, is_dated=is_dated):
        credit, charge = Credit.objects.get(pk=part.credit_id), Charge.objects.get(pk=part.charge_id)
        with books.on(part.day):
            books.allocate(credit, charge, part.amount)


@pytest.mark.parametrize("source", [Source.NIGHTLY, Source.IMPORT])
@FEW
@given(FAMILIES)
def test_many_allocations_at_once_are_those_one_by_one(harbor, source, families):
    dated = source == Source.IMPORT
    with transaction.atomic():
        accounts = a_scene(harbor, families)
        run = new_run(source)

        def act(*, bulk: bool) -> None:
            with open_books(*accounts, by=harbor.itself, source=source, run=run) as books:
                plans = plan_accounts(accounts, rules_of(harbor.clinic))
                if bulk:
                    books.allocate_many(applications(plans, is_dated=dated))
                else:
                    one_by_one(books, plans, is_dated=dated)

        single, many = tried(lambda: act(bulk=False)), tried(lambda: act(bulk=True))
        assert many == single
        assert not many["broken"]
        transaction.set_rollback(True)


@FEW
@given(FAMILIES)
def test_many_undone_at_once_are_those_one_by_one(harbor, families):
    with transaction.atomic():
        accounts = a_scene(harbor, families)
        run = run_auto_apply(by=harbor.itself)

        def act(*, bulk: bool) -> None:
            with open_books(*accounts, by=harbor.itself) as books:
                if bulk:
                    books.unallocate_many(applied_of(to_undo(run)), reason="for a test")
                else:
                    for entry in live_allocations(posting__run=run):
                        books.unallocate(entry, reason="for a test")

        assert tried(lambda: act(bulk=True)) == tried(lambda: act(bulk=False))
        transaction.set_rollback(True)


def test_many_at_once_land_on_the_first_open_day_of_their_location(harbor):
    """A closed day refuses the bulk verb as it does the single one."""
    patient, today = a_patient(harbor), clock.today(harbor.clinic)
    a_charge(harbor, patient, 500, on=today - timedelta(days=3))
    a_payment(harbor, patient.account, 500)
    a_closed_day(harbor, today)
    run_auto_apply(by=harbor.itself)
    assert live_allocations().get().posting.business_date == today + timedelta(days=1)


def test_dates_of_many_at_once_are_for_imports_alone(harbor):
    patient, yesterday = a_patient(harbor), clock.today(harbor.clinic) - timedelta(days=1)
    charge = a_charge(harbor, patient, 500)
    credit = Credit.objects.get(payment=a_payment(harbor, patient.account, 500))
    dated = Application(patient.account_id, credit.pk, charge.pk, 500, harbor.location.pk, yesterday)
    acts: list[Callable[[Books], Any]] = [
        lambda books: books.allocate_many([dated]),
        lambda books: books.charge_many([(charge.invoice, Charge(amount=100), yesterday)]),
        lambda books: books.receive_many([(credit.payment, yesterday)]),
    ]
    for act in acts:
        with pytest.raises(Refusal, match="past date"), open_books(patient.account, by=harbor.rita) as books:
            act(books)
    assert not live_allocations().exists()


def test_many_at_once_keep_to_the_accounts_that_are_locked(harbor):
    patient = a_patient(harbor)
    a_charge(harbor, patient, 500)
    a_payment(harbor, patient.account, 500)
    with pytest.raises(RuntimeError, match="was not given the accounts"), open_books(by=harbor.itself) as books:
        books.allocate_many(applications(plan_accounts([patient.account_id])))


def test_arrays_of_numbers_are_written_as_postgresql_reads_them():
    assert bigints([1, None, -3]) == "{1,NULL,-3}"


def test_rows_of_many_ids_are_asked_for_by_one_parameter(harbor):
    first, second = a_patient(harbor).account_id, a_patient(harbor).account_id
    ask = Compiled(lambda ids: Account.objects.filter(pk__among=ids, unapplied=0).order_by("pk").values_list("pk"))
    assert ask([first]) == [(first,)]
    assert ask([second, first]) == [(first,), (second,)]
    with CaptureQueriesContext(connection) as asked:
        assert ask([]) == []
    assert not asked.captured_queries


def test_a_locked_account_knows_its_totals_once_they_have_moved(harbor):
    patient = a_patient(harbor)
    a_charge(harbor, patient, 500)
    credit = a_payment(harbor, patient.account, 500).credits.get()
    with open_books(patient.account, by=harbor.itself) as books:
        locked = books.accounts[patient.account_id]
        assert (locked.owes, locked.unapplied) == (500, 500)
        books.allocate(credit, patient.account.charges.get(), 200)
    fresh = Account.objects.get(pk=patient.account_id)
    assert (locked.owes, locked.unapplied, locked.oldest_open) == (300, 300, fresh.oldest_open)
