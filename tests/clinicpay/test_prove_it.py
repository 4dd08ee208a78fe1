"""Every figure that a page shows is recomputed from entries and rows, and a falsified one is found."""

import io
import json
import os
import uuid
from datetime import timedelta

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from balances.services import undo_allocation
from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.proof.figures import Group, Line, prove
from clinicpay.proof.groups import GROUPS
from followups.schedule import Terms
from followups.services import Said, log_attempt, start_plan
from followups.states import Frequency
from payments.states import Method
from tests.deposits.slips import back, paid, printed
from tests.factories import a_charge, a_closed_day, a_patient, a_payment, make_clinic
from tests.payments.requests import one_of_each
from tests.worlds import go_back_and_forth

pytestmark = pytest.mark.django_db(transaction=True)

MINE = "clinic_id = {clinic}"
FAULTS = {
    "cards": ("update payments_tally set amount = amount + 1 where {mine} and status = ''", "Total Collected"),
    "places": ("update payments_tally set place = 0 where {mine} and status = ''", "Collected in 12 months at Proofs"),
    "days": (
        "update close_dailyclose set snapshot = jsonb_set(snapshot, '{{tenders,cash,in}}', '1') where {mine}",
        "Closed day",
    ),
    "ages": ("update patients_account set oldest_open = oldest_open - 400 where {mine} and owes > 0", "90+ days"),
    "past": ("update balances_charge set outstanding = outstanding - 1 where {mine} and outstanding > 0", "All ages"),
    "accounts": ("update patients_account set deposits = deposits + 1 where {mine}", "Deposits"),
    "plans": (
        "update followups_instalment set amount = amount + 1 where {mine} and status = 'scheduled'",
        "Not yet billed",
    ),
    "slips": ("update deposits_bankslip set cash = cash + 1 where {mine} and state = 'printed'", "BS-001, cash"),
    "review": ("update balances_credit set received_on = received_on - 400 where {mine}", "Recovered"),
    "deposits": ("update balances_credit set available = available - 1 where {mine} and available > 0", "Unapplied"),
}
"""What somebody past every right could do to a derived row, and a figure that no longer agrees."""


@pytest.fixture(scope="module")
def books(django_db_setup, django_db_blocker):
    """A committed clinic with something of everything that is shown, and a closed day."""
    with django_db_blocker.unblock():
        home = make_clinic(f"proofs-{uuid.uuid4().hex[:8]}", "Proofs")
        with clinic_scope(home.clinic, home.olga.user):
            today = clock.today(home.clinic)
            patient = a_patient(home)
            one_of_each(home, patient, due=today - timedelta(1))
            charge = a_charge(home, patient, 20000, on=today - timedelta(70))
            a_payment(home, patient.account, 5500, (charge, 5000), on=today - timedelta(40))
            late = a_patient(home, "Late")
            start_plan(
                late.account, [a_charge(home, late, 9000)], Terms(3000, Frequency.MONTHLY, today), by=home.itself
            )
            go_back_and_forth(home, a_patient(home, "Mia"))
            a_closed_day(home, today - timedelta(40))
            _work(home, patient, charge)
        return home


def _work(home, patient, charge) -> None:
    """A printed slip, cash that waits with a refund of it, and money that came because somebody had called."""
    slip = [paid(home, 700).ref, paid(home, 900, Method.CHEQUE).ref]
    printed(home, *slip)
    back(home, paid(home, 500), 200)
    paid(home, 1100, Method.CHEQUE)
    today = clock.today(home.clinic)
    log_attempt(patient.account, Said("phone", "promised_payment", "", 3000, today + timedelta(5)), by=home.bill)
    payment = a_payment(home, patient.account, 3000, (charge, 3000))
    undo_allocation(payment.credits.get().entries.get(kind="allocate").pk, by=home.bill, reason="Less", keep=1000)


def outcomes(home) -> dict:
    with clinic_scope(home.clinic, home.olga.user):
        return {group.key: prove(group, home.clinic) for group in GROUPS}


