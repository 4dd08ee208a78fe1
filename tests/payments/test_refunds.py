"""Refunds and returns (R1–R6): what goes back, what that re-opens, and how failures and reversals restore it."""

from datetime import date

import pytest
from django.db import transaction

from balances.models import Posting
from balances.queries import invoices_with_balance, live_allocations
from balances.services import (
    apply_credit,
    bill_event,
    cancel_event,
    credit_charge,
    hold_credit,
    reverse_credit,
    run_auto_apply,
    undo_allocation,
    void_invoice,
)
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import Refused
from payments.models import Payment, Refund
from payments.services import (
    GoingBack,
    approve_refund,
    fail_refund,
    foresee_return,
    pay_refund,
    record_return,
    refund_payment,
    refundable,
    reject_refund,
    request_refund,
    reverse_payment,
    reverse_refund,
)
from payments.states import REFUND_MOVES, Method, RefundReason, RefundStatus, ReturnReason
from tests.balances.invariants import broken
from tests.balances.money import applied, left
from tests.deposits.scene import an_insurer
from tests.factories import a_charge, a_locked_day, a_patient, a_payment, an_event, an_invoice
from tests.moves import accepted, listed

OTHER = RefundReason.OTHER


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def net(patient) -> int:
    """What the account owes less its free money."""
    account = Account.objects.get(pk=patient.account_id)
    return account.owes - account.credit


def status(payment) -> str:
    return Payment.objects.get(pk=payment.pk).status


def test_case_r1_refund_without_reducing_the_charge_owes_it_again(harbor, ethan):
    charge = a_charge(harbor, ethan, 2000)
    payment = a_payment(harbor, ethan.account, 2000, (charge, 2000))
    refund_payment(payment, GoingBack(700, RefundReason.PATIENT_REQUEST), by=harbor.bill)
    assert (left(charge), net(ethan), status(payment)) == ([700], 700, "partially_refunded")
    assert not broken()


def test_case_r3_partial_refunds_on_partial_payments(harbor, ethan):
    charge = a_charge(harbor, ethan, 1000)
    first = a_payment(harbor, ethan.account, 400, (charge, 400))
    second = a_payment(harbor, ethan.account, 600, (charge, 600))
    for payment, amount in ((first, 400), (second, 600)):
        refund_payment(payment, GoingBack(amount, RefundReason.BILLING_ERROR, "", reduce_charge=True), by=harbor.bill)
        assert (left(charge), net(ethan)) == ([0], 0)
    assert list(Refund.objects.order_by("number").values_list("payment", "amount")) == [
        (first.pk, 400),
        (second.pk, 600),
    ]
    assert (status(first), status(second)) == ("refunded", "refunded")
    assert not broken()


@pytest.mark.parametrize(("amount", "expected"), [(700, -300), (2000, 1000)])
def test_case_r4_refund_after_a_credit(harbor, ethan, amount, expected):
    """Lines of 5 and 20, paid 25; 20 is replaced by 10, so 10 are in hand; then 7 or 20 are refunded."""
    invoice = an_invoice(harbor, ethan, 500, 2000)
    five, twenty = invoice.charges.order_by("line")
    payment = a_payment(harbor, ethan.account, 2500, (five, 500), (twenty, 2000))
    undo_allocation(live_allocations(charge=twenty).get().pk, by=harbor.bill, reason="replaced", keep=1000)
    credit_charge(twenty, 1000, by=harbor.bill, reason="replaced")
    assert net(ethan) == -1000
    refund_payment(Payment.objects.get(pk=payment.pk), GoingBack(amount, OTHER), by=harbor.bill)
    assert net(ethan) == expected
    assert not broken()


def test_case_r9_chargeback_and_its_reversal(harbor, ethan):
    charge = a_charge(harbor, ethan, 24995)
    payment = a_payment(harbor, ethan.account, 1000, (charge, 1000), method=Method.CARD)
    assert left(charge) == [23995]
    chargeback = record_return(payment, 1000, by=harbor.bill, reason=ReturnReason.CHARGEBACK)
    assert (left(charge), status(payment)) == ([24995], "refunded")
    reverse_refund(chargeback, by=harbor.bill, reason="won")
    assert (left(charge), status(payment)) == ([23995], "paid")
    assert not broken()


