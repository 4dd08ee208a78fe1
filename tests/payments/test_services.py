"""Taking money and taking it back; worked cases R and W-1 as far as the acts exist."""

import pytest

from balances.models import Charge, Credit, Posting
from balances.services import apply_credit
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.patients.services import add_payer, open_account
from clinicpay.staff.access import Refused
from payments.models import Payment, Receipt
from payments.services import Order, Tender, record_payment, reverse_payment
from payments.states import Method
from tests.balances.invariants import broken
from tests.balances.money import applied, credit_of, left, totals
from tests.factories import a_charge, a_patient, a_payment, an_invoice


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def insurer(harbor, ethan):
    account = open_account(by=harbor.itself, name="Delta", kind=Account.Kind.INSURANCE)
    add_payer(ethan, account, by=harbor.itself)
    return account


def take(home, account, *tenders, parts=(), **more):
    order = Order(
        location=home.location,
        tenders=[Tender(method, amount) for method, amount in tenders],
        parts=[(charge.pk, amount) for charge, amount in parts],
        **more,
    )
    return record_payment(account, order, by=home.rita)


def test_split_tender_is_one_receipt_with_a_payment_per_tender(harbor, ethan):
    first, second = a_charge(harbor, ethan, 3000), a_charge(harbor, ethan, 5000)
    tenders = (Method.CASH, 4000), (Method.CARD, 3500)
    receipt = take(harbor, ethan.account, *tenders, parts=[(first, 3000), (second, 4000)])
    assert list(receipt.payments.order_by("number").values_list("method", "amount")) == list(tenders)
    assert applied() == [3000, 1000, 3000]
    assert totals(ethan.account) == (1000, 500)
    assert not broken()


@pytest.mark.parametrize("tenders", [[], [(Method.CASH, 0)], [(Method.CASH, -5)], [(Method.CASH, 5), (Method.CARD, 0)]])
def test_payment_of_nothing_is_refused(harbor, ethan, tenders):
    with pytest.raises(Refusal, match="greater than zero"):
        take(harbor, ethan.account, *tenders)
    assert not Receipt.objects.exists()


def test_applying_more_than_was_paid_is_refused(harbor, ethan):
    charge = a_charge(harbor, ethan, 3000)
    with pytest.raises(Refusal, match="More is applied than was paid"):
        take(harbor, ethan.account, (Method.CASH, 1000), parts=[(charge, 1001)])


def test_negative_part_is_refused(harbor, ethan):
    charge, other = a_charge(harbor, ethan, 3000), a_charge(harbor, ethan, 3000)
    with pytest.raises(Refusal, match="negative"):
        take(harbor, ethan.account, (Method.CASH, 1000), parts=[(charge, 2000), (other, -1000)])


def test_charge_that_does_not_exist_is_refused(harbor, ethan, lakeside):
    order = Order(location=harbor.location, tenders=[Tender(Method.CASH, 10)], parts=[(10**9, 10)])
    with pytest.raises(Refusal, match="no longer exists"):
        record_payment(ethan.account, order, by=harbor.rita)
    assert not Payment.objects.exists()


def test_charge_of_another_account_is_refused(harbor, ethan):
    charge = a_charge(harbor, a_patient(harbor, "Mia"), 3000)
    with pytest.raises(Refusal, match="can't pay for a patient of another"):
        take(harbor, ethan.account, (Method.CASH, 1000), parts=[(charge, 1000)])


def test_insurer_pays_for_its_patient(harbor, ethan, insurer):
    charge = a_charge(harbor, ethan, 3000)
    take(harbor, insurer, (Method.CHEQUE, 2000), parts=[(charge, 1500)], patient=ethan, event=charge.event)
    assert totals(ethan.account) == (1500, 0)
    assert totals(insurer) == (0, 500)
    assert not broken()


def test_insurer_for_somebody_elses_treatment_is_refused(harbor, insurer):
    charge = a_charge(harbor, a_patient(harbor, "Mia"), 3000)
    with pytest.raises(Refusal, match="another account"):
        take(harbor, insurer, (Method.CHEQUE, 2000), event=charge.event)


def test_payment_for_a_patient_of_another_account_is_refused(harbor, ethan):
    with pytest.raises(Refusal, match="patient belongs to another account"):
        take(harbor, ethan.account, (Method.CASH, 1000), patient=a_patient(harbor, "Mia"))
    assert not Payment.objects.exists()


def test_insurers_reversed_payment_reopens_the_patients_invoice(harbor, ethan, insurer):
    charge = a_charge(harbor, ethan, 3000)
    receipt = take(harbor, insurer, (Method.CHEQUE, 2000), parts=[(charge, 1500)])
    reverse_payment(receipt.payments.get(), by=harbor.rita, reason="stopped cheque")
    assert (totals(ethan.account), totals(insurer)) == ((3000, 0), (0, 0))
    assert not broken()


def test_payment_by_a_practitioner_is_refused(harbor, ethan):
    order = Order(location=harbor.location, tenders=[Tender(Method.CASH, 10)])
    with pytest.raises(Refused):
        record_payment(ethan.account, order, by=harbor.petra)


