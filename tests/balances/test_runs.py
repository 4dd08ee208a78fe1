"""The automatic run over a clinic: what it writes, keeps away from, and does a second time."""

from datetime import date, timedelta

import pytest

from balances import auto_apply as engine
from balances.ledger import open_books
from balances.models import Decision, Entry, Posting
from balances.queries import live_allocations
from balances.services import (
    apply_credit,
    apply_preview,
    change_rules,
    hold_credit,
    plan_auto_apply,
    preview_run,
    rules_of,
    run_auto_apply,
    undo_allocation,
    undo_run,
)
from balances.services.planning import Planned, applications
from balances.states import CreditKind, PostingKind, RunState, Source
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.patients.services import add_payer, open_account
from clinicpay.staff.access import Refused
from payments.models import Payment
from payments.services import GoingBack, refund_payment
from payments.states import RefundReason
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


def test_run_never_takes_a_prepayment_that_is_held_for_nothing_in_particular(harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    held = hold(harbor, ethan.account, 7000)
    run = run_auto_apply(by=harbor.bill)
    assert run.allocated == 0
    assert left(charge) == [5000]
    assert held.credits.get(kind=CreditKind.PRE_PAYMENT).available == 7000
    told = run.decisions.get()
    assert (told.charge_id, told.amount) == (None, 7000)
    assert "held as a pre-payment without criteria" in told.reason


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


def test_held_for_a_procedure_is_used_for_it_alone(harbor, ethan):
    """S3.14, S3.15, S3.17, S3.32, S3.38: a cleaning on the same account is left alone, and says why not."""
    crown = a_charge(harbor, ethan, 9000)
    money = credit_of(a_payment(harbor, ethan.account, 20000))
    held = hold_credit(money, 20000, by=harbor.bill, criteria={"procedure": "D2740", "location": harbor.location})
    run = run_auto_apply(by=harbor.bill)
    assert left(crown) == [9000]
    assert "procedure is D1001, not D2740" in run.decisions.get().reason
    fitting = hold_credit_for(harbor, ethan, 5000, procedure="d1001")
    run = run_auto_apply(by=harbor.bill)
    assert left(crown) == [4000]
    assert held.pk != fitting.pk
    assert not broken()


def hold_credit_for(home, patient, amount, **criteria):
    """Money that is held for something."""
    return hold_credit(credit_of(a_payment(home, patient.account, amount)), amount, by=home.bill, criteria=criteria)


def test_held_money_by_hand_names_what_fails_and_needs_a_right_and_a_reason(harbor, ethan):
    """S3.19, S3.42, A5."""
    charge = a_charge(harbor, ethan, 9000)
    held = hold_credit_for(harbor, ethan, 5000, procedure="D2740")
    with pytest.raises(Refusal, match=r"held for D2740.*procedure is D1001, not D2740"):
        apply_credit(held, [(charge, 5000)], by=harbor.bill)
    with pytest.raises(Refused):
        apply_credit(held, [(charge, 5000)], by=harbor.rita, override="the patient asks")
    assert left(charge) == [9000]
    apply_credit(held, [(charge, 5000)], by=harbor.bill, override="the patient asks")
    assert left(charge) == [4000]


def test_preview_moves_nothing_and_is_done_as_it_was_shown(harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    a_payment(harbor, ethan.account, 7000)
    shown = preview_run(by=harbor.bill)
    assert (left(charge), shown.allocated, shown.state) == ([5000], 0, RunState.PREVIEW)
    told = list(shown.decisions.order_by("pk").values_list("charge", "amount", "reason"))
    run = apply_preview(shown, by=harbor.bill)
    assert (left(charge), run.allocated, run.changed, run.done) == ([0], 5000, 0, 1)
    assert list(run.decisions.order_by("pk").values_list("charge", "amount", "reason")) == told
    assert not broken()


def test_preview_is_done_once(harbor, ethan):
    a_charge(harbor, ethan, 5000)
    a_payment(harbor, ethan.account, 7000)
    shown = preview_run(by=harbor.bill)
    apply_preview(shown, by=harbor.bill)
    with pytest.raises(Refusal, match="applied already"):
        apply_preview(shown, by=harbor.bill)


def test_account_that_changed_since_the_preview_is_left_out_and_counted(harbor, ethan):
    mia = a_patient(harbor, "Mia")
    charges = [a_charge(harbor, patient, 5000) for patient in (ethan, mia)]
    for patient in (ethan, mia):
        a_payment(harbor, patient.account, 2000)
    shown = preview_run(by=harbor.bill)
    a_payment(harbor, mia.account, 900, (charges[1], 900))
    a_payment(harbor, mia.account, 4000, (charges[1], 4000))
    run = apply_preview(shown, by=harbor.bill)
    assert (left(*charges), run.changed, run.allocated) == ([3000, 100], 1, 2000)
    assert run.decisions.filter(left_out=True).count() == 1


def test_undoing_a_run_restores_every_balance_exactly(harbor, ethan):
    """I12."""
    charges = [a_charge(harbor, ethan, fee) for fee in (6000, 4000)]
    a_payment(harbor, ethan.account, 1500, (charges[0], 700))
    a_payment(harbor, ethan.account, 7000)
    before = left(*charges), totals(ethan.account)
    run = run_auto_apply(by=harbor.bill)
    assert undo_run(run, by=harbor.bill, reason="wrong rules") == 3
    assert (left(*charges), totals(ethan.account)) == before
    assert not broken()
    with pytest.raises(Refusal, match="undone already"):
        undo_run(run, by=harbor.bill, reason="again")


def test_run_whose_money_was_refunded_since_is_not_undone_and_says_which(harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    payment = a_payment(harbor, ethan.account, 5000)
    run = run_auto_apply(by=harbor.bill)
    refund_payment(payment, GoingBack(100, RefundReason.OTHER), by=harbor.bill)
    with pytest.raises(Refusal, match=f"{payment.ref} was undone or refunded since"):
        undo_run(run, by=harbor.bill, reason="wrong rules")
    assert left(charge) == [100]


def test_single_application_of_a_run_can_be_undone(harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    a_payment(harbor, ethan.account, 5000)
    run_auto_apply(by=harbor.bill)
    undo_allocation(live_allocations(charge=charge).get().pk, by=harbor.bill, reason="by hand")
    assert left(charge) == [5000]


def test_night_tells_of_waiting_money_once(harbor, ethan):
    hold_credit_for(harbor, ethan, 5000, procedure="D2740")
    runs = [run_auto_apply(by=harbor.bill, source=Source.NIGHTLY) for _ in range(2)]
    assert [run.decisions.count() for run in runs] == [1, 0]
    a_charge(harbor, ethan, 900)
    assert "does not match" in run_auto_apply(by=harbor.bill, source=Source.NIGHTLY).decisions.get().reason


RULES = {
    "kinds": ["unapplied"],
    "exact_first": False,
    "own_patient_first": False,
    "by_due_date": False,
    "minimum_age": 0,
    "excluded": ["Cosmetic"],
}


def test_rules_are_followed_and_kept_in_the_trail(harbor, ethan):
    """S3.10, S3.11: the same rules for the utility and the night."""
    assert rules_of(harbor.clinic).kinds == ("pre_payment", "deposit", "unapplied")
    change_rules(by=harbor.adam, **RULES)
    charge = a_charge(harbor, ethan, 5000)
    hold(harbor, ethan.account, 5000, CreditKind.DEPOSIT)
    run = run_auto_apply(by=harbor.bill)
    assert left(charge) == [5000]
    assert "leave every deposit alone" in run.decisions.get().reason


def test_debt_takes_part_from_its_minimum_age_on(harbor, ethan):
    """Of ten days: what was billed ten days ago does, nine days ago not yet."""
    change_rules(by=harbor.adam, **RULES | {"kinds": ["unapplied"], "minimum_age": 10, "excluded": []})
    today = clock.today(harbor.clinic)
    old, young = (a_charge(harbor, ethan, 500, on=today - timedelta(days=age)) for age in (10, 9))
    a_payment(harbor, ethan.account, 5000)
    run_auto_apply(by=harbor.bill)
    assert left(old, young) == [0, 500]


def test_imported_money_pays_once_both_were_there():
    """The day of each: when it was received, when the work was done, when that was billed; the last of them counts."""
    day = date(2026, 3, 2)
    for received, served, billed in ((0, 1, 5), (5, 0, 1), (1, 5, 0)):
        source = engine.Source(1, "PAY-001", "unapplied", day + timedelta(days=received), 100)
        served_on, billed_on = day + timedelta(days=served), day + timedelta(days=billed)
        target = engine.Target(2, "INV-001", billed_on, 100, service_date=served_on)
        plan = Planned(3, [engine.Decided(1, 2, 100, "")], [], [source], [target])
        assert [one.day for one in applications([plan], is_dated=True)] == [day + timedelta(days=5)]
        assert [one.day for one in applications([plan])] == [None]


def test_rules_that_exclude_everything_are_refused(harbor):
    with pytest.raises(Refusal, match="at least one kind"):
        change_rules(by=harbor.adam, **RULES | {"kinds": []})


def test_rules_are_changed_by_those_who_manage_the_clinic(harbor):
    with pytest.raises(Refused):
        change_rules(by=harbor.bill, **RULES)


def test_second_night_after_an_undone_run_says_nothing_again(harbor):
    """B13: what is left of money that a night applied in part is told by that night, although an undone run told it."""
    patient = a_patient(harbor)
    a_charge(harbor, patient, 9400)
    a_payment(harbor, patient.account, 9200)
    a_payment(harbor, patient.account, 1400)
    undo_run(run_auto_apply(by=harbor.bill, source=Source.AUTO), by=harbor.bill, reason="Too early")

    first = run_auto_apply(by=harbor.bill, source=Source.NIGHTLY)
    second = run_auto_apply(by=harbor.bill, source=Source.NIGHTLY)

    assert list(first.decisions.filter(charge=None).values_list("amount", flat=True)) == [1200]
    assert not second.decisions.exists()