def test_case_r15_full_after_partial_is_the_remainder(harbor, ethan):
    payment = a_payment(harbor, ethan.account, 10000)
    refund_payment(payment, GoingBack(3000, OTHER), by=harbor.bill)
    assert (refundable(Payment.objects.get(pk=payment.pk)), status(payment)) == (7000, "partially_refunded")
    refund_payment(Payment.objects.get(pk=payment.pk), GoingBack(7000, OTHER), by=harbor.bill)
    assert (refundable(Payment.objects.get(pk=payment.pk)), status(payment)) == (0, "refunded")


def test_case_r7_requests_above_what_was_paid_are_refused(harbor, ethan):
    payment = a_payment(harbor, ethan.account, 100)
    with pytest.raises(Refusal, match="more than is left to refund"):
        request_refund(payment, GoingBack(1000, OTHER), by=harbor.bill)
    assert not Refund.objects.exists()


def test_case_w6_voiding_an_invoice_gives_the_money_back_and_lets_it_be_billed_again(harbor, ethan):
    charge = a_charge(harbor, ethan, 2000)
    payment = a_payment(harbor, ethan.account, 2000, (charge, 2000))
    void_invoice(charge.invoice, by=harbor.bill, reason="wrong fee")
    assert (payment.credits.get().available, left(charge), net(ethan)) == (2000, [0], -2000)
    assert invoices_with_balance(pk=charge.invoice_id).get().open_lines == 0
    with pytest.raises(Refusal, match="void already"):
        void_invoice(charge.invoice, by=harbor.bill, reason="again")
    again = bill_event(charge.event, by=harbor.bill)
    assert (again.charges.get().amount, net(ethan)) == (2000, 0)
    assert not broken()


def test_r1_a_request_reserves_its_part_of_what_is_refundable(harbor, ethan):
    payment = a_payment(harbor, ethan.account, 1000)
    asked = request_refund(payment, GoingBack(600, OTHER), by=harbor.rita)
    assert refundable(payment) == 400
    with pytest.raises(Refusal, match="more than is left"):
        request_refund(payment, GoingBack(500, OTHER), by=harbor.rita)
    reject_refund(asked, by=harbor.bill, reason="no")
    assert refundable(payment) == 1000


def test_r2_takes_free_money_then_held_then_the_newest_application(harbor, ethan):
    older, newer = a_charge(harbor, ethan, 300), a_charge(harbor, ethan, 300)
    payment = a_payment(harbor, ethan.account, 1000, (older, 300), (newer, 300))
    hold_credit(payment.credits.get(), 150, by=harbor.rita)
    refund = approve_refund(request_refund(payment, GoingBack(500, OTHER), by=harbor.bill), by=harbor.bill)
    assert dict(payment.credits.values_list("kind", "available")) == {
        "unapplied": 0,
        "pre_payment": 0,
        "refund_pending": 500,
    }
    assert (left(older, newer), refund.lines.get().amount) == ([0, 100], 100)
    assert not broken()


def test_approved_money_is_nobodys_until_it_has_gone(harbor, ethan):
    charge = a_charge(harbor, ethan, 1000)
    payment = a_payment(harbor, ethan.account, 1000)
    approve_refund(request_refund(payment, GoingBack(1000, OTHER), by=harbor.bill), by=harbor.bill)
    with pytest.raises(Refusal, match="reserved for a refund"):
        apply_credit(payment.credits.get(kind="refund_pending"), [(charge, 1)], by=harbor.bill)
    with pytest.raises(Refusal, match="under way"):
        reverse_payment(payment, by=harbor.bill, reason="wrong")


@pytest.mark.parametrize("reduce", [True, False])
def test_failure_restores_everything_exactly(harbor, ethan, reduce):
    charge = a_charge(harbor, ethan, 800)
    payment = a_payment(harbor, ethan.account, 1000, (charge, 800))
    hold_credit(payment.credits.get(), 50, by=harbor.rita)

    def picture():
        charge.refresh_from_db()
        kinds = dict(payment.credits.exclude(kind="refund_pending").values_list("kind", "available"))
        return charge.outstanding, charge.credited, kinds, sorted(applied()), status(payment)

    before = picture()
    wish = GoingBack(900, OTHER, "", reduce_charge=reduce)
    refund = approve_refund(request_refund(payment, wish, by=harbor.bill), by=harbor.bill)
    assert picture() != before
    fail_refund(refund, by=harbor.bill, reason="card was closed")
    charge.refresh_from_db()
    kinds = dict(payment.credits.values_list("kind", "available"))
    assert (charge.outstanding, charge.credited) == (0, 0)
    assert kinds == {"unapplied": 150, "pre_payment": 50, "refund_pending": 0}
    assert (sum(applied()), status(payment), refundable(payment)) == (800, "paid", 1000)
    assert not broken()


