"""The verbs of `open_books`: what they move, date, refuse, and leave in the trail."""

from datetime import date, timedelta

import pytest
from django.db import transaction

from balances.ledger import open_books
from balances.models import AutoApplyRun, Charge, Credit, Entry, Posting
from balances.services import apply_credit, complete_event, run_auto_apply, undo_allocation
from balances.signals import account_changed
from balances.states import CreditKind, EntryKind, PostingKind, Source
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from payments.models import Payment
from payments.services import reverse_payment
from tests.balances.invariants import broken
from tests.balances.money import allocation, applied, credit_of, left, totals
from tests.factories import a_charge, a_locked_day, a_patient, a_payment, an_event, an_invoice


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def rows() -> tuple[list, list, list]:
    """Every total of the clinic."""
    return (
        list(Charge.objects.order_by("pk").values_list("pk", "outstanding")),
        list(Credit.objects.order_by("pk").values_list("pk", "available")),
        list(Account.objects.order_by("pk").values_list("pk", "owes", "unapplied", "deposits", "held")),
    )


def test_undo_restores_every_total_exactly(harbor, ethan):
    charge = a_charge(harbor, ethan, 20000)
    payment = a_payment(harbor, ethan.account, 5500)
    before = rows()
    apply_credit(credit_of(payment), [(charge, 5500)], by=harbor.rita)
    assert rows() != before
    undo_allocation(allocation().pk, by=harbor.rita, reason="wrong charge")
    assert rows() == before
    assert AuditEvent.objects.get(action="ledger.unallocate").reason == "wrong charge"
    assert not broken()


@pytest.mark.parametrize("keep", [1, 2500, 5499])
def test_undo_of_a_part_keeps_the_rest(harbor, ethan, keep):
    charge = a_charge(harbor, ethan, 20000)
    payment = a_payment(harbor, ethan.account, 5500, (charge, 5500))
    undo_allocation(allocation().pk, by=harbor.rita, reason=" too much ", keep=keep)
    assert left(charge) == [20000 - keep]
    assert credit_of(payment).available == 5500 - keep
    assert applied() == [keep]
    assert Posting.objects.get(kind=PostingKind.UNALLOCATE).entries.count() == 2
    assert not broken()


def test_undo_of_a_part_keeps_the_source_and_the_run(harbor, ethan):
    a_charge(harbor, ethan, 20000)
    a_payment(harbor, ethan.account, 5500)
    run = run_auto_apply(by=harbor.bill)
    undo_allocation(allocation().pk, by=harbor.rita, reason="too much", keep=500)
    kept = allocation().posting
    assert (kept.source, kept.run_id) == (Source.AUTO, run.pk)
    assert kept.made_by_id == harbor.rita.user_id


@pytest.mark.parametrize("keep", [-1, 5500, 9999])
def test_undo_keeping_all_or_nonsense_is_refused(harbor, ethan, keep):
    charge = a_charge(harbor, ethan, 20000)
    a_payment(harbor, ethan.account, 5500, (charge, 5500))
    with pytest.raises(Refusal, match="Keep less"):
        undo_allocation(allocation().pk, by=harbor.rita, reason="wrong", keep=keep)


@pytest.mark.parametrize("reason", ["", "   "])
def test_undo_without_a_reason_is_refused(harbor, ethan, reason):
    charge = a_charge(harbor, ethan, 20000)
    a_payment(harbor, ethan.account, 5500, (charge, 5500))
    with pytest.raises(Refusal, match="Say why"):
        undo_allocation(allocation().pk, by=harbor.rita, reason=reason)
    assert left(charge) == [14500]


def test_undo_a_second_time_is_refused(harbor, ethan):
    charge = a_charge(harbor, ethan, 20000)
    a_payment(harbor, ethan.account, 5500, (charge, 5500))
    entry = allocation()
    undo_allocation(entry.pk, by=harbor.rita, reason="wrong")
    with pytest.raises(Refusal, match="undone already"):
        undo_allocation(entry.pk, by=harbor.rita, reason="wrong")
    assert left(charge) == [20000]