def test_reversal_restores_everything_the_payment_paid(harbor, ethan):
    charges = [a_charge(harbor, ethan, 1000) for _ in range(3)]
    payment = a_payment(harbor, ethan.account, 2500, *[(charge, 700) for charge in charges])
    reverse_payment(payment, by=harbor.rita, reason="entered twice")
    assert left(*charges) == [1000] * 3
    assert totals(ethan.account) == (3000, 0)
    assert Credit.objects.get().available == 0
    line = AuditEvent.objects.get(action="payment.reversed")
    assert (line.before, line.after, line.reason) == ({"status": "paid"}, {"status": "voided"}, "entered twice")
    assert not broken()


def test_reversal_leaves_other_payments_of_the_receipt_alone(harbor, ethan):
    receipt = take(harbor, ethan.account, (Method.CASH, 4000), (Method.CARD, 3500))
    cash, card = receipt.payments.order_by("number")
    reverse_payment(cash, by=harbor.rita, reason="entered twice")
    assert [credit_of(payment).available for payment in (cash, card)] == [0, 3500]


def test_reversal_a_second_time_is_refused(harbor, ethan):
    payment = a_payment(harbor, ethan.account, 100)
    reverse_payment(payment, by=harbor.rita, reason="entered twice")
    with pytest.raises(Refusal, match="only a Paid payment"):
        reverse_payment(payment, by=harbor.rita, reason="entered twice")


@pytest.mark.parametrize("status", ["draft", "pending"])
def test_reversal_of_an_unpaid_payment_is_refused(harbor, ethan, status):
    payment = Payment.objects.create(
        number=9, account=ethan.account, location=harbor.location, amount=100, method="cash", status=status
    )
    with pytest.raises(Refusal, match="only a Paid payment"):
        reverse_payment(payment, by=harbor.rita, reason="entered twice")


@pytest.mark.parametrize("reason", ["", "  "])
def test_reversal_without_a_reason_is_refused(harbor, ethan, reason):
    payment = a_payment(harbor, ethan.account, 100)
    with pytest.raises(Refusal, match="Say why"):
        reverse_payment(payment, by=harbor.rita, reason=reason)


def test_case_r9_chargeback_as_a_reversal_moves_the_balance_back(harbor, ethan):
    charge = a_charge(harbor, ethan, 24995)
    payment = a_payment(harbor, ethan.account, 1000, (charge, 1000))
    assert left(charge) == [23995]
    reverse_payment(payment, by=harbor.rita, reason="charged back")
    assert left(charge) == [24995]
    a_payment(harbor, ethan.account, 1000, (charge, 1000))
    assert left(charge) == [23995]


def test_case_r12_applying_a_cent_too_much_is_refused_and_receiving_it_stays_unapplied(harbor, ethan):
    charge = a_charge(harbor, ethan, 10000)
    with pytest.raises(Refusal, match="still owed"):
        take(harbor, ethan.account, (Method.CASH, 10001), parts=[(charge, 10001)])
    assert not Payment.objects.exists()
    take(harbor, ethan.account, (Method.CASH, 10001), parts=[(charge, 10000)])
    assert totals(ethan.account) == (0, 1)


@pytest.mark.parametrize(("steps", "owed"), [([2000], 8000), ([2000, 3000], 5000), ([3000, 7000], 0)])
def test_case_r12_parts_add_up_to_paid_in_full(harbor, ethan, steps, owed):
    charge = a_charge(harbor, ethan, 10000)
    for step in steps:
        apply_credit(credit_of(a_payment(harbor, ethan.account, step)), [(charge, step)], by=harbor.rita)
    assert left(charge) == [owed]


def test_case_r7_more_than_was_paid_and_more_than_a_line_owes_are_refused(harbor, ethan):
    one, ten = Charge.objects.filter(invoice=an_invoice(harbor, ethan, 100, 1000, 0)).order_by("line")
    with pytest.raises(Refusal, match="More is applied"):
        take(harbor, ethan.account, (Method.CASH, 100), parts=[(ten, 1000)])
    with pytest.raises(Refusal, match="still owed"):
        take(harbor, ethan.account, (Method.CASH, 10000), parts=[(one, 9000), (ten, 1000)])
    take(harbor, ethan.account, (Method.CASH, 1100), parts=[(one, 100), (ten, 1000)])
    assert left(one, ten) == [0, 0]


def test_case_w1_more_than_the_invoice_leaves_the_rest_unallocated(harbor, ethan):
    charge = a_charge(harbor, ethan, 10000)
    take(harbor, ethan.account, (Method.CASH, 11000), parts=[(charge, 10000)])
    assert totals(ethan.account) == (0, 1000)


def test_numbers_of_a_refused_payment_are_used_again_by_the_next(harbor, ethan):
    charge = a_charge(harbor, ethan, 100)
    with pytest.raises(Refusal):
        take(harbor, ethan.account, (Method.CASH, 500), parts=[(charge, 101)])
    assert take(harbor, ethan.account, (Method.CASH, 500)).payments.get().ref == "PAY-001"
    assert Posting.objects.filter(kind="receive").count() == 1
