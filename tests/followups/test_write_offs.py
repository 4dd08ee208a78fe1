"""Write-offs (W1–W4): asked for, decided by an owner, reversible, recoverable."""

from datetime import date

import pytest
from django.db import connection

from balances.models import Entry
from balances.queries import event_balances
from balances.services import hold_credit, recover
from balances.states import Settlement
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import Refused
from clinicpay.staff.delegations import NotDelegated
from followups.models import WriteOff
from followups.schedule import Terms
from followups.services import (
    approve_write_off,
    bill_instalment,
    reject_write_off,
    request_write_off,
    reverse_write_off,
    start_plan,
)
from followups.services.recoveries import recover_invoice, recoverable
from followups.services.write_offs import Wish
from followups.states import WRITE_OFF_MOVES, Frequency, WriteOffStatus
from payments.services import reverse_payment
from tests.balances.invariants import broken
from tests.balances.money import credit_of, left
from tests.factories import a_charge, a_patient, a_payment
from tests.moves import accepted, listed


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def asked(home, charge, by=None) -> WriteOff:
    return request_write_off(charge.account, [charge.invoice], by=by or home.bill, reason="can't be found")


def journal(posting_kind: str) -> list[tuple[str, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute("select side, ledger_account, amount from balances_journal where act = %s", [posting_kind])
        return sorted(cursor.fetchall())


def test_case_w1_receive_110_leaves_10_in_hand(harbor, ethan):
    charge = a_charge(harbor, ethan, 10000)
    payment = a_payment(harbor, ethan.account, 11000, (charge, 10000))
    assert (left(charge), credit_of(payment).available) == ([0], 1000)


def test_case_w1_receive_95_and_write_off_5(harbor, ethan):
    charge = a_charge(harbor, ethan, 10000)
    a_payment(harbor, ethan.account, 9500, (charge, 9500))
    approve_write_off(asked(harbor, charge), by=harbor.olga)
    assert left(charge) == [0]
    assert journal("write_off") == [("credit", "accounts receivable", 500), ("debit", "write-off expense", 500)]
    assert journal("receive") == [("credit", "unapplied payments", 9500), ("debit", "tender", 9500)]
    balance = event_balances([charge.event_id])[charge.event_id]
    assert (balance.settlement, balance.badges) == (Settlement.PARTIAL, ["Written off"])
    assert not broken()


def test_case_w3_half_a_unit_is_settled_and_written_off(harbor, ethan):
    charge = a_charge(harbor, ethan, 45500)
    a_payment(harbor, ethan.account, 45000, (charge, 45000))
    approve_write_off(asked(harbor, charge), by=harbor.olga)
    assert journal("write_off") == [("credit", "accounts receivable", 500), ("debit", "write-off expense", 500)]


def test_case_w5_a_debt_of_100_is_one_entry(harbor, ethan):
    charge = a_charge(harbor, ethan, 10000)
    approve_write_off(asked(harbor, charge), by=harbor.olga)
    assert Entry.objects.filter(kind="write_off").count() == 1
    assert Account.objects.get(pk=ethan.account_id).owes == 0


def test_w1_each_chosen_invoice_owes_exactly_nothing_and_others_are_left(harbor, ethan):
    chosen, other = a_charge(harbor, ethan, 700), a_charge(harbor, ethan, 900)
    approve_write_off(asked(harbor, chosen), by=harbor.olga)
    assert left(chosen, other) == [0, 900]


def test_w2_others_may_ask_and_only_an_owner_approves(harbor, ethan):
    charge = a_charge(harbor, ethan, 700)
    with pytest.raises(Refused, match="Billing, Admin or Owner"):
        asked(harbor, charge, harbor.rita)
    request = asked(harbor, charge)
    for who in (harbor.rita, harbor.bill, harbor.adam, harbor.petra):
        with pytest.raises(Refused, match="Only an owner can write off"):
            approve_write_off(request, by=who)
    assert left(charge) == [700]


def test_w3_refused_while_there_is_usable_money(harbor, ethan):
    charge = a_charge(harbor, ethan, 700)
    request = asked(harbor, charge)
    a_payment(harbor, ethan.account, 200)
    with pytest.raises(Refusal, match=r"has \$2.00 in hand"):
        approve_write_off(request, by=harbor.olga)
    with pytest.raises(Refusal, match="in hand"):
        asked(harbor, charge)


def test_w4_recovering_is_an_act_of_its_own_and_no_more_than_was_given_up(harbor, ethan):
    charge = a_charge(harbor, ethan, 700)
    approve_write_off(asked(harbor, charge), by=harbor.olga)
    payment = a_payment(harbor, ethan.account, 1000)
    assert (left(charge), credit_of(payment).available) == ([0], 1000)
    assert recoverable(charge.invoice).most == 700
    with pytest.raises(Refusal, match="not recovered yet"):
        recover(charge, 701, credit_of(payment), by=harbor.rita)
    recover(charge, 500, credit_of(payment), by=harbor.rita)
    charge.refresh_from_db()
    assert (charge.outstanding, charge.written_off, charge.applied, credit_of(payment).available) == (0, 200, 500, 500)
    assert journal("recover") == [("credit", "write-off expense", 500), ("debit", "accounts receivable", 500)]
    with pytest.raises(Refusal, match="not recovered yet"):
        reverse_write_off(WriteOff.objects.get(), by=harbor.olga, reason="late")
    assert not broken()


def test_w4_what_is_held_for_something_recovers_nothing(harbor, ethan):
    charge = a_charge(harbor, ethan, 700)
    approve_write_off(asked(harbor, charge), by=harbor.olga)
    hold_credit(credit_of(a_payment(harbor, ethan.account, 500)), 400, by=harbor.rita)
    assert recoverable(charge.invoice).most == 100
    with pytest.raises(Refusal, match=r"At most \$1.00"):
        recover_invoice(charge.invoice, 101, by=harbor.rita)
    recover_invoice(charge.invoice, 100, by=harbor.rita)
    assert Account.objects.get(pk=ethan.account_id).held == 400
    assert not broken()


def test_reversal_owes_again_with_the_same_age(harbor, ethan):
    charge = a_charge(harbor, ethan, 700, on=date(2026, 5, 1))
    request = approve_write_off(asked(harbor, charge), by=harbor.olga)
    reversed_one = reverse_write_off(request, by=harbor.olga, reason="found them")
    assert (left(charge), reversed_one.status) == ([700], WriteOffStatus.REVERSED)
    assert charge.invoice.invoice_date == date(2026, 5, 1)
    with pytest.raises(Refusal, match="is reversed"):
        reverse_write_off(request, by=harbor.olga, reason="again")


def test_amount_changed_after_the_request_is_refused(harbor, ethan):
    charge = a_charge(harbor, ethan, 700)
    request = asked(harbor, charge)
    a_payment(harbor, ethan.account, 100, (charge, 100))
    with pytest.raises(Refusal, match="changed since this was asked"):
        approve_write_off(request, by=harbor.olga)
    assert (left(charge), WriteOff.objects.get().status) == ([600], WriteOffStatus.REQUESTED)


def test_plan_that_was_made_after_the_request_is_not_ended_by_it(harbor, ethan):
    charge, other = a_charge(harbor, ethan, 700), a_charge(harbor, ethan, 900)
    wish = Wish(with_plans=True)
    request = request_write_off(ethan.account, [charge.invoice], by=harbor.bill, reason="can't be found", wish=wish)
    terms = Terms(300, Frequency.MONTHLY, clock.today(harbor.clinic))
    plan = start_plan(ethan.account, [other], terms, by=harbor.bill)
    with pytest.raises(Refusal, match="changed since this was asked"):
        approve_write_off(request, by=harbor.olga)
    plan.refresh_from_db()
    assert (plan.status, left(charge, other)) == ("active", [700, 0])


def test_what_became_otherwise_unbilled_since_the_page_is_looked_at_again(harbor, ethan):
    """The chosen invoice owes what it owed; what its plans would give back does not."""
    charge, other = a_charge(harbor, ethan, 700), a_charge(harbor, ethan, 900)
    plan = start_plan(ethan.account, [other], Terms(300, Frequency.MONTHLY, clock.today(harbor.clinic)), by=harbor.bill)
    wish = Wish(with_plans=True, shown={charge.invoice_id: 700, 0: 900})
    bill_instalment(plan.instalments.first(), by=harbor.bill)
    with pytest.raises(Refusal, match="changed since you opened this page"):
        request_write_off(ethan.account, [charge.invoice], by=harbor.bill, reason="can't be found", wish=wish)
    assert not WriteOff.objects.exists()


def test_more_is_owed_since_the_request(harbor, ethan):
    charge = a_charge(harbor, ethan, 700)
    payment = a_payment(harbor, ethan.account, 100, (charge, 100))
    request = asked(harbor, charge)
    reverse_payment(payment, by=harbor.rita, reason="entered twice")
    with pytest.raises(Refusal, match="changed since this was asked"):
        approve_write_off(request, by=harbor.olga)
    assert left(charge) == [700]


@pytest.mark.parametrize("who", ["rita", "bill", "adam"])
def test_w2_who_may_not_approve_does_not_decline(harbor, ethan, who):
    request = asked(harbor, a_charge(harbor, ethan, 700))
    with pytest.raises(NotDelegated):
        reject_write_off(request, by=harbor.members[who], reason="no")
    assert WriteOff.objects.get().status == WriteOffStatus.REQUESTED


def test_one_invoice_waits_for_one_decision(harbor, ethan):
    charge = a_charge(harbor, ethan, 700)
    asked(harbor, charge)
    with pytest.raises(Refusal, match="already waiting"):
        asked(harbor, charge)


def test_rejected_requests_leave_the_debt(harbor, ethan):
    charge = a_charge(harbor, ethan, 700)
    rejected = reject_write_off(asked(harbor, charge), by=harbor.olga, reason="they will pay")
    assert (left(charge), rejected.status) == ([700], WriteOffStatus.REJECTED)
    with pytest.raises(Refusal, match="is declined"):
        approve_write_off(rejected, by=harbor.olga)


def test_moves_in_python_are_those_of_the_database(harbor, ethan):
    roads = {"requested": [], "approved": ["approved"], "rejected": ["rejected"], "reversed": ["approved", "reversed"]}

    def reach(status: str) -> int:
        request = asked(harbor, a_charge(harbor, ethan, 700))
        for step in roads[status]:
            WriteOff.objects.filter(pk=request.pk).update(status=step)
        return request.pk

    assert accepted("followups_writeoff", "status", WriteOffStatus, reach) == listed(WRITE_OFF_MOVES)