def test_undo_of_something_else_is_refused(harbor, ethan):
    a_payment(harbor, ethan.account, 5500)
    receipt = Entry.objects.get(kind=EntryKind.RECEIVE)
    with pytest.raises(Refusal):
        undo_allocation(receipt.pk, by=harbor.rita, reason="wrong")


def test_act_that_fails_in_the_middle_leaves_nothing(harbor, ethan):
    charge, small = a_charge(harbor, ethan, 20000), a_charge(harbor, ethan, 100)
    payment = a_payment(harbor, ethan.account, 5500)
    before, trail = rows(), AuditEvent.objects.count()
    with pytest.raises(Refusal, match="more than what is still owed"):
        apply_credit(credit_of(payment), [(charge, 5000), (small, 101)], by=harbor.rita)
    assert rows() == before
    assert AuditEvent.objects.count() == trail


def test_accounts_that_were_not_locked_are_refused(harbor, ethan):
    charge = a_charge(harbor, ethan, 100)
    payment = a_payment(harbor, ethan.account, 100)
    stranger = a_patient(harbor, "Mia")
    with pytest.raises(RuntimeError), open_books(stranger.account, by=harbor.rita) as books:
        books.allocate(credit_of(payment), charge, 100)


def test_trail_has_totals_before_and_after_of_the_accounts_that_moved(harbor, ethan):
    charge = a_charge(harbor, ethan, 10000)
    payment = a_payment(harbor, ethan.account, 3000)
    bystander = a_patient(harbor, "Mia")
    with open_books(ethan.account, bystander.account, by=harbor.rita) as books:
        books.allocate(credit_of(payment), charge, 3000)
    line = AuditEvent.objects.get(action="ledger.allocate")
    assert (line.subject_id, line.actor_id) == (ethan.account_id, harbor.rita.user_id)
    assert (line.before["owes"], line.before["unapplied"]) == (10000, 3000)
    assert (line.after["owes"], line.after["unapplied"]) == (7000, 0)


def test_trail_has_the_totals_of_held_and_of_planned_money(harbor, ethan):
    charge = a_charge(harbor, ethan, 7000)
    credit = credit_of(a_payment(harbor, ethan.account, 3000))
    with open_books(ethan.account, by=harbor.rita) as books:
        books.hold(credit, 1000)
        books.convert(charge, 5000)
    line = AuditEvent.objects.get(action="ledger.hold+convert")
    totals = ("owes", "planned", "unapplied", "deposits", "held")
    assert [line.before[name] for name in totals] == [7000, 0, 3000, 0, 0]
    assert [line.after[name] for name in totals] == [2000, 5000, 2000, 0, 1000]


def test_trail_is_gone_when_the_transaction_rolls_back(harbor, ethan):
    before = AuditEvent.objects.count()
    with transaction.atomic():
        a_payment(harbor, ethan.account, 3000)
        assert AuditEvent.objects.count() > before
        transaction.set_rollback(True)
    assert AuditEvent.objects.count() == before
    assert totals(ethan.account) == (0, 0)


def test_followers_hear_of_it_inside_the_transaction_with_fresh_totals(harbor, ethan):
    charge = a_charge(harbor, ethan, 10000)
    heard = []

    def listen(accounts, by, **kwargs):
        in_transaction = transaction.get_connection().in_atomic_block
        heard.extend((account.pk, account.owes, by, in_transaction) for account in accounts)

    account_changed.connect(listen)
    try:
        a_payment(harbor, ethan.account, 4000, (charge, 4000))
    finally:
        account_changed.disconnect(listen)
    assert heard == [(ethan.account_id, 6000, harbor.itself, True)]


def test_follower_that_fails_takes_the_money_back(harbor, ethan):
    def fail(**kwargs):
        raise Refusal("no")

    account_changed.connect(fail)
    try:
        with pytest.raises(Refusal):
            a_payment(harbor, ethan.account, 4000)
    finally:
        account_changed.disconnect(fail)
    assert totals(ethan.account) == (0, 0)
    assert not Payment.objects.exists()


