"""The four steps of a closed treatment: reviewed, flagged if needed, confirmed (S0.30, S0.33, S0.34, S0.36, K3)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from balances.queries import Balance, event_balances
from balances.services import complete_event, void_invoice
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.models import EventReview
from clinicpay.close.queries import findings
from clinicpay.close.reviews import confirm, review
from clinicpay.close.services import close_day, start_review
from clinicpay.close.standing import FLAG, REVIEW, SHOW, evidence_of, standings
from clinicpay.staff.access import Refused
from followups.schedule import Terms
from followups.services import (
    approve_write_off,
    bill_next,
    cancel_callback,
    make_promise,
    open_case,
    plan_callback,
    request_write_off,
    start_plan,
)
from followups.states import Frequency
from payments.models import Document
from payments.services import remove_document, reverse_payment
from tests.factories import a_count, a_patient, a_payment, a_ready_event, a_review, an_event, some_evidence
from treatments.models import TreatmentEvent
from treatments.services import reopen_record

LATER = timedelta(days=2)


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def event(harbor, ethan):
    """A treatment of today for 100.00, clinically closed and billed."""
    return closed(harbor, ethan, 10000)


def closed(harbor, patient, *fees):
    event = an_event(harbor, patient, *fees, service_at=clock.noon(harbor.clinic, clock.today(harbor.clinic)))
    complete_event(event, by=harbor.petra)
    return event


def pay(harbor, event, amount=10000):
    return a_payment(harbor, event.patient.account, amount, (event.charges.get(), amount))


def standing(event):
    event.refresh_from_db()
    return standings([event])[event.pk]


def k3(harbor):
    found = findings(harbor.clinic, harbor.location, clock.today(harbor.clinic))
    return [one.words for one in found if one.check == "K3"]


def test_paid_treatment_goes_through_the_four_steps_in_order(harbor, ethan):
    """S0.36: closed, reviewed, (nothing to flag), confirmed; each is recorded only after the one before."""
    event = an_event(harbor, ethan, 10000)
    assert standing(event).step == 0
    with pytest.raises(Refusal, match="reviewed once it is marked complete"):
        review(event, outcome="paid", by=harbor.rita)
    complete_event(event, by=harbor.petra)
    pay(harbor, event)
    assert (standing(event).step, standing(event).missing) == (1, (REVIEW,))
    with pytest.raises(Refusal, match=r"can't be confirmed yet\. Review its payment state"):
        confirm(event, by=harbor.rita)
    made = review(event, outcome="paid", by=harbor.rita)
    assert (made.balance, event.reviews.count()) == (0, 1)
    assert (standing(event).step, standing(event).outcome, standing(event).missing) == (3, "paid", (SHOW,))
    some_evidence(harbor, event)
    assert (standing(event).missing, standing(event).evidence) == ((), 1)
    assert confirm(event, by=harbor.rita).state == "ready"
    assert (standing(event).step, standing(event).is_done) == (4, True)


def test_confirmation_without_evidence_is_refused(harbor, event):
    """S0.33: the payment state confirmed and evidence attached, both."""
    pay(harbor, event)
    a_review(harbor, event)
    with pytest.raises(Refusal, match="Attach evidence of the payment"):
        confirm(event, by=harbor.olga)
    assert (standing(event).step, event.state) == (3, "reviewed")
    assert k3(harbor) == ["1 treatment reviewed, but neither confirmed nor flagged"]


def test_outcome_that_the_ledger_contradicts_is_refused(harbor, event):
    """S0.30: exactly one of three, and not against what is owed."""
    with pytest.raises(Refusal, match=r"\$100.00 is owed for TE-001, so it is not fully paid"):
        review(event, outcome="paid", by=harbor.rita)
    pay(harbor, event)
    for outcome in ("outstanding", "follow_up"):
        with pytest.raises(Refusal, match="Nothing is owed for TE-001"):
            review(event, outcome=outcome, by=harbor.rita)
    with pytest.raises(ValueError, match="maybe"):
        review(event, outcome="maybe", by=harbor.rita)
    assert not EventReview.objects.exists()


def test_balance_needs_a_flag_with_a_next_action(harbor, ethan, event):
    """S0.32, K3: a case alone is no next action; a callback or a promise is."""
    review(event, outcome="outstanding", note="Pays on Friday", by=harbor.rita)
    assert (standing(event).step, standing(event).missing) == (2, (FLAG, SHOW))
    open_case(ethan.account, by=harbor.rita)
    assert standing(event).step == 2
    assert k3(harbor)
    callback = plan_callback(ethan.account, timezone.now() + LATER, by=harbor.bill, member=harbor.bill)
    assert standing(event).step == 3
    assert standing(event).next_action.startswith("Callback")
    assert (k3(harbor), standing(event).is_done) == ([], True)
    with pytest.raises(Refusal, match=r"can't be confirmed yet\. Attach evidence"):
        confirm(event, by=harbor.rita)
    cancel_callback(callback, by=harbor.bill)
    assert (standing(event).step, len(k3(harbor))) == (2, 1)
    make_promise(ethan.account, 10000, clock.today(harbor.clinic), by=harbor.bill)
    assert standing(event).next_action.startswith("Promise $100.00 by")
    some_evidence(harbor, event, "signed.txt")
    assert confirm(event, by=harbor.rita).state == "ready"
    assert standing(event).step == 4


def test_no_charge_is_confirmed_without_evidence(harbor, ethan):
    event = closed(harbor, ethan)
    review(event, outcome="paid", by=harbor.rita)
    assert standing(event).outcome_words == "No charge"
    assert confirm(event, by=harbor.rita).state == "ready"


def test_what_was_credited_in_full_needs_no_evidence(harbor, event):
    """Nothing was paid and nothing is owed, so there is nothing to prove."""
    void_invoice(event.invoices.get(), by=harbor.bill, reason="wrong patient")
    a_review(harbor, event)
    assert confirm(event, by=harbor.rita).state == "ready"


@pytest.mark.parametrize("confirmed", [False, True])
def test_money_taken_back_leaves_no_false_fully_paid(harbor, event, confirmed):
    """The review is compared with the ledger each time, and the close finds it again (K3)."""
    payment = pay(harbor, event)
    a_ready_event(harbor, event) if confirmed else a_review(harbor, event)
    reverse_payment(payment, by=harbor.bill, reason="wrong patient")
    found = standing(event)
    assert (found.step, found.is_done) == (1, False)
    assert found.missing == ("It was reviewed as fully paid, and $100.00 is owed now. Review it again.",)
    assert len(k3(harbor)) == 1
    with pytest.raises(Refusal, match=r"owed now\. Review it again"):
        confirm(event, by=harbor.rita)
    made = review(event, outcome="follow_up", by=harbor.rita)
    assert (made.balance, standing(event).step, event.state) == (10000, 2, "reviewed")
    assert [one.outcome for one in event.reviews.order_by("pk")] == ["paid", "follow_up"]


def test_false_fully_paid_does_not_close_with_its_day(harbor, event):
    """The day may close over it with a reason, but the treatment stays ready, to be reviewed again."""
    payment = pay(harbor, event)
    a_ready_event(harbor, event)
    reverse_payment(payment, by=harbor.bill, reason="wrong patient")
    today = clock.today(harbor.clinic)
    start_review(harbor.location, today, by=harbor.bill)
    a_count(harbor, today)
    with pytest.raises(Refusal, match="neither confirmed nor flagged"):
        close_day(harbor.location, today, by=harbor.olga)
    close_day(harbor.location, today, by=harbor.olga, reason="The bank called")
    event.refresh_from_db()
    assert event.state == "ready"


def test_evidence_that_is_removed_after_the_confirmation_is_missed(harbor, event):
    pay(harbor, event)
    a_ready_event(harbor, event)
    remove_document(Document.objects.get(), by=harbor.rita, reason="another patient's")
    assert (standing(event).step, standing(event).missing) == (3, (SHOW,))
    assert len(k3(harbor)) == 1


def test_balance_paid_after_its_review_is_reviewed_again(harbor, event):
    a_review(harbor, event)
    pay(harbor, event)
    assert standing(event).missing == (
        "It was reviewed with a balance, and nothing is owed any more. Review it again.",
    )
    assert review(event, outcome="paid", by=harbor.rita).outcome == "paid"
    assert standing(event).step == 3


def test_second_click_and_a_second_person_change_nothing(harbor, event):
    pay(harbor, event)
    review(event, outcome="paid", by=harbor.rita)
    for who in (harbor.rita, harbor.bill):
        with pytest.raises(Refusal, match="TE-001 was reviewed already: fully paid"):
            review(event, outcome="paid", by=who)
    some_evidence(harbor, event)
    confirm(event, by=harbor.rita)
    with pytest.raises(Refusal, match="TE-001 was confirmed already"):
        confirm(event, by=harbor.bill)
    assert EventReview.objects.count() == 1


def test_record_that_is_reopened_is_reviewed_anew(harbor, event):
    pay(harbor, event)
    a_ready_event(harbor, event)
    event.refresh_from_db()
    reopen_record(event, by=harbor.petra, reason="forgot a tooth")
    assert (standing(event).step, standing(event).outcome) == (1, "")
    with pytest.raises(Refusal, match="Review its payment state"):
        confirm(event, by=harbor.rita)
    review(event, outcome="paid", by=harbor.rita)
    assert confirm(event, by=harbor.rita).state == "ready"


def test_review_is_not_for_practitioners(harbor, event):
    with pytest.raises(Refused, match="Reception, Billing, Admin or Owner"):
        review(event, outcome="outstanding", by=harbor.petra)
    with pytest.raises(Refused):
        confirm(event, by=harbor.petra)


@pytest.mark.parametrize(
    ("attach", "words"),
    [
        (lambda home, event, payment: some_evidence(home, event, "photo.txt"), "photo.txt"),
        (lambda home, event, payment: some_evidence(home, payment, "slip.txt"), "slip.txt"),
    ],
)
def test_documents_of_the_treatment_and_of_what_pays_it_are_evidence(harbor, event, attach, words):
    payment = pay(harbor, event)
    attach(harbor, event, payment)
    assert [one.words for one in evidence_of([event.pk])[event.pk]] == [words]


def test_document_of_money_that_pays_something_else_is_no_evidence(harbor, ethan, event):
    other = a_payment(harbor, ethan.account, 500)
    some_evidence(harbor, other)
    pay(harbor, event)
    assert evidence_of([event.pk]) == {}


def test_receipt_is_evidence_once_it_was_printed(harbor, event, client):
    """Only that there is one proves nothing: somebody has to hand it over."""
    receipt = pay(harbor, event).receipt
    client.force_login(harbor.rita.user)
    client.get(f"/c/harbor/receipts/{receipt.ref}/")
    assert evidence_of([event.pk]) == {}
    assert client.get(f"/c/harbor/receipts/{receipt.ref}/receipt.pdf").status_code == 200
    assert [one.words for one in evidence_of([event.pk])[event.pk]] == [f"{receipt.ref} printed"]


def test_review_and_confirmation_stand_in_the_trail(harbor, event):
    pay(harbor, event)
    review(event, outcome="paid", note="Cash", by=harbor.rita)
    some_evidence(harbor, event)
    confirm(event, by=harbor.rita)
    reviewed, confirmed = AuditEvent.objects.filter(action__in=["event.reviewed", "event.confirmed"]).order_by("pk")
    assert (reviewed.after, reviewed.reason) == ({"review": "paid", "owes": 0}, "Cash")
    assert confirmed.after == {"review": "paid", "owes": 0, "evidence": "slip.txt"}


def test_standings_of_many_take_as_many_questions_as_of_one(harbor, ethan, django_assert_num_queries):
    events = [closed(harbor, a_patient(harbor), 100) for _ in range(6)]
    for event in events[2:]:
        a_review(harbor, event)
    fresh = list(TreatmentEvent.objects.order_by("pk"))
    for some in (fresh[:1], fresh):
        with django_assert_num_queries(2):
            standings(some)


def test_balance_of_a_standing_is_that_of_every_page(harbor, ethan):
    """Paid, paid in part, given up, on a plan, credited, uncharged: its own question says what event_balances says."""
    paid, part, given_up, planned, empty = (closed(harbor, a_patient(harbor), *fees) for fees in ([900],) * 4 + ([],))
    pay(harbor, paid, 900)
    pay(harbor, part, 400)
    wanted = request_write_off(
        given_up.patient.account, [given_up.charges.get().invoice], by=harbor.itself, reason="Gone"
    )
    approve_write_off(wanted, by=harbor.olga)
    terms = Terms(300, Frequency.WEEKLY, clock.today(harbor.clinic))
    plan = start_plan(planned.patient.account, list(planned.charges.all()), terms, by=harbor.itself)
    bill_next(plan, 1, by=harbor.itself, first=1)
    events = list(TreatmentEvent.objects.order_by("pk"))

    found, said = standings(events), event_balances(event.pk for event in events)
    assert {event.pk: found[event.pk].balance for event in events if event.pk in said} == said
    assert len(said) == 4
    assert found[empty.pk].balance == Balance()


@pytest.mark.parametrize("state", ["reviewed", "ready", "day_closed"])
def test_database_knows_no_other_way_to_these_states(harbor, event, state):
    """Broken control: without the trigger the update passes (tests/balances/attacks_on_reviews.py tries the rest)."""
    with pytest.raises(IntegrityError), transaction.atomic():
        TreatmentEvent.objects.filter(pk=event.pk).update(state=state)


def test_database_sets_what_was_owed_and_who_said_so(harbor, event):
    made = EventReview.objects.create(event=event, outcome="outstanding", balance=1, made_by_id=harbor.olga.user_id)
    made.refresh_from_db()
    with connection.cursor() as cursor:
        cursor.execute("select app_user()")
        assert (made.balance, made.made_by_id) == (10000, cursor.fetchone()[0])
