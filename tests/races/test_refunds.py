"""Money that is applied, refunded and undone by many at once: never more than there is, each undo once (B2, B3)."""

import os
import threading
from collections import Counter

import psycopg
import pytest

from balances.queries import live_allocations
from balances.services import apply_credit, undo_allocation
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from followups.schedule import Terms
from followups.services import bill_instalment, start_plan
from followups.states import Frequency
from payments.models import Payment, Refund
from payments.services import GoingBack, approve_refund, refund_payment, request_refund
from payments.states import RefundReason
from tests.balances.invariants import broken
from tests.balances.money import applied, credit_of, left
from tests.direct import connect
from tests.factories import a_charge, a_patient, a_payment
from tests.payments.refund_forms import Refunding
from tests.races.crowd import PATIENCE, a_clinic, failures, in_scope, rush, until_waiting

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("CLINICPAY_ROUNDS", "3"))
"""A drill runs 20."""

UNDONE_TWICE = int(os.environ.get("CLINICPAY_UNDONE_TWICE", "60"))
"""A drill undoes 500, each twice."""

OTHER = RefundReason.OTHER


@pytest.mark.parametrize("crowd", [2, 8, 16])
def test_b2_applying_and_refunding_never_spends_a_cent_twice(crowd):
    for _ in range(ROUNDS):
        home = a_clinic()
        with clinic_scope(home.clinic, home.rita.user):
            patient = a_patient(home)
            charge = a_charge(home, patient, 1000)
            payment = a_payment(home, patient.account, 900)
            credit = credit_of(payment)

        def act(number: int, home=home, payment=payment, credit=credit, charge=charge) -> None:
            if number % 2:
                refund_payment(payment, GoingBack(170, OTHER), by=home.bill)
            else:
                apply_credit(credit, [(charge, 190)], by=home.bill)

        results = rush(crowd, in_scope(home, act))
        assert len(failures(results)) == len(failures(results, Refusal))
        with clinic_scope(home.clinic):
            credit.refresh_from_db()
            gone = sum(Refund.objects.filter(status="succeeded").values_list("amount", flat=True))
            assert gone + credit.available + sum(applied()) == 900
            assert left(charge) == [1000 - sum(applied())]
            assert not broken()


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_b2_other_levels_of_isolation_post_nothing_at_all(level):
    home = a_clinic()
    with connect() as attacker:
        attacker.execute(f"set session characteristics as transaction isolation level {level}")
        attacker.commit()
        attacker.execute("select set_config('app.clinic_id', %s, true)", [str(home.clinic.pk)])
        with pytest.raises(psycopg.errors.CheckViolation) as caught:
            attacker.execute(
                "insert into balances_posting (clinic_id, kind, business_date, location_id, source, reason,"
                " transaction_id) values (%s, 'allocate', current_date, %s, 'manual', 'x', 0)",
                [home.clinic.pk, home.location.pk],
            )
    assert caught.value.diag.constraint_name == "ledger_isolation"


def test_b3_each_of_many_allocations_undone_twice_is_undone_once():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        patient = a_patient(home)
        charge = a_charge(home, patient, UNDONE_TWICE * 10)
        credit = credit_of(a_payment(home, patient.account, UNDONE_TWICE * 10))
        for _ in range(UNDONE_TWICE):
            apply_credit(credit, [(charge, 10)], by=home.rita)
        entries = list(live_allocations().values_list("pk", flat=True))
    turns = [*entries, *reversed(entries)]
    crowd = 8

    def act(number: int) -> Counter:
        done: Counter = Counter()
        for entry in turns[number::crowd]:
            try:
                with clinic_scope(home.clinic, home.rita.user):
                    undo_allocation(entry, by=home.rita, reason="twice")
            except Refusal:
                done["refused"] += 1
            else:
                done["done"] += 1
        return done

    results = rush(crowd, act)
    assert not failures(results)
    assert sum(results, Counter()) == {"done": UNDONE_TWICE, "refused": UNDONE_TWICE}
    with clinic_scope(home.clinic):
        assert (left(charge), applied()) == ([UNDONE_TWICE * 10], [])
        assert not broken()


def test_one_request_approved_by_a_crowd_reserves_its_money_once():
    home = a_clinic()
    with clinic_scope(home.clinic, home.bill.user):
        payment = a_payment(home, a_patient(home).account, 1000)
        asked = request_refund(payment, GoingBack(400, OTHER), by=home.bill)
    results = rush(8, in_scope(home, lambda n: approve_refund(asked, by=home.bill)))
    assert len(failures(results, Refusal)) == len(failures(results)) == 7
    with clinic_scope(home.clinic):
        assert sorted(payment.credits.values_list("kind", "available")) == [("refund_pending", 400), ("unapplied", 600)]
        assert Payment.objects.get().status == "paid"
        assert not broken()


def test_requests_of_a_crowd_never_exceed_the_payment():
    home = a_clinic()
    with clinic_scope(home.clinic, home.bill.user):
        payment = a_payment(home, a_patient(home).account, 1000)
    results = rush(8, in_scope(home, lambda n: request_refund(payment, GoingBack(300, OTHER), by=home.bill)))
    assert len(failures(results, Refusal)) == len(failures(results)) == 5
    with clinic_scope(home.clinic):
        assert sum(Refund.objects.values_list("amount", flat=True)) == 900


def test_who_confirms_behind_another_refund_is_told_over_what_is_left_now():
    home = a_clinic()
    with clinic_scope(home.clinic, home.bill.user):
        payment = a_payment(home, a_patient(home).account, 97700)
    olga = Refunding(home, "olga", payment.ref).review("600.00")

    def first(_number: int) -> None:
        with clinic_scope(home.clinic, home.bill.user):
            refund_payment(payment, GoingBack(60000, OTHER), by=home.bill)
            begun.set()
            until_waiting()

    def second(_number: int) -> int:
        assert begun.wait(PATIENCE)
        return olga.confirm().status_code

    begun = threading.Event()
    assert rush(2, lambda number: [first, second][number](number)) == [None, 422]
    assert "$377.00 of $977.00 is left to refund" in olga.page.text
    assert "That is more than is left of this payment." in olga.page.text
    assert "Partially Refunded" in olga.page.text


def test_one_instalment_billed_by_a_crowd_is_one_invoice():
    home = a_clinic()
    with clinic_scope(home.clinic, home.bill.user):
        patient = a_patient(home)
        terms = Terms(400, Frequency.WEEKLY, home.clinic.created_at.date())
        plan = start_plan(patient.account, [a_charge(home, patient, 1000)], terms, by=home.bill)
        first = plan.instalments.first()
    results = rush(8, in_scope(home, lambda n: bill_instalment(first, by=home.bill)))
    assert len(failures(results, Refusal)) == len(failures(results)) == 7
    with clinic_scope(home.clinic):
        patient.account.refresh_from_db()
        assert (patient.account.owes, patient.account.planned) == (400, 600)
        assert not broken()
