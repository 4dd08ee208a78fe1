"""The allocate page: whose charges, what is filled in, OK and Cancel (S3.1–S3.6, S3.20–S3.30, S3.40)."""

from datetime import timedelta

import pytest
from django.test import Client

from balances.queries import live_allocations
from balances.services import bill_event
from clinicpay.clinics import clock
from clinicpay.patients.models import Account
from clinicpay.patients.services import add_payer, open_account
from followups.schedule import Terms
from followups.services import bill_instalment, start_plan
from followups.states import Frequency
from payments.queries import parts_of
from tests.balances.money import left
from tests.factories import a_charge, a_patient, a_payment, an_event
from tests.payments.allocating import an_office_charge, available, opened
from treatments.services import move_event
from treatments.states import EventState

pytestmark = pytest.mark.django_db


@pytest.fixture
def bill(harbor):
    """Billing, signed in."""
    client = Client()
    client.force_login(harbor.bill.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def family(harbor):
    """Ethan, Mia and Noah on one account, who owe 60.00, 40.00 and 50.00, oldest first."""
    ethan = a_patient(harbor)
    mia, noah = (a_patient(harbor, name, account=ethan.account) for name in ("Mia", "Noah"))
    today = clock.today(harbor.clinic)
    owed = ((ethan, 6000, 3), (mia, 4000, 2), (noah, 5000, 1))
    charges = [a_charge(harbor, who, fee, on=today - timedelta(days=ago)) for who, fee, ago in owed]
    return (ethan, mia, noah), charges


def test_s3_1_to_s3_4_every_kind_of_charge_is_listed_and_paid(harbor, bill):
    """S3.1 in progress, S3.2 completed, S3.3 office charges, S3.4 instalments; S3.21 all that is open."""
    ethan = a_patient(harbor)
    a_charge(harbor, ethan, 1000)
    begun = move_event(an_event(harbor, ethan, 2000), EventState.IN_PROGRESS, by=harbor.itself)
    bill_event(begun, by=harbor.itself)
    an_office_charge(harbor, ethan.account, 1500)
    today = clock.today(harbor.clinic)
    plan = start_plan(
        ethan.account, [a_charge(harbor, ethan, 9000)], Terms(3000, Frequency.MONTHLY, today), by=harbor.bill
    )
    bill_instalment(plan.instalments.order_by("position")[0], by=harbor.bill)
    payment = a_payment(harbor, ethan.account, 10000)

    sheet = opened(bill, harbor, payment)
    answer = sheet.ok()

    for words in ("Completed treatment", "Treatment in progress", "Office charge", "Plan instalment", "No patient"):
        assert words in sheet.html
    assert sorted(sheet.filled.values()) == ["10.00", "15.00", "20.00", "30.00"]  # no principal that isn't billed
    assert answer.status_code == 302
    assert Account.objects.get(pk=ethan.account_id).owes == 0
    assert available(payment) == [2500]


def test_s3_20_all_patients_of_the_payment_are_listed_and_select_all_selects_them(harbor, bill, family):
    people, _ = family
    payment = a_payment(harbor, people[0].account, 5000)

    sheet = opened(bill, harbor, payment)
    alone = opened(bill, harbor, payment, f"?patients={people[1].ref}")
    everybody = alone.choose(people[1].ref, all="1")

    assert set(sheet.ticked) == {one.ref for one in people}
    assert "Select All" in sheet.html
    assert alone.ticked == [people[1].ref]
    assert len(everybody.filled) == 3


def test_s3_22_a1_the_lower_of_available_and_outstanding_is_filled_in_from_the_top(harbor, bill, family):
    people, charges = family
    sheet = opened(bill, harbor, a_payment(harbor, people[0].account, 8000))

    assert list(sheet.filled.values()) == ["60.00", "20.00", ""]
    assert list(sheet.filled) == [f"apply-{charge.pk}" for charge in charges]


def test_s3_23_applied_column_says_what_is_staged_and_what_was_applied_before(harbor, bill, family):
    people, charges = family
    payment = a_payment(harbor, people[0].account, 8000, (charges[0], 1000))

    sheet = opened(bill, harbor, payment)

    assert ">Applied</th>" in sheet.html
    assert f'data-applied-for="apply-{charges[0].pk}">$50.00</span>' in sheet.html
    assert "$10.00 before" in sheet.html


def test_s3_24_and_s3_25_what_is_not_covered_stays_owed_and_what_is_over_stays_unapplied(harbor, bill, family):
    people, charges = family
    small, large = (a_payment(harbor, people[0].account, amount) for amount in (2500, 30000))

    opened(bill, harbor, small).ok()
    assert left(*charges) == [3500, 4000, 5000]
    assert available(small) == [0]
    opened(bill, harbor, large).ok()

    assert left(*charges) == [0, 0, 0]
    assert available(large) == [17500]


def test_s3_6_one_payment_goes_to_several_items_and_stays_partly_unapplied(harbor, bill, family):
    people, charges = family
    payment = a_payment(harbor, people[0].account, 10000)

    answer = opened(bill, harbor, payment).ok({charges[0]: "10", charges[1]: "1,0.50", charges[2]: "20.5"})
    assert answer.status_code == 422  # "1,0.50" is no amount
    answer = opened(bill, harbor, payment).ok({charges[0]: "10", charges[1]: "", charges[2]: "20.5"})

    assert answer.status_code == 302
    assert left(*charges) == [5000, 4000, 2950]
    assert available(payment) == [6950]


def test_s3_27_nothing_is_saved_without_ok_and_s3_28_cancel_saves_nothing(harbor, bill, family):
    people, charges = family
    payment = a_payment(harbor, people[0].account, 8000)

    sheet = opened(bill, harbor, payment)
    sheet.choose(people[0].ref, typed={charges[0]: "5"})
    cancel = bill.get(f"/c/harbor/payments/{payment.ref}/")

    assert f'href="/c/harbor/payments/{payment.ref}/">Cancel' in sheet.html
    assert cancel.status_code == 200
    assert left(*charges) == [6000, 4000, 5000]
    assert available(payment) == [8000]


def test_s3_26_clear_all_can_be_entered_again(harbor, bill, family):
    people, charges = family
    payment = a_payment(harbor, people[0].account, 8000)
    sheet = opened(bill, harbor, payment)

    cleared = sheet.ok(dict.fromkeys(charges, ""))
    entered = opened(bill, harbor, payment).ok({charges[0]: "", charges[1]: "", charges[2]: "50"})

    assert "data-clear-all" in sheet.html
    assert (cleared.status_code, entered.status_code) == (422, 302)
    assert "Enter what to apply." in cleared.content.decode()
    assert left(*charges) == [6000, 4000, 0]


def test_s3_40_the_list_follows_the_patients_before_ok(harbor, bill, family):
    people, charges = family
    payment = a_payment(harbor, people[0].account, 8000)
    sheet = opened(bill, harbor, payment)

    fewer = sheet.choose(people[1].ref, people[2].ref)
    none = sheet.choose()
    plain = opened(bill, harbor, payment, f"?patients={people[2].ref}")

    assert fewer.filled == {f"apply-{charges[1].pk}": "40.00", f"apply-{charges[2].pk}": "40.00"}
    assert none.filled == {}
    assert "Choose patients" in none.html
    assert plain.filled == {f"apply-{charges[2].pk}": "50.00"}


def test_s3_40_what_was_typed_stays_when_the_list_grows(harbor, bill, family):
    people, charges = family
    payment = a_payment(harbor, people[0].account, 8000)
    one = opened(bill, harbor, payment, f"?patients={people[0].ref}")

    grown = one.choose(people[0].ref, people[2].ref, typed={charges[0]: "35"})
    wrong = one.choose(people[0].ref, people[2].ref, typed={charges[0]: "abc"})

    assert grown.filled == {f"apply-{charges[0].pk}": "35.00", f"apply-{charges[2].pk}": "45.00"}
    assert wrong.filled[f"apply-{charges[0].pk}"] == "abc"


def test_family_of_several_accounts_is_not_mixed(harbor, bill, family):
    people, _ = family
    stranger = a_patient(harbor, "Zoe", "Other")
    a_charge(harbor, stranger, 9900)

    sheet = opened(bill, harbor, a_payment(harbor, people[0].account, 5000))

    assert "Zoe" not in sheet.html
    assert "$99.00" not in sheet.html


def test_case_a13_and_a27_one_payment_pays_a_family_in_the_order_of_dates(harbor, bill, family):
    people, charges = family
    payment = a_payment(harbor, people[0].account, 15000)

    opened(bill, harbor, payment).ok()

    entries = live_allocations(credit__payment=payment).order_by("pk")
    assert [(one.charge.patient_id, one.applied) for one in entries] == [
        (people[0].pk, 6000),
        (people[1].pk, 4000),
        (people[2].pk, 5000),
    ]
    assert left(*charges) == [0, 0, 0]


@pytest.fixture
def remitted(harbor, family):
    """An insurer that Ethan and a stranger list as payer, and its 120.00."""
    insurer = open_account(by=harbor.itself, kind=Account.Kind.INSURANCE, name="Beacon")
    stranger = a_patient(harbor, "Zoe", "Other")
    charge = a_charge(harbor, stranger, 7000)
    for patient in (family[0][0], stranger):
        add_payer(patient, insurer, by=harbor.itself)
    return a_payment(harbor, insurer, 12000), stranger, charge


def test_insurers_money_lists_the_patients_that_name_it_and_pays_them(harbor, bill, family, remitted):
    people, charges = family
    payment, stranger, charge = remitted

    sheet = opened(bill, harbor, payment)
    both = sheet.choose(people[0].ref, stranger.ref)
    answer = opened(bill, harbor, payment, f"?patients={people[0].ref}&patients={stranger.ref}").ok()

    assert sheet.ticked == []  # whom it pays is said, not guessed
    assert "Choose patients" in sheet.html
    assert "Mia" not in sheet.html  # of the same family, but she doesn't list it
    assert both.filled == {f"apply-{charges[0].pk}": "60.00", f"apply-{charge.pk}": "60.00"}
    assert answer.status_code == 302
    assert left(charges[0], charges[1], charge) == [0, 4000, 1000]


def test_insurers_patients_are_found_by_name_when_there_are_many(harbor, bill, remitted, monkeypatch):
    payment, stranger, _ = remitted
    monkeypatch.setattr("balances.payable.MOST_PEOPLE", 1)

    first = opened(bill, harbor, payment)
    found = opened(bill, harbor, payment, "?find=zoe&patients=")

    assert "1 more owe something" in " ".join(first.html.split())
    assert stranger.ref in found.html


def test_s3_29_s3_30_and_s3_36_colours_follow_what_is_allocated(harbor, bill, family):
    """Black, green, and in rows of other tests purple; each with a glyph and words, wherever payments are listed."""
    people, charges = family
    full = a_payment(harbor, people[0].account, 6000, (charges[0], 6000), patient=people[0])
    part = a_payment(harbor, people[0].account, 5000, (charges[1], 4000), patient=people[0])
    none = a_payment(harbor, people[0].account, 100, patient=people[0])

    states = [one.state for one in parts_of([full, part, none]).values()]
    pages = {
        name: bill.get(f"/c/harbor/{place}").content.decode()
        for name, place in {
            "list": "payments/",
            "receipts": f"patients/{people[0].ref}/receipts/",
            "receipt": f"receipts/{part.receipt.ref}/",
            "patient": f"patients/{people[0].ref}/",
            "account": f"transactions/{people[0].account.ref}/?show=all",
        }.items()
    }

    assert states == ["full", "part", ""]
    for name in ("list", "receipts", "account"):
        assert 'data-alloc="full" title="fully allocated"' in pages[name], name
    for name, page in pages.items():
        assert 'data-alloc="part" title="partly allocated, $10.00 left"' in page, name
        assert 'class="legend"' in page, name
