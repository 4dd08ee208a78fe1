"""The automatic run over a clinic: what it writes, keeps away from, and does a second time."""

import pytest

from balances.ledger import open_books
from balances.models import Decision, Entry, Posting
from balances.services import plan_auto_apply, run_auto_apply
from balances.states import CreditKind, PostingKind, Source
from clinicpay.patients.models import Account
from clinicpay.patients.services import add_payer, open_account
from clinicpay.staff.access import Refused
from payments.models import Payment
from tests.balances.invariants import broken
from tests.balances.money import applied, credit_of, left, totals
from tests.factories import a_charge, a_patient, a_payment, an_event


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def hold(home, account: Account, amount: int, kind: CreditKind = CreditKind.PRE_PAYMENT) -> Payment:
    """Money taken in advance."""
    with open_books(account, by=home.itself) as books:
        payment = Payment.objects.create(
            number=70, account=account, location=home.location, amount=amount, method="cash", status="paid"
        )
        credit = books.receive(payment, CreditKind.DEPOSIT if kind == CreditKind.DEPOSIT else CreditKind.UNAPPLIED)
        if kind == CreditKind.PRE_PAYMENT:
            books.hold(credit, amount)
    return payment


@pytest.mark.parametrize("again", [1, 2])
def test_second_and_third_run_write_no_money(harbor, ethan, again):
    a_charge(harbor, ethan, 5000)
    a_payment(harbor, ethan.account, 7000)
    assert run_auto_apply(by=harbor.bill).allocated == 5000
    before = Posting.objects.count(), Entry.objects.count()
    for _ in range(again):
        assert run_auto_apply(by=harbor.bill).allocated == 0
    assert (Posting.objects.count(), Entry.objects.count()) == before


def test_run_never_takes_a_prepayment(harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    held = hold(harbor, ethan.account, 7000)
    run = run_auto_apply(by=harbor.bill)
    assert run.allocated == 0
    assert left(charge) == [5000]
    assert held.credits.get(kind=CreditKind.PRE_PAYMENT).available == 7000
    assert "held as a pre-payment" in run.decisions.get().reason


def test_run_uses_deposits_before_unapplied_money(harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    free = a_payment(harbor, ethan.account, 4000)
    deposit = hold(harbor, ethan.account, 3000, CreditKind.DEPOSIT)
    run_auto_apply(by=harbor.bill)
    assert (credit_of(deposit).available, credit_of(free).available) == (0, 2000)
    assert left(charge) == [0]


def test_run_pays_the_linked_treatment_first(harbor, ethan):
    older = a_charge(harbor, ethan, 5000)
    linked = a_charge(harbor, ethan, 3000)
    a_payment(harbor, ethan.account, 4000, event=linked.event)
    run_auto_apply(by=harbor.bill)
    assert left(older, linked) == [4000, 0]


def test_run_keeps_accounts_apart(harbor, ethan):
    stranger = a_patient(harbor, "Mia")
    charge = a_charge(harbor, stranger, 5000)
    a_payment(harbor, ethan.account, 7000)
    run_auto_apply(by=harbor.bill)
    assert left(charge) == [5000]


def test_run_leaves_an_insurers_money_to_people(harbor, ethan):
    insurer = open_account(by=harbor.itself, name="Delta", kind=Account.Kind.INSURANCE)
    add_payer(ethan, insurer, by=harbor.itself)
    charge = a_charge(harbor, ethan, 5000)
    a_payment(harbor, insurer, 5000)
    run_auto_apply(by=harbor.bill)
    assert left(charge) == [5000]


def test_run_does_what_its_preview_shows(harbor, ethan):
    for fee in (6000, 4000, 5000):
        a_charge(harbor, ethan, fee)
    a_payment(harbor, ethan.account, 11000)
    decided, skipped = plan_auto_apply([ethan.account_id])
    run = run_auto_apply(by=harbor.bill)
    assert [one.amount for one in decided] == applied() == [6000, 4000, 1000]
    assert list(run.decisions.order_by("pk").values_list("reason", flat=True)) == [
        one.reason for one in [*decided, *skipped]
    ]
    assert Posting.objects.filter(kind=PostingKind.ALLOCATE).get().source == Source.AUTO


def test_run_over_two_accounts_is_one_statement_each_to_its_own(harbor, ethan):
    mia = a_patient(harbor, "Mia")
    for patient in (ethan, mia):
        a_charge(harbor, patient, 5000)
        a_payment(harbor, patient.account, 2000)
    run_auto_apply(by=harbor.bill)
    assert [totals(patient.account) for patient in (ethan, mia)] == [(3000, 0), (3000, 0)]
    assert Decision.objects.filter(amount=2000).count() == 2
    assert not broken()


def test_run_by_reception_is_refused(harbor, ethan):
    with pytest.raises(Refused):
        run_auto_apply(by=harbor.rita)


def test_unbilled_work_is_not_paid(harbor, ethan):
    an_event(harbor, ethan, 5000)
    a_payment(harbor, ethan.account, 5000)
    assert run_auto_apply(by=harbor.bill).allocated == 0
