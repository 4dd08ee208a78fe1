"""Worked cases A of spec/cases.md through our own services; the number of each is in its test's name."""

from datetime import timedelta

import pytest

from balances.queries import invoices_with_balance, live_allocations, open_charges, open_credits
from balances.services import apply_credit, run_auto_apply, suggest, undo_allocation
from balances.states import CreditKind
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from payments.services import PaymentRequest, collect_payment, create_payment, reverse_payment
from payments.states import Method, PaymentType
from tests.balances.invariants import broken
from tests.balances.money import allocation, applied, credit_of, left, totals
from tests.factories import a_charge, a_patient, a_payment


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def ago(harbor):
    """A date some days ago."""
    return lambda days: clock.today(harbor.clinic) - timedelta(days=days)


def test_case_a1_two_payments_on_one_invoice_and_one_cancelled(harbor, ethan):
    charge = a_charge(harbor, ethan, 20000)
    first = a_payment(harbor, ethan.account, 5500)
    a_payment(harbor, ethan.account, 3500)
    run_auto_apply(by=harbor.bill)
    assert left(charge) == [11000]
    assert not open_credits([ethan.account]).exists()
    reverse_payment(first, by=harbor.rita, reason="cancelled")
    assert left(charge) == [16500]
    assert (open_charges([ethan.account]).count(), open_credits([ethan.account]).count()) == (1, 0)


def test_case_a2_edited_amount_leaves_a_remainder_on_both_sides(harbor, ethan):
    charge = a_charge(harbor, ethan, 10000)
    payment = a_payment(harbor, ethan.account, 10000)
    apply_credit(credit_of(payment), [(charge, 8000)], by=harbor.rita)
    assert [one.outstanding for one in open_charges([ethan.account])] == [2000]
    assert [one.available for one in open_credits([ethan.account])] == [2000]


def test_case_a3_filter_by_date_does_not_change_outstanding(harbor, ethan, ago):
    payment = a_payment(harbor, ethan.account, 2500, on=ago(30))
    charge = a_charge(harbor, ethan, 2500)
    apply_credit(credit_of(payment), [(charge, 2500)], by=harbor.rita)
    today = invoices_with_balance(invoice_date=ago(0))
    assert [invoice.outstanding for invoice in today] == [0]
    assert not open_charges([ethan.account]).filter(invoice__invoice_date=ago(0)).exists()


def test_case_a4_limits_of_amount_and_number_narrow_both_lists(harbor, ethan):
    for amount in (30000, 40000, 50000):
        a_charge(harbor, ethan, amount)
        a_payment(harbor, ethan.account, amount)
    charges, credits = open_charges([ethan.account]), open_credits([ethan.account])
    assert charges.filter(outstanding__range=(40000, 50000)).count() == 2
    assert credits.filter(available__range=(30000, 60000)).count() == 3
    for _ in range(2):
        a_charge(harbor, ethan, 10000)
        a_payment(harbor, ethan.account, 10000)
    assert (len(charges.all()[:2]), len(credits.all()[:3])) == (2, 3)


def test_case_a6_money_that_was_used_already_is_refused(harbor, ethan):
    first, second = a_charge(harbor, ethan, 10000), a_charge(harbor, ethan, 20000)
    payment = a_payment(harbor, ethan.account, 20000, (first, 10000))
    with pytest.raises(Refusal, match="more than the money that is available"):
        apply_credit(credit_of(payment), [(second, 20000)], by=harbor.rita)
    assert left(second) == [20000]


def test_case_a7_oldest_charges_first(harbor, ethan, ago):
    charges = [a_charge(harbor, ethan, fee, on=ago(days)) for fee, days in ((5000, 1), (6000, 3), (4000, 2))]
    a_payment(harbor, ethan.account, 15000)
    run_auto_apply(by=harbor.bill)
    assert applied() == [6000, 4000, 5000]
    assert left(*charges) == [0, 0, 0]


def test_case_a9_money_beyond_all_debt_stays_unapplied(harbor, ethan, ago):
    for fee, days in ((6000, 3), (4000, 2), (8000, 1)):
        a_charge(harbor, ethan, fee, on=ago(days))
    a_payment(harbor, ethan.account, 20000)
    run_auto_apply(by=harbor.bill)
    new = a_payment(harbor, ethan.account, 5000)
    assert run_auto_apply(by=harbor.bill).allocated == 0
    assert credit_of(new).available == 5000


def test_case_a11_payment_below_the_total_fills_in_order(harbor, ethan, ago):
    charges = [a_charge(harbor, ethan, 4000, on=ago(2)), a_charge(harbor, ethan, 4000, on=ago(1))]
    assert [amount for _, amount in suggest(ethan.account, 5000)] == [4000, 1000]
    a_payment(harbor, ethan.account, 5000)
    run_auto_apply(by=harbor.bill)
    assert applied() == [4000, 1000]
    assert left(*charges) == [0, 3000]


def test_case_a12_no_negative_allocation_is_suggested(harbor, ethan, ago):
    large, small = a_charge(harbor, ethan, 7000, on=ago(2)), a_charge(harbor, ethan, 2000, on=ago(1))
    with pytest.raises(Refusal, match="more than what is still owed"):
        a_payment(harbor, ethan.account, 7100, (large, 7100))
    a_payment(harbor, ethan.account, 7000, (large, 7000))
    assert suggest(ethan.account, 200) == [(small, 200)]
    a_payment(harbor, ethan.account, 200)
    run_auto_apply(by=harbor.bill)
    assert left(large, small) == [0, 1800]