def test_what_is_applied_again_stays_the_work_of_its_run(harbor, ethan):
    """So that the run can still be undone as a whole."""
    charge = a_charge(harbor, ethan, 800)
    payment = a_payment(harbor, ethan.account, 800)
    run = run_auto_apply(by=harbor.bill)
    refund = approve_refund(request_refund(payment, GoingBack(800, OTHER), by=harbor.bill), by=harbor.bill)
    fail_refund(refund, by=harbor.bill, reason="card was closed")
    again = live_allocations(charge=charge).get().posting
    assert (again.source, again.run_id, again.made_by_id) == (run.source, run.pk, harbor.rita.user_id)


def test_insurers_money_that_fails_to_go_pays_its_patients_again(harbor, ethan):
    """The patients' accounts are locked beside the insurer's."""
    charge = a_charge(harbor, ethan, 800)
    payment = a_payment(harbor, an_insurer(harbor, "Delta", ethan), 1000, (charge, 800))
    refund = approve_refund(request_refund(payment, GoingBack(1000, OTHER), by=harbor.bill), by=harbor.bill)
    assert left(charge) == [800]
    fail_refund(refund, by=harbor.bill, reason="card was closed")
    assert (left(charge), applied()) == ([0], [800])
    assert not broken()


@pytest.mark.parametrize("state", ["requested", "approved", "failed"])
def test_only_money_that_went_back_comes_again(harbor, ethan, state):
    payment = a_payment(harbor, ethan.account, 1000)
    refund = request_refund(payment, GoingBack(400, OTHER), by=harbor.bill)
    if state != "requested":
        refund = approve_refund(refund, by=harbor.bill)
    if state == "failed":
        refund = fail_refund(refund, by=harbor.bill, reason="card was closed")
    with pytest.raises(Refusal, match="stayed away"):
        reverse_refund(refund, by=harbor.bill, reason="it came again")
    assert Refund.objects.get().status == state


def test_two_equal_parts_of_a_charge_are_credited_and_billed_again_each(harbor, ethan):
    charge = a_charge(harbor, ethan, 1000)
    payment = a_payment(harbor, ethan.account, 1000, (charge, 400), (charge, 400))
    wish = GoingBack(1000, OTHER, reduce_charge=True)
    refund = approve_refund(request_refund(payment, wish, by=harbor.bill), by=harbor.bill)
    charge.refresh_from_db()
    assert (charge.outstanding, charge.credited) == (200, 800)
    assert len(set(refund.lines.values_list("credit_note", flat=True))) == 2
    fail_refund(refund, by=harbor.bill, reason="card was closed")
    charge.refresh_from_db()
    assert (charge.outstanding, charge.credited, sorted(applied())) == (200, 0, [400, 400])
    assert not broken()


def test_what_a_charge_still_owes_is_applied_again_once(harbor, ethan):
    """Two applications were freed, and others have paid most of it meanwhile."""
    charge = a_charge(harbor, ethan, 800)
    payment = a_payment(harbor, ethan.account, 800, (charge, 400), (charge, 400))
    refund = approve_refund(request_refund(payment, GoingBack(800, OTHER), by=harbor.bill), by=harbor.bill)
    a_payment(harbor, ethan.account, 300, (charge, 300))
    assert [one.part for one in foresee_return(refund)] == [400, 100]
    fail_refund(refund, by=harbor.bill, reason="card was closed")
    assert (left(charge), net(ethan)) == ([0], -300)
    assert not broken()


def test_credit_note_that_was_reversed_by_hand_is_not_reversed_again(harbor, ethan):
    charge = a_charge(harbor, ethan, 800)
    payment = a_payment(harbor, ethan.account, 800, (charge, 800))
    wish = GoingBack(800, OTHER, reduce_charge=True)
    refund = approve_refund(request_refund(payment, wish, by=harbor.bill), by=harbor.bill)
    reverse_credit(refund.lines.get().credit_note_id, by=harbor.bill, reason="it was rendered")
    assert [(one.part, one.billed) for one in foresee_return(refund)] == [(800, False)]
    fail_refund(refund, by=harbor.bill, reason="card was closed")
    charge.refresh_from_db()
    assert (charge.outstanding, charge.credited, applied()) == (0, 0, [800])
    assert not broken()


