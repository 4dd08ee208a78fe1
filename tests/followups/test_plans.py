"""Payment plans move debt and never change it (P1–P4, I9, I10)."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError

from balances.models import Charge
from balances.queries import event_balances, invoice_balance, invoices_with_balance
from balances.services import apply_credit, credit_charge, undo_allocation
from balances.states import Settlement
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused
from followups.models import Instalment, Plan
from followups.queries import bucket_totals, owing
from followups.schedule import Terms
from followups.services import activate_plan, bill_instalment, bill_next, cancel_plan, draft_plan, start_plan
from followups.states import INSTALMENT_MOVES, PLAN_MOVES, Frequency, InstalmentStatus, PlanStatus
from tests.balances.invariants import broken
from tests.balances.money import allocation, credit_of
from tests.factories import a_charge, a_locked_day, a_patient, a_payment
from tests.followups.planned import debt_of
from tests.moves import accepted, listed


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def terms(home, instalment: int = 3000) -> Terms:
    return Terms(instalment, Frequency.MONTHLY, clock.today(home.clinic))


def test_converting_keeps_the_total_debt(harbor, ethan):
    charge = a_charge(harbor, ethan, 10000)
    a_payment(harbor, ethan.account, 1000, (charge, 1000))
    plan = start_plan(ethan.account, [charge], terms(harbor), by=harbor.bill)
    assert debt_of(ethan) == (0, 9000)
    assert (plan.total, [one.amount for one in plan.instalments.all()]) == (9000, [3000, 3000, 3000])
    assert not broken()


def test_instalments_bill_the_oldest_principal_first_and_keep_the_event(harbor, ethan):
    first = a_charge(harbor, ethan, 2000, on=date(2026, 1, 5))
    second = a_charge(harbor, ethan, 5000, on=date(2026, 2, 5))
    plan = start_plan(ethan.account, [second, first], terms(harbor), by=harbor.bill)
    invoice = bill_instalment(plan.instalments.first(), by=harbor.itself)
    assert list(invoice.charges.order_by("line").values_list("event", "amount")) == [
        (first.event_id, 2000),
        (second.event_id, 1000),
    ]
    assert set(invoice.charges.values_list("service_date", flat=True)) == {invoice.invoice_date}
    assert debt_of(ethan) == (3000, 4000)
    assert sum(one.outstanding for one in event_balances([first.event_id, second.event_id]).values()) == 7000
    assert not broken()


def test_paying_an_instalment_moves_the_event_and_the_plan_completes(harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    plan = start_plan(ethan.account, [charge], terms(harbor, 5000), by=harbor.bill)
    invoice = bill_instalment(plan.instalments.get(), by=harbor.itself)
    balance = event_balances([charge.event_id])[charge.event_id]
    assert (balance.charged, balance.outstanding, balance.applied, balance.badges) == (5000, 5000, 0, ["On plan"])
    payment = a_payment(harbor, ethan.account, 5000)
    apply_credit(credit_of(payment), [(invoice.charges.get(), 5000)], by=harbor.rita)
    balance = event_balances([charge.event_id])[charge.event_id]
    assert (balance.settlement, balance.badges) == (Settlement.PAID, [])
    assert Plan.objects.get().status == PlanStatus.COMPLETED
    line = AuditEvent.objects.get(action="plan.settled")
    assert (line.before, line.after, line.actor_id) == (
        {"plan": "active"},
        {"plan": "completed"},
        harbor.rita.user_id,
    )


def test_source_invoice_says_that_it_is_on_a_plan(harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    start_plan(ethan.account, [charge], terms(harbor), by=harbor.bill)
    balance = invoice_balance(invoices_with_balance(pk=charge.invoice_id).get())
    assert (balance.outstanding, balance.applied, balance.settlement, balance.badges) == (
        0,
        0,
        Settlement.UNPAID,
        ["On plan"],
    )


def test_instalment_after_a_close_is_not_dated_in_the_future(harbor, ethan):
    plan = start_plan(ethan.account, [a_charge(harbor, ethan, 5000)], terms(harbor), by=harbor.bill)
    today = clock.today(harbor.clinic)
    a_locked_day(harbor.location, today)
    invoice = bill_instalment(plan.instalments.first(), by=harbor.itself)
    posted = invoice.charges.get().entries.values_list("posting__business_date", flat=True)
    assert (invoice.invoice_date, list(posted)) == (today, [today + timedelta(days=1)])


def test_an_instalment_is_put_on_no_other_plan(harbor, ethan):
    plan = start_plan(ethan.account, [a_charge(harbor, ethan, 5000)], terms(harbor), by=harbor.bill)
    billed = bill_instalment(plan.instalments.first(), by=harbor.itself).charges.get()
    with pytest.raises(Refusal, match=f"is an instalment of {plan.ref}. Cancel that plan first"):
        draft_plan(ethan.account, [billed], terms(harbor), by=harbor.bill)


def test_more_instalments_than_are_left_are_not_billed(harbor, ethan):
    plan = start_plan(ethan.account, [a_charge(harbor, ethan, 5000)], terms(harbor), by=harbor.bill)
    with pytest.raises(Refusal, match="has only 2 more to bill"):
        bill_next(plan, 3, by=harbor.bill, first=1)
    assert debt_of(ethan) == (0, 5000)


def test_plan_of_which_nothing_is_late_is_no_default(harbor, ethan):
    plan = start_plan(ethan.account, [a_charge(harbor, ethan, 5000)], terms(harbor), by=harbor.bill)
    bill_instalment(plan.instalments.first(), by=harbor.bill)
    with pytest.raises(Refusal, match=f"No instalment of {plan.ref} is late"):
        cancel_plan(plan, by=harbor.bill, reason="never paid", defaulted=True)
    assert Plan.objects.get().status == PlanStatus.ACTIVE


def test_an_instalment_is_billed_once(harbor, ethan):
    plan = start_plan(ethan.account, [a_charge(harbor, ethan, 5000)], terms(harbor), by=harbor.bill)
    first = plan.instalments.first()
    bill_instalment(first, by=harbor.bill)
    with pytest.raises(Refusal, match="invoiced already"):
        bill_instalment(first, by=harbor.itself)


def test_cancelling_returns_what_is_unbilled_to_its_own_invoice_and_age(harbor, ethan):
    charge = a_charge(harbor, ethan, 7000, on=date(2026, 3, 1))
    plan = start_plan(ethan.account, [charge], terms(harbor), by=harbor.bill)
    billed = bill_instalment(plan.instalments.first(), by=harbor.itself)
    plan = cancel_plan(plan, by=harbor.bill, reason="moved away")
    charge.refresh_from_db()
    assert (charge.outstanding, charge.moved, charge.invoice.invoice_date) == (4000, 3000, date(2026, 3, 1))
    assert (billed.charges.get().outstanding, debt_of(ethan)) == (3000, (7000, 0))
    assert list(plan.instalments.values_list("status", flat=True)) == ["invoiced", "cancelled", "cancelled"]
    assert sum(plan.instalments.values_list("amount", flat=True)) == plan.total
    assert not broken()


def test_what_is_not_billed_is_neither_credited_nor_paid_off(harbor, ethan):
    plan = start_plan(ethan.account, [a_charge(harbor, ethan, 7000)], terms(harbor), by=harbor.bill)
    principal = plan.parts.get().principal
    with pytest.raises(Refusal, match="isn't billed yet"):
        credit_charge(principal, 100, by=harbor.bill, reason="wrong price")
    assert debt_of(ethan) == (0, 7000)


def test_draft_of_less_than_is_owed_by_now_is_refused(harbor, ethan):
    charge = a_charge(harbor, ethan, 7000)
    a_payment(harbor, ethan.account, 100, (charge, 100))
    plan = draft_plan(ethan.account, [charge], terms(harbor), by=harbor.bill)
    undo_allocation(allocation().pk, by=harbor.rita, reason="wrong charge")
    with pytest.raises(Refusal, match="changed since the plan"):
        activate_plan(plan, by=harbor.bill)


def test_drafting_moves_nothing_and_a_stale_draft_is_refused(harbor, ethan):
    charge = a_charge(harbor, ethan, 7000)
    plan = draft_plan(ethan.account, [charge], terms(harbor), by=harbor.bill)
    assert debt_of(ethan) == (7000, 0)
    a_payment(harbor, ethan.account, 100, (charge, 100))
    with pytest.raises(Refusal, match="changed since the plan"):
        activate_plan(plan, by=harbor.bill)
    assert (debt_of(ethan), Plan.objects.get().status) == ((6900, 0), PlanStatus.DRAFT)


def test_another_accounts_or_settled_invoices_are_refused(harbor, ethan):
    stranger = a_charge(harbor, a_patient(harbor, "Mia"), 500)
    settled = a_charge(harbor, ethan, 500)
    a_payment(harbor, ethan.account, 500, (settled, 500))
    for charge in (stranger, settled):
        with pytest.raises(Refusal, match="still owe something"):
            start_plan(ethan.account, [charge], terms(harbor), by=harbor.bill)


def test_reception_can_make_no_plan(harbor, ethan):
    with pytest.raises(Refused, match="Billing, Admin or Owner"):
        start_plan(ethan.account, [a_charge(harbor, ethan, 500)], terms(harbor), by=harbor.rita)


def test_moves_of_plans_in_python_are_those_of_the_database(harbor, ethan):
    roads = {"draft": [], "active": ["active"], "completed": ["active", "completed"], "cancelled": ["cancelled"]}
    roads["defaulted"] = ["active", "defaulted"]

    def reach(status: str) -> int:
        plan = draft_plan(ethan.account, [a_charge(harbor, ethan, 700)], terms(harbor), by=harbor.bill)
        for step in roads[status]:
            Plan.objects.filter(pk=plan.pk).update(status=step)
        return plan.pk

    assert accepted("followups_plan", "status", PlanStatus, reach) == listed(PLAN_MOVES)


def test_moves_of_instalments_in_python_are_those_of_the_database(harbor, ethan):
    def reach(status: str) -> int:
        plan = start_plan(ethan.account, [a_charge(harbor, ethan, 700)], terms(harbor), by=harbor.bill)
        due = plan.instalments.get()
        if status == InstalmentStatus.INVOICED:
            bill_instalment(due, by=harbor.itself)
        else:
            Instalment.objects.filter(pk=due.pk).update(status=status)
        return due.pk

    billed_by_word = ("scheduled", "invoiced")  # needs its invoice in the same statement
    assert accepted("followups_instalment", "status", InstalmentStatus, reach) == listed(INSTALMENT_MOVES) - {
        billed_by_word
    }


def test_two_instalments_never_share_an_invoice(harbor, ethan):
    plan = start_plan(ethan.account, [a_charge(harbor, ethan, 5000)], terms(harbor), by=harbor.bill)
    first, second = plan.instalments.all()
    invoice = bill_instalment(first, by=harbor.itself)
    second.status, second.invoice = InstalmentStatus.INVOICED, invoice
    with pytest.raises(IntegrityError, match="followups_instalment_invoice"):
        second.save(update_fields=["status", "invoice"])


def test_an_instalment_billed_late_is_due_today(harbor, ethan):
    start = clock.today(harbor.clinic) - timedelta(days=10)
    plan = start_plan(
        ethan.account, [a_charge(harbor, ethan, 500)], Terms(500, Frequency.WEEKLY, start), by=harbor.bill
    )
    invoice = bill_instalment(plan.instalments.get(), by=harbor.itself)
    assert invoice.due_date == invoice.invoice_date == clock.today(harbor.clinic)


def test_principal_can_be_neither_paid_nor_credited(harbor, ethan):
    plan = start_plan(ethan.account, [a_charge(harbor, ethan, 500)], terms(harbor), by=harbor.bill)
    principal = Charge.objects.get(pk=plan.parts.get().principal_id)
    payment = a_payment(harbor, ethan.account, 500)
    with pytest.raises(Refusal, match="unbilled on a payment plan"):
        apply_credit(credit_of(payment), [(principal, 100)], by=harbor.rita)


def test_g5_what_is_unbilled_on_a_plan_has_no_age_and_an_instalment_its_own(harbor, ethan):
    """Debt of a hundred days leaves the queue with the plan; what is billed of it comes back as new."""
    today = clock.today(harbor.clinic)
    charge = a_charge(harbor, ethan, 9000, on=today - timedelta(days=100))
    assert [(row.oldest_open, row.owes) for row in owing()] == [(today - timedelta(days=100), 9000)]
    plan = start_plan(ethan.account, [charge], terms(harbor), by=harbor.bill)
    assert (list(owing()), debt_of(ethan)) == ([], (0, 9000))

    bill_instalment(plan.instalments.first(), by=harbor.itself)

    assert [(row.oldest_open, row.owes) for row in owing()] == [(today, 3000)]
    assert [(one.bucket.key, one.owed) for one in bucket_totals(owing(), today) if one.owed] == [("0-30", 3000)]
    cancel_plan(plan, by=harbor.bill, reason="moved away")
    by_bucket = [(one.bucket.key, one.owed) for one in bucket_totals(owing(), today) if one.owed]
    assert by_bucket == [("90+", 9000)], "the account stands where its oldest invoice does"