def test_case_a13_date_order_across_the_family(harbor, ethan, ago):
    member = a_patient(harbor, "Mia", account=ethan.account)
    charges = [
        a_charge(harbor, ethan, 5000, on=ago(1)),
        a_charge(harbor, member, 4000, on=ago(2)),
        a_charge(harbor, ethan, 6000, on=ago(3)),
    ]
    a_payment(harbor, ethan.account, 15000)
    run_auto_apply(by=harbor.bill)
    assert applied() == [6000, 4000, 5000]
    assert left(*charges) == [0, 0, 0]


def test_case_a15_applying_again_to_a_paid_charge_does_nothing(harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    payment = a_payment(harbor, ethan.account, 10000)
    apply_credit(credit_of(payment), [(charge, 5000)], by=harbor.rita)
    with pytest.raises(Refusal):
        apply_credit(credit_of(payment), [(charge, 5000)], by=harbor.rita)
    run_auto_apply(by=harbor.bill)
    assert credit_of(payment).available == 5000
    assert applied() == [5000]


def test_case_a17_undoing_one_returns_only_its_own_amount(harbor, ethan):
    first, second = a_charge(harbor, ethan, 500), a_charge(harbor, ethan, 500)
    payment = a_payment(harbor, ethan.account, 10000, (first, 500), (second, 500))
    assert credit_of(payment).available == 9000
    undo_allocation(allocation(charge=first).pk, by=harbor.rita, reason="un-reconciled")
    assert credit_of(payment).available == 9500
    assert left(first, second) == [500, 0]


@pytest.mark.parametrize("invoices", [3, 4])
def test_case_a18_undoing_one_of_several_reopens_only_that_one(harbor, ethan, invoices):
    charges = [a_charge(harbor, ethan, 1000) for _ in range(invoices)]
    a_payment(harbor, ethan.account, 1000 * invoices, *[(charge, 1000) for charge in charges])
    undo_allocation(allocation(charge=charges[1]).pk, by=harbor.rita, reason="wrong invoice")
    assert left(*charges) == [1000 if n == 1 else 0 for n in range(invoices)]


def test_case_a24_overpayment_stays_as_credit(harbor, ethan):
    charge = a_charge(harbor, ethan, 10000)
    a_payment(harbor, ethan.account, 30000, (charge, 10000))
    assert totals(ethan.account) == (0, 20000)


def test_case_a26_partial_payment_shows_paid_and_balance(harbor, ethan):
    charge = a_charge(harbor, ethan, 100000)
    a_payment(harbor, ethan.account, 20000, (charge, 20000))
    invoice = invoices_with_balance().get()
    assert (invoice.charged - invoice.outstanding, invoice.outstanding) == (20000, 80000)


def test_case_a27_one_payment_for_two_patients(harbor, ethan):
    member = a_patient(harbor, "Mia", account=ethan.account)
    charges = [a_charge(harbor, ethan, 20000), a_charge(harbor, member, 30000)]
    payment = a_payment(harbor, ethan.account, 50000, (charges[0], 20000), (charges[1], 30000))
    entries = live_allocations(credit__payment=payment).order_by("pk")
    assert [(entry.charge.patient_id, entry.applied) for entry in entries] == [(ethan.pk, 20000), (member.pk, 30000)]


def test_case_a28_many_partly_paid_invoices_leave_no_drift(harbor, ethan):
    charges = [a_charge(harbor, ethan, 3333) for _ in range(9)]
    a_payment(harbor, ethan.account, 9 * 1111, *[(charge, 1111) for charge in charges])
    a_payment(harbor, ethan.account, 9 * 2222)
    run_auto_apply(by=harbor.bill)
    assert left(*charges) == [0] * 9
    assert totals(ethan.account) == (0, 0)
    assert not broken()


def test_case_r13_deleted_reconciliation_reopens_the_invoice(harbor, ethan):
    charge = a_charge(harbor, ethan, 10000)
    a_payment(harbor, ethan.account, 10000, (charge, 10000))
    undo_allocation(allocation().pk, by=harbor.rita, reason="reconciled wrongly")
    invoice = invoices_with_balance().get()
    assert invoice.outstanding == 10000
    assert [one.pk for one in open_charges([ethan.account])] == [charge.pk]


def test_case_a30_deposit_is_recalled_as_far_as_it_goes(harbor, ethan):
    asked = create_payment(PaymentRequest(ethan, 10000, harbor.location, kind=PaymentType.PRE_PAYMENT), by=harbor.rita)
    collect_payment(asked, by=harbor.rita, method=Method.CARD)
    deposit, charge = credit_of(asked), a_charge(harbor, ethan, 50000)
    assert deposit.kind == CreditKind.DEPOSIT
    with pytest.raises(Refusal, match="more than the money that is available"):
        apply_credit(deposit, [(charge, 20000)], by=harbor.rita)
    apply_credit(deposit, [(charge, 10000)], by=harbor.rita)
    assert left(charge) == [40000]
