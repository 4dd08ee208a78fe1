"""Requests to collect: made, edited while nothing is under way, and moved along their life (S1.31–S1.59)."""

import itertools
from datetime import date

import pytest
from django.db import IntegrityError, transaction

from balances.models import Charge, Credit
from balances.requests import Once, Repeated
from balances.states import CreditKind
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.patients.services import add_payer, open_account
from clinicpay.staff.access import Refused
from payments.models import Payment
from payments.services import (
    GoingBack,
    PaymentRequest,
    collect_payment,
    create_payment,
    edit_payment,
    foresee_use,
    move_payment,
    refund_payment,
    reverse_payment,
)
from payments.services.context import link_treatment
from payments.states import BY_HAND, EDITABLE, LOCKED, MOVES, Method, PaymentStatus, PaymentType, RefundReason
from tests.balances.invariants import broken
from tests.balances.money import totals
from tests.factories import a_patient, an_event, an_invoice
from tests.payments.roads import reach

_S = PaymentStatus


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def asked(home, patient, amount=10_000, **more):
    return create_payment(PaymentRequest(patient, amount, home.location, **more), by=home.rita)


def test_request_is_a_draft_and_changes_no_balance(harbor, ethan):
    payment = asked(harbor, ethan, memo="Night guard", due_date=date(2026, 12, 1))
    assert (payment.status, payment.method, payment.account_id) == (_S.DRAFT, "", ethan.account_id)
    assert totals(ethan.account) == (0, 0)
    assert AuditEvent.objects.get(action="payment.requested").after["amount"] == 10_000


@pytest.mark.parametrize("status", sorted(set(_S) - {_S.DRAFT, _S.PENDING}))
def test_request_begins_as_a_draft_or_pending(harbor, ethan, status):
    with pytest.raises(Refusal, match="begins as Draft or Pending"):
        create_payment(PaymentRequest(ethan, 100, harbor.location), by=harbor.rita, status=status)
    assert not Payment.objects.exists()


def test_request_is_linked_to_its_treatment_by_editing_it(harbor, ethan):
    with pytest.raises(Refusal, match="isn’t paid yet"):
        link_treatment(asked(harbor, ethan), an_event(harbor, ethan, 4000), by=harbor.rita)


def test_money_counts_where_it_was_collected(harbor, ethan):
    annex = Location.objects.create(name="Annex")
    paid = collect_payment(asked(harbor, ethan), by=harbor.rita, method=Method.CASH, location=annex)
    paid.refresh_from_db()
    assert (paid.location, paid.receipt.location, Credit.objects.get().location) == (annex, annex, annex)


def test_same_form_twice_is_one_request(harbor, ethan):
    once = Once.of("0b7e5a3c-6f0e-4bb0-9a54-1f7f3a3f1a11", amount=1)
    first = create_payment(PaymentRequest(ethan, 100, harbor.location), by=harbor.rita, once=once)
    with pytest.raises(Repeated) as again:
        create_payment(PaymentRequest(ethan, 100, harbor.location), by=harbor.rita, once=once)
    assert again.value.answer == {"payment": first.number}
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("amount", [0, -1])
def test_request_of_nothing_is_refused(harbor, ethan, amount):
    with pytest.raises(Refusal, match="greater than zero"):
        asked(harbor, ethan, amount)


def test_request_for_another_patients_treatment_is_refused(harbor, ethan):
    theirs = an_event(harbor, a_patient(harbor, "Maya"), 5000)
    with pytest.raises(Refusal, match="another patient"):
        asked(harbor, ethan, event=theirs)


def test_request_on_an_account_that_does_not_pay_for_the_patient_is_refused(harbor, ethan):
    stranger = a_patient(harbor, "Maya").account
    with pytest.raises(Refusal, match="another account"):
        asked(harbor, ethan, account=stranger)


def test_payer_is_asked_for_their_patient(harbor, ethan):
    insurer = open_account(by=harbor.itself, name="Delta", kind=Account.Kind.INSURANCE)
    add_payer(ethan, insurer, by=harbor.itself)
    assert asked(harbor, ethan, account=insurer).account == insurer


def test_practitioner_asks_for_no_money(harbor, ethan):
    with pytest.raises(Refused):
        create_payment(PaymentRequest(ethan, 100, harbor.location), by=harbor.petra)


@pytest.mark.parametrize("status", list(_S))
def test_only_what_is_not_under_way_is_edited(harbor, ethan, status):
    payment = reach(harbor, asked(harbor, ethan), status)
    change = PaymentRequest(ethan, 4200, harbor.location, memo="Half", due_date=date(2026, 12, 24))
    if status in EDITABLE:
        edit_payment(payment, change, by=harbor.rita)
        payment.refresh_from_db()
        assert (payment.amount, payment.memo, payment.due_date) == (4200, "Half", date(2026, 12, 24))
        line = AuditEvent.objects.get(action="payment.edited")
        assert (line.before["amount"], line.after["amount"]) == (10_000, 4200)
        return
    with pytest.raises(Refusal, match="can't be edited"):
        edit_payment(payment, change, by=harbor.rita)


COLUMNS = {
    "amount": 1,
    "patient_id": None,
    "kind": "office_visit",
    "due_date": date(2001, 1, 1),
    "memo": "forged",
    "method": "other",
    "paid_at": None,
    "receipt_id": None,
}
NEVER_PAID = {(_S.VOIDED, "paid_at"), (_S.VOIDED, "receipt_id")}
"""A voided request has neither: nothing would change."""


