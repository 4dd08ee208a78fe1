"""Where balances come from, for many treatments at once (S0.14–S0.20, S0.25, S0.32)."""

import pytest
from django.db import IntegrityError, connection, transaction

from balances.models import BalanceException, Charge, Credit
from balances.origins import origins_of
from balances.queries import received_credit
from balances.services import apply_credit, complete_event, hold_credit, lift_exception, make_exception
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.patients.services import add_payer, open_account
from clinicpay.staff.access import Refused
from followups.schedule import Terms
from followups.services import start_plan
from followups.states import Frequency
from tests.balances.packages import a_package, a_staged, treatments
from tests.deposits.scene import a_deposit
from tests.factories import a_charge, a_patient, a_payment, an_event
from treatments.models import PriceItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(harbor):
    PriceItem.objects.create(code="D1110", description="Adult cleaning", fee=12000)
    return a_patient(harbor, "Mia", "Stone")


def said(*events):
    """Of each treatment its origins as (key, words)."""
    found = origins_of([event.pk for event in events], "USD")
    return [[(one.key, one.words) for one in found.get(event.pk, ())] for event in events]


def test_s0_14_and_s0_15_packages_and_stages(harbor, mia):
    package, staged = a_package(harbor, mia), a_staged(harbor, mia, 400_00, 300_00)
    plain = an_event(harbor, mia, 5000)
    first, stage = treatments(package)[0], treatments(staged)[1]
    complete_event(first, by=harbor.rita)
    assert said(first, stage, plain) == [
        [("package", "TP-001 Cleanings. Part 1 of 4: $250.00 of $1,000.00")],
        [("staged", "TP-002 Crown. Stage 2 of 2: $300.00 of $700.00")],
        [],
    ]
    found = origins_of([first.pk], "USD")[first.pk][0]
    assert (found.package, found.label) == (1, "Package")


def test_s0_16_part_payment(harbor, mia):
    charge = a_charge(harbor, mia, 250_00)
    apply_credit(received_credit(a_payment(harbor, mia.account, 100_00).pk), [(charge, 100_00)], by=harbor.rita)
    assert said(charge.event) == [[("part_payment", "$100.00 of $250.00 is paid")]]


def test_s0_17_deposits_and_pre_payments_that_are_not_used_yet(harbor, mia):
    charge = a_charge(harbor, mia, 250_00, discipline="Hygiene")
    held = received_credit(a_payment(harbor, mia.account, 60_00).pk)
    hold_credit(held, 60_00, by=harbor.rita, criteria={"discipline": "hygiene"})
    a_deposit(harbor, mia, 40_00)
    assert said(charge.event) == [
        [
            ("deposit", "$60.00 of PAY-001 is held for hygiene, not used yet"),
            ("deposit", "$40.00 taken as a deposit (PAY-002) is not used yet"),
        ]
    ]


def test_s0_18_finance_arrangements(harbor, mia):
    charge = a_charge(harbor, mia, 900_00)
    start_plan(mia.account, [charge], Terms(300_00, Frequency.MONTHLY, clock.today(harbor.clinic)), by=harbor.bill)
    lender = open_account(by=harbor.itself, name="CareCredit", kind=Account.Kind.THIRD_PARTY)
    add_payer(mia, lender, by=harbor.itself)
    assert said(charge.event) == [
        [("finance", "$900.00 is on a payment plan"), ("finance", "CareCredit finances it as a third party")]
    ]


def test_s0_19_admin_exceptions_with_a_note(harbor, mia):
    charge = a_charge(harbor, mia, 100_00)
    with pytest.raises(Refusal, match="Write why"):
        make_exception(charge.event, by=harbor.rita, note=" ")
    make_exception(charge.event, by=harbor.rita, note="Owner agreed: pays with the next visit")
    assert said(charge.event) == [[("exception", "Owner agreed: pays with the next visit (Rita)")]]
    with pytest.raises(Refusal, match="has an exception already"):
        make_exception(charge.event, by=harbor.adam, note="Twice")
    with pytest.raises(Refused):
        make_exception(charge.event, by=harbor.petra, note="No")
    with pytest.raises(Refusal, match="Say why"):
        lift_exception(charge.event, by=harbor.adam, reason="")
    lift_exception(charge.event, by=harbor.adam, reason="Was paid")
    assert said(charge.event) == [[]]
    with pytest.raises(Refusal, match="no exception any more"):
        lift_exception(charge.event, by=harbor.adam, reason="Again")
    kept = BalanceException.objects.get()
    assert (kept.made_by_id, kept.lifted_by_id is not None) == (harbor.rita.user_id, True)
    assert AuditEvent.objects.filter(action__startswith="exception.").count() == 2


def test_s0_20_each_balance_stands_in_its_context(harbor, mia):
    """C1, C7: every charge leads to its treatment, and by it to date, physician and location."""
    package = a_package(harbor, mia)
    complete_event(treatments(package)[0], by=harbor.rita)
    charge = Charge.objects.select_related("event__practitioner", "event__location").get()
    assert charge.event.practitioner == harbor.practitioner
    assert charge.event.location == harbor.location
    assert charge.event.service_at


def test_s0_25_no_balance_floats(harbor, mia):
    """A charge without a treatment is an office charge, or comes from one by a plan: the database sees to it."""
    charge = a_charge(harbor, mia, 100_00)
    with pytest.raises(IntegrityError, match="balances_charge_placed"), transaction.atomic():
        Charge.objects.create(
            account=mia.account, invoice=charge.invoice, description="Floating", amount=1, service_date="2026-11-20"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_constraint where conname in "
            "('balances_charge_placed', 'balances_charge_source', 'balances_charge_invoiced') and convalidated"
        )
        assert cursor.fetchone() == (3,)


@pytest.mark.parametrize("count", [1, 7])
def test_the_questions_do_not_grow_with_the_treatments(harbor, django_assert_num_queries, count):
    events = []
    for number in range(count):
        patient = a_patient(harbor, f"Mia{number}")
        events += treatments(a_package(harbor, patient, code=""))
        charge = a_charge(harbor, patient, 250_00, discipline="Hygiene")
        events.append(charge.event)
        money = Credit.objects.get(payment=a_payment(harbor, patient.account, 60_00))
        hold_credit(money, 60_00, by=harbor.rita, criteria={"discipline": "Hygiene"})
        a_deposit(harbor, patient, 40_00)
        make_exception(charge.event, by=harbor.rita, note="Agreed")
    ids = [event.pk for event in events]
    with django_assert_num_queries(11):
        found = origins_of(ids, "USD")
    assert len(found) == len(ids)


def test_nothing_is_asked_of_nothing(harbor, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert origins_of([], "USD") == {}
