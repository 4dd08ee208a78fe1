"""G3: since when an account owes is right after every turn that its charges take."""

from datetime import timedelta

import pytest

from balances.ledger import open_books
from balances.queries import live_allocations, oldest_open_date
from balances.services import credit_charge, undo_allocation
from clinicpay.clinics import clock
from clinicpay.patients.models import Account
from tests.balances.invariants import broken
from tests.factories import a_charge, a_patient, a_payment

pytestmark = pytest.mark.django_db


def _paid(home, *charges):
    """One payment that settles them all; the ids of its applications, in their order."""
    account, owed = charges[0].account, [(charge, charge.outstanding) for charge in charges]
    payment = a_payment(home, account, sum(amount for _, amount in owed), *owed)
    found = dict(live_allocations().filter(credit__payment=payment).values_list("charge", "pk"))
    return [found[charge.pk] for charge in charges]


def test_since_when_an_account_owes_follows_every_turn(harbor):
    patient, today = a_patient(harbor), clock.today(harbor.clinic)

    def charge(age):
        return a_charge(harbor, patient, 1000, on=today - timedelta(days=age))

    def owes_since(age):
        found = Account.objects.get(pk=patient.account_id).oldest_open
        assert found == oldest_open_date(patient.account_id)
        assert found == (None if age is None else today - timedelta(days=age))

    owes_since(None)
    middle, one, other, young = (charge(age) for age in (20, 40, 40, 5))
    owes_since(40)
    a_payment(harbor, patient.account, 300, (one, 300))  # a part of the oldest
    owes_since(40)
    one.refresh_from_db()
    [applied] = _paid(harbor, one)  # the other is of the same day
    owes_since(40)
    credit_charge(other, 1000, by=harbor.itself, reason="Not done")
    owes_since(20)
    [newest] = _paid(harbor, young)  # what is settled is not the oldest
    owes_since(20)
    undo_allocation(newest, by=harbor.itself, reason="Wrong one")  # what is opened is not the oldest
    owes_since(20)
    undo_allocation(applied, by=harbor.itself, reason="Wrong one", keep=100)  # opened again, older than all
    owes_since(40)
    older = charge(60)  # billed late
    owes_since(60)
    one.refresh_from_db()
    several = _paid(harbor, older, one, middle)
    owes_since(5)
    young.refresh_from_db()
    _paid(harbor, young)
    owes_since(None)
    undo_allocation(several[-1], by=harbor.itself, reason="Wrong one")
    owes_since(20)
    assert not broken()


def test_one_act_that_opens_and_settles(harbor):
    """Money that goes from the oldest charge to the next: the one is opened and the other settled by one act."""
    patient, today = a_patient(harbor), clock.today(harbor.clinic)
    old, next_one, last = (a_charge(harbor, patient, 1000, on=today - timedelta(days=age)) for age in (30, 20, 10))
    [applied] = _paid(harbor, old)
    entry = live_allocations().select_related("credit", "posting", "charge__invoice").get(pk=applied)
    for home, away in ((old, next_one), (next_one, old)):
        with open_books(patient.account, by=harbor.itself) as books:
            books.unallocate(entry, reason="Meant for another")
            books.allocate(entry.credit, away, 1000)
        account = Account.objects.get(pk=patient.account_id)
        assert account.oldest_open == home.invoice.invoice_date == oldest_open_date(account.pk)
        entry = live_allocations().select_related("credit", "posting", "charge__invoice").get(charge=away)
    _paid(harbor, next_one)
    assert Account.objects.get(pk=patient.account_id).oldest_open == last.invoice.invoice_date
    assert not broken()