def test_posting_after_a_close_lands_on_the_next_open_day(harbor, ethan):
    today = clock.today(harbor.clinic)
    a_locked_day(harbor.location, today)
    a_locked_day(harbor.location, today + timedelta(days=1))
    a_payment(harbor, ethan.account, 100)
    assert Posting.objects.get().business_date == today + timedelta(days=2)


def test_invoice_after_a_close_is_not_dated_in_the_future(harbor, ethan):
    today = clock.today(harbor.clinic)
    a_locked_day(harbor.location, today)
    invoice = an_invoice(harbor, ethan, 100)
    assert invoice.invoice_date == today
    assert Posting.objects.get().business_date == today + timedelta(days=1)


def test_close_at_one_location_leaves_the_other_open(harbor, ethan):
    today = clock.today(harbor.clinic)
    a_locked_day(harbor.location, today)
    annex = Location.objects.create(name="Annex")
    a_payment(harbor, ethan.account, 100, location=annex)
    assert Posting.objects.get().business_date == today


def test_past_date_is_for_imports_and_demo_data_only(harbor, ethan):
    yesterday = clock.today(harbor.clinic) - timedelta(days=1)
    with pytest.raises(Refusal, match="past date"), open_books(ethan.account, by=harbor.rita, dated=yesterday):
        pass


def test_future_date_is_for_nobody(harbor, ethan):
    tomorrow = clock.today(harbor.clinic) + timedelta(days=1)
    with pytest.raises(Refusal, match="future"):
        a_payment(harbor, ethan.account, 100, on=tomorrow)


def test_past_date_on_a_closed_day_is_refused(harbor, ethan):
    day = date(2026, 1, 5)
    a_locked_day(harbor.location, day)
    with pytest.raises(Refusal, match="closed"):
        a_payment(harbor, ethan.account, 100, on=day)


def test_reversal_takes_the_dates_of_what_it_undoes(harbor, ethan):
    day = date(2026, 10, 5)
    charge = a_charge(harbor, ethan, 100, on=day)
    payment = a_payment(harbor, ethan.account, 100, (charge, 60), on=day)
    apply_credit(credit_of(payment), [(charge, 40)], by=harbor.rita)
    reverse_payment(payment, by=harbor.rita, reason="entered twice")
    undone = Posting.objects.filter(kind=PostingKind.UNALLOCATE).order_by("business_date")
    assert [posting.business_date for posting in undone] == [day, clock.today(harbor.clinic)]
    assert Posting.objects.get(kind=PostingKind.REVERSE_PAYMENT).business_date == day


def test_reversal_releases_what_is_held_on_the_day_on_which_it_was(harbor, ethan):
    day = date(2026, 10, 5)
    credit = credit_of(a_payment(harbor, ethan.account, 100, on=day))
    with open_books(ethan.account, by=harbor.itself, source=Source.DEMO, dated=day) as books:
        books.hold(credit, 40)
    reverse_payment(credit.payment, by=harbor.rita, reason="entered twice")
    assert Posting.objects.get(kind=PostingKind.RELEASE).business_date == day
    assert not broken()


def test_reversal_takes_back_what_held_money_has_paid(harbor, ethan):
    charge = a_charge(harbor, ethan, 500)
    credit = credit_of(a_payment(harbor, ethan.account, 100))
    with open_books(ethan.account, by=harbor.rita) as books:
        held = books.hold(credit, 60)
    with open_books(ethan.account, by=harbor.rita) as books:
        books.allocate(held, charge, 40)
    reverse_payment(credit.payment, by=harbor.rita, reason="entered twice")
    assert (left(charge), totals(ethan.account)) == ([500], (500, 0))
    assert not Credit.objects.filter(available__gt=0).exists()
    assert not broken()


def test_reserves_of_one_act_are_given_up_apart(harbor, ethan):
    credit = credit_of(a_payment(harbor, ethan.account, 100))
    with open_books(ethan.account, by=harbor.rita) as books:
        first, second = (books.reserve([(credit, part)], reason="asked") for part in (30, 20))
    with open_books(ethan.account, by=harbor.rita) as books:
        books.unreserve(first, reason="it stays")
    left_of = dict(Credit.objects.values_list("pk", "available"))
    assert left_of == {credit.pk: 80, first.pk: 0, second.pk: 20}
    assert not broken()