@pytest.mark.parametrize("undo", [fail_refund, reverse_refund])
def test_money_that_comes_again_bills_no_cancelled_treatment(harbor, ethan, undo):
    """0183: the treatment was cancelled as nothing was charged any more; the money is in hand instead."""
    event = an_event(harbor, ethan, 800)
    charge = bill_event(event, by=harbor.rita).charges.get()
    payment = a_payment(harbor, ethan.account, 800, (charge, 800))
    asked = request_refund(payment, GoingBack(800, RefundReason.NOT_RENDERED, "", reduce_charge=True), by=harbor.bill)
    refund = approve_refund(asked, by=harbor.bill)
    if undo is reverse_refund:
        refund = pay_refund(refund, by=harbor.bill)
    cancel_event(event, by=harbor.rita)
    assert [one.billed for one in foresee_return(refund)] == [False]

    undo(refund, by=harbor.bill, reason="the card was closed")

    charge.refresh_from_db()
    assert (charge.outstanding, charge.credited) == (0, 800)
    assert (net(ethan), status(payment), refundable(payment)) == (-800, "paid", 800)
    assert not broken()


def test_r4_refund_of_a_closed_days_payment_posts_today(harbor, ethan):
    payment = a_payment(harbor, ethan.account, 1000, on=date(2026, 11, 2))
    a_locked_day(harbor.location, date(2026, 11, 2))
    refund_payment(payment, GoingBack(400, OTHER), by=harbor.bill)
    assert Posting.objects.get(kind="refund").business_date == clock.today(harbor.clinic)


def test_reversal_applies_again_only_what_is_still_owed(harbor, ethan):
    charge = a_charge(harbor, ethan, 1000)
    payment = a_payment(harbor, ethan.account, 1000, (charge, 1000), method=Method.CHEQUE)
    bounced = record_return(payment, 1000, by=harbor.bill, reason=ReturnReason.BOUNCED)
    a_payment(harbor, ethan.account, 700, (charge, 700))
    reverse_refund(bounced, by=harbor.bill, reason="the cheque was good")
    assert (left(charge), payment.credits.get().available, net(ethan)) == ([0], 700, -700)
    with pytest.raises(Refusal, match="stayed away"):
        reverse_refund(bounced, by=harbor.bill, reason="again")
    assert not broken()


def test_an_unpaid_payment_is_not_refunded(harbor, ethan):
    pending = Payment.objects.create(
        number=77, account=ethan.account, location=harbor.location, amount=100, method="cash", status="pending"
    )
    assert refundable(pending) == 0
    with pytest.raises(Refusal, match="only a Paid or Partially Refunded"):
        request_refund(pending, GoingBack(100, OTHER), by=harbor.bill)


def test_reception_asks_and_others_refund(harbor, ethan):
    payment = a_payment(harbor, ethan.account, 1000)
    asked = request_refund(payment, GoingBack(100, OTHER), by=harbor.rita)
    for act in (lambda: approve_refund(asked, by=harbor.rita), lambda: pay_refund(asked, by=harbor.rita)):
        with pytest.raises(Refused, match="Billing, Admin or Owner"):
            act()
    with pytest.raises(Refusal, match="is requested"):
        pay_refund(asked, by=harbor.bill)


def test_moves_in_python_are_those_of_the_database(harbor, ethan):
    roads = {one: [one] for one in ("approved", "rejected")} | {"requested": []}
    roads |= {one: ["approved", one] for one in ("succeeded", "failed")}

    def reach(to: str) -> int:
        refund = request_refund(a_payment(harbor, ethan.account, 100), GoingBack(100, OTHER), by=harbor.bill)
        for step in roads[to]:
            Refund.objects.filter(pk=refund.pk).update(status=step)
        return refund.pk

    with transaction.atomic():  # none of these has moved its money: they could not be committed
        assert accepted("payments_refund", "status", RefundStatus, reach) == listed(REFUND_MOVES)
        transaction.set_rollback(True)