def page(home, who: str = "olga", query: str = "") -> str:
    browser = Client()
    browser.force_login(getattr(home, who).user)
    answer = browser.get(f"/c/{home.clinic.slug}/settings/prove-it/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def superuser() -> psycopg.Connection:
    name = connection.settings_dict["NAME"]
    falsifier = psycopg.connect(os.environ["DATABASE_SUPERUSER_URL"], dbname=name, autocommit=True)
    falsifier.execute("set session_replication_role = replica")
    return falsifier


def test_every_shown_figure_agrees(books):
    found = outcomes(books)

    assert {key: [(*one.line, one.shown, one.again) for one in o.differences] for key, o in found.items()} == {
        group.key: [] for group in GROUPS
    }
    assert all(outcome.is_done and not outcome.moved for outcome in found.values())
    assert {key for key, o in found.items() if not any(one.shown for one in o.proved)} == set()  # not only zeros


def test_clinic_without_anything_agrees():
    assert not any(o.differences for o in outcomes(make_clinic(f"none-{uuid.uuid4().hex[:8]}")).values())


def test_account_that_owes_and_never_paid_has_nothing_in_hand():
    home = make_clinic(f"owes-{uuid.uuid4().hex[:8]}")
    with clinic_scope(home.clinic, home.olga.user):
        a_charge(home, a_patient(home), 1000)

    assert outcomes(home)["accounts"].differences == []


def test_every_group_has_a_fault_that_it_must_find():
    assert set(FAULTS) == {group.key for group in GROUPS}


@pytest.mark.parametrize("key", FAULTS)
def test_falsified_row_is_shown_as_a_difference(books, key):
    """The control: the figure on the page is wrong, and the page of proof says by how much."""
    statement, label = FAULTS[key]
    mine = MINE.format(clinic=books.clinic.pk)
    tables = statement.split()[1]
    with superuser() as falsifier:
        falsifier.execute(f"create temp table kept as select * from {tables} where {mine}")
        falsifier.execute(statement.replace("{{", "{").replace("}}", "}").replace("{mine}", mine))
        try:
            found = outcomes(books)[key].differences
            html = page(books, query=f"?of={key}")
        finally:
            falsifier.execute(f"delete from {tables} where {mine}")
            columns = [
                name
                for (name,) in falsifier.execute(
                    "select column_name from information_schema.columns where table_name = %s "
                    "and is_generated = 'NEVER'",
                    [tables],
                )
            ]
            named = ", ".join(f'"{name}"' for name in columns)
            falsifier.execute(f"insert into {tables} ({named}) overriding system value select {named} from kept")

    assert any(one.line.label.startswith(label) for one in found)
    assert "Something differs" in html
    assert not any(o.differences for o in outcomes(books).values())


def test_page_shows_both_values_their_difference_and_the_time(books):
    """Every card and bucket beside its proof, with the time that it took."""
    html = page(books)

    assert "Everything agrees" in html
    for group in GROUPS:
        assert f'id="{group.key}"' in html
    assert html.count("recomputed in") == len(GROUPS)
    assert "Total Collected" in html
    assert "What is outstanding on a charge is the sum of its entries." in html


def test_one_card_is_proved_alone(books):
    html = page(books, query="?of=ages")

    assert 'id="ages"' in html
    assert 'id="cards"' not in html
    assert "What is shown agrees" in html
    assert "Prove everything" in html


def test_unknown_card_proves_everything(books):
    assert 'id="cards"' in page(books, query="?of=%27;drop")


def test_what_takes_too_long_says_so_and_the_rest_goes_on(books):
    """At a million payments a page gives up rather than wait; the command has no limit."""
    with clinic_scope(books.clinic, books.olga.user), connection.cursor() as cursor:

        def slow(_clinic):
            cursor.execute("select pg_sleep(3)")
            return {}

        outcome = prove(Group("slow", "Slow", "payments", slow, slow), books.clinic, patience=1)
        cursor.execute("select 1")

    assert outcome.too_long
    assert not outcome.is_done


def test_money_that_moves_meanwhile_is_no_difference(books):
    values = iter(range(100))
    moving = Group("x", "X", "payments", lambda _: {Line("x"): next(values)}, lambda _: {Line("x"): -1})
    still = Group("x", "X", "payments", lambda _: {Line("x"): 5}, lambda _: {Line("x"): -1})
    with clinic_scope(books.clinic, books.olga.user):
        assert (prove(moving, books.clinic).moved, prove(moving, books.clinic).differences) == (True, [])
        assert [one.difference for one in prove(still, books.clinic).differences] == [6]


def test_command_carries_the_figures(books):
    out = io.StringIO()
    call_command("check_ledger", "--clinic", books.clinic.slug, "--json", stdout=out)
    report = json.loads(out.getvalue())

    assert report["ok"]
    (total,) = [one for one in report["figures"] if one["name"] == "Total Collected"]
    assert total["shown"] == total["recomputed"]
    assert total["difference"] == "0.00"


@pytest.mark.parametrize(("who", "may"), [("olga", True), ("adam", True), ("bill", False), ("rita", False)])
def test_cards_lead_to_their_proof_for_those_who_may(books, who, may):
    browser = Client()
    browser.force_login(getattr(books, who).user)
    for place, of in (
        ("payments", "cards"),
        ("followups", "ages"),
        ("plans", "plans"),
        ("deposits/overview", "deposits"),
    ):
        answer = browser.get(f"/c/{books.clinic.slug}/{place}/")
        if answer.status_code == 200:
            assert (f"settings/prove-it/?of={of}#{of}" in answer.content.decode()) is may, place