def test_held_money_is_as_old_as_what_it_was_received_with(harbor, ethan):
    day = date(2026, 10, 5)
    credit = credit_of(a_payment(harbor, ethan.account, 100, on=day))
    with open_books(ethan.account, by=harbor.rita) as books:
        held = books.hold(credit, 40)
    held.refresh_from_db()
    assert (held.received_on, Posting.objects.get(kind=PostingKind.HOLD).business_date) == (
        day,
        clock.today(harbor.clinic),
    )


def test_reversal_of_a_closed_day_is_refused(harbor, ethan):
    payment = a_payment(harbor, ethan.account, 100, on=date(2026, 10, 5))
    a_locked_day(harbor.location, date(2026, 10, 5))
    with pytest.raises(Refusal, match="closed"):
        reverse_payment(payment, by=harbor.rita, reason="entered twice")
    assert totals(ethan.account) == (0, 100)


def test_database_sets_who_when_and_why_even_if_the_client_lies(harbor, ethan):
    lie = Posting.objects.create(
        kind=PostingKind.ALLOCATE,
        business_date=clock.today(harbor.clinic),
        location=harbor.location,
        made_at="2001-01-01T00:00Z",
        made_by_id=harbor.olga.user_id,
        transaction_id=1,
        reason=" ",
    )
    lie.refresh_from_db()
    assert lie.made_at.year >= 2026
    assert lie.made_by_id == harbor.rita.user_id
    assert lie.transaction_id > 1
    assert lie.reason == "allocate"


def test_every_posting_and_line_of_the_trail_names_its_maker(harbor, ethan):
    event = an_event(harbor, ethan, 100)
    complete_event(event, by=harbor.rita)
    payment = a_payment(harbor, ethan.account, 100)
    apply_credit(credit_of(payment), [(Charge.objects.get(), 100)], by=harbor.rita)
    undo_allocation(allocation().pk, by=harbor.rita, reason="wrong")
    reverse_payment(payment, by=harbor.rita, reason="entered twice")
    assert set(Posting.objects.values_list("made_by_id", flat=True)) == {harbor.rita.user_id}
    assert not Posting.objects.filter(reason="").exists()
    assert set(AuditEvent.objects.values_list("actor_id", flat=True)) == {harbor.rita.user_id}


def test_totals_that_a_client_sends_are_not_kept(harbor, ethan):
    liar = Account.objects.create(number=99, name="Liar", owes=5, unapplied=7, held=3)
    liar.refresh_from_db()
    assert (liar.owes, liar.unapplied, liar.held) == (0, 0, 0)


@pytest.mark.parametrize(
    ("kind", "total"),
    [(CreditKind.UNAPPLIED, "unapplied"), (CreditKind.DEPOSIT, "deposits")],
)
def test_receiving_moves_the_total_of_its_kind(harbor, ethan, kind, total):
    with open_books(ethan.account, by=harbor.rita) as books:
        payment = Payment.objects.create(
            number=7, account=ethan.account, location=harbor.location, amount=100, method="cash", status="paid"
        )
        books.receive(payment, kind)
    account = Account.objects.get(pk=ethan.account_id)
    moved = {name: getattr(account, name) for name in ("unapplied", "deposits", "held") if getattr(account, name)}
    assert moved == {total: 100}
    line = AuditEvent.objects.get(action="ledger.receive")
    assert (line.before[total], line.after[total]) == (0, 100)
    assert not broken()


def test_run_writes_its_source_and_its_run(harbor, ethan):
    charge = a_charge(harbor, ethan, 100)
    payment = a_payment(harbor, ethan.account, 100)
    run = AutoApplyRun.objects.create(number=1, source=Source.NIGHTLY)
    with open_books(ethan.account, by=harbor.itself, source=Source.NIGHTLY, run=run) as books:
        books.allocate(credit_of(payment), charge, 100)
    posting = Posting.objects.get(kind=PostingKind.ALLOCATE)
    assert (posting.source, posting.run_id) == (Source.NIGHTLY, run.pk)