@pytest.mark.parametrize(("status", "column"), sorted({*itertools.product(LOCKED, COLUMNS)} - NEVER_PAID))
def test_database_keeps_what_is_locked(harbor, ethan, status, column):
    payment = reach(harbor, asked(harbor, ethan), _S(status))
    with pytest.raises(IntegrityError, match=r"cannot be edited|said once"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(**{column: COLUMNS[column]})


def test_edit_that_changes_nothing_leaves_no_trace(harbor, ethan):
    payment = asked(harbor, ethan)
    edit_payment(payment, PaymentRequest(ethan, 10_000, harbor.location), by=harbor.rita)
    assert not AuditEvent.objects.filter(action="payment.edited").exists()


@pytest.mark.parametrize(("status", "to"), [*itertools.product(_S, _S)])
def test_dropdown_moves_along_the_table_alone(harbor, ethan, status, to):
    payment = reach(harbor, asked(harbor, ethan), status)
    if to in BY_HAND[status] and to != _S.PAID:
        assert move_payment(payment, to, by=harbor.rita, reason="asked for").status == to
        return
    with pytest.raises(Refusal, match="can't become"):
        move_payment(payment, to, by=harbor.rita, reason="asked for")


@pytest.mark.parametrize("to", [_S.CANCELLED, _S.VOIDED])
def test_what_ends_a_request_needs_a_reason(harbor, ethan, to):
    payment = reach(harbor, asked(harbor, ethan), _S.PENDING if to == _S.CANCELLED else _S.PROCESSING)
    with pytest.raises(Refusal, match="Say why"):
        move_payment(payment, to, by=harbor.rita, reason="  ")


def test_what_people_choose_is_part_of_the_table():
    assert all(chosen <= MOVES[status] for status, chosen in BY_HAND.items())
    assert not any(BY_HAND[status] for status in LOCKED)


def test_paid_request_pays_its_treatment_first_and_leaves_the_rest_free(harbor, ethan):
    invoice = an_invoice(harbor, ethan, 6000)
    older = an_invoice(harbor, ethan, 9000)
    payment = asked(harbor, ethan, event=invoice.event)
    use = foresee_use(payment)
    assert ([(part) for _, part in use.parts], use.held, use.free) == ([6000], 0, 4000)
    paid = collect_payment(payment, by=harbor.rita, method=Method.CARD)
    assert (paid.status, paid.method, paid.receipt.account_id) == (_S.PAID, Method.CARD, ethan.account_id)
    assert Charge.objects.get(invoice=older).outstanding == 9000
    assert totals(ethan.account) == (9000, 4000)
    assert not broken()


def test_pre_payment_is_held_for_its_treatment(harbor, ethan):
    event = an_event(harbor, ethan, 25_000)
    payment = asked(harbor, ethan, event=event, kind=PaymentType.PRE_PAYMENT)
    collect_payment(payment, by=harbor.rita, method=Method.CASH)
    held = Credit.objects.get(payment=payment, kind=CreditKind.PRE_PAYMENT)
    assert (held.available, held.event_id) == (10_000, event.pk)
    assert totals(ethan.account) == (0, 0)
    assert not broken()


def test_pre_payment_pays_what_is_billed_of_its_treatment_before_it_is_held(harbor, ethan):
    invoice = an_invoice(harbor, ethan, 3000)
    payment = asked(harbor, ethan, event=invoice.event, kind=PaymentType.PRE_PAYMENT)
    collect_payment(payment, by=harbor.rita, method=Method.CASH)
    assert Charge.objects.get(invoice=invoice).outstanding == 0
    assert Credit.objects.get(payment=payment, kind=CreditKind.PRE_PAYMENT).available == 7000


def test_pre_payment_without_treatment_is_a_deposit(harbor, ethan):
    collect_payment(asked(harbor, ethan, kind=PaymentType.PRE_PAYMENT), by=harbor.rita, method=Method.CASH)
    assert Credit.objects.get().kind == CreditKind.DEPOSIT
    assert not broken()


def test_collected_to_stay_unapplied(harbor, ethan):
    invoice = an_invoice(harbor, ethan, 6000)
    payment = asked(harbor, ethan, event=invoice.event)
    collect_payment(payment, by=harbor.itself, method=Method.CARD, apply=False)
    assert totals(ethan.account) == (6000, 10_000)


def test_payer_pays_for_their_patients_treatment(harbor, ethan):
    insurer = open_account(by=harbor.itself, name="Delta", kind=Account.Kind.INSURANCE)
    add_payer(ethan, insurer, by=harbor.itself)
    invoice = an_invoice(harbor, ethan, 6000)
    collect_payment(asked(harbor, ethan, account=insurer, event=invoice.event), by=harbor.rita, method=Method.TRANSFER)
    assert (totals(ethan.account), totals(insurer)) == ((0, 0), (0, 4000))
    assert not broken()


@pytest.mark.parametrize("status", list(_S))
def test_money_is_collected_once_and_of_nothing_that_is_over(harbor, ethan, status):
    payment = reach(harbor, asked(harbor, ethan), status)
    if status in {_S.DRAFT, _S.PENDING, _S.PROCESSING, _S.FAILED}:
        assert collect_payment(payment, by=harbor.rita, method=Method.CASH).status == _S.PAID
        return
    with pytest.raises(Refusal, match="nothing to collect"):
        collect_payment(payment, by=harbor.rita, method=Method.CASH)


def test_collected_money_can_be_refunded_and_reversed_like_any_other(harbor, ethan):
    invoice = an_invoice(harbor, ethan, 6000)
    first = collect_payment(asked(harbor, ethan, event=invoice.event), by=harbor.rita, method=Method.CASH)
    refund_payment(first, GoingBack(10_000, RefundReason.DUPLICATE), by=harbor.bill)
    second = collect_payment(asked(harbor, ethan, event=invoice.event), by=harbor.rita, method=Method.CASH)
    reverse_payment(second, by=harbor.rita, reason="entered twice")
    assert totals(ethan.account) == (6000, 0)
    assert not broken()
