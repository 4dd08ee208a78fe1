"""Reversing a credit note from its invoice's page, driven over HTTP; and what voiding says that follows."""

import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from balances.models import Posting
from balances.queries import credit_notes
from balances.services import bill_event, cancel_event, credit_charge, reverse_credit, void_invoice
from balances.states import PostingKind
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from followups.models import Case
from followups.services import make_promise, open_case, plan_callback, request_write_off
from followups.states import CaseState
from payments.services import GoingBack, refund_payment
from payments.states import RefundReason
from tests.access.samples import Words
from tests.balances.money import left
from tests.factories import a_charge, a_patient, a_payment, a_review, an_event, an_invoice

pytestmark = pytest.mark.django_db


@pytest.fixture
def bill(harbor, client):
    client.force_login(harbor.bill.user)
    return client


@pytest.fixture
def charge(harbor):
    return a_charge(harbor, a_patient(harbor), 12000)


@pytest.fixture
def note(harbor, charge):
    credit_charge(charge, 12000, by=harbor.bill, reason="Wrong tooth")
    return credit_notes(charge=charge).get()


def place(harbor, note, page="credit_reverse") -> str:
    return address(harbor.clinic, page, number=note.charge.invoice.number, entry=note.pk)


def words(client, path) -> str:
    return Words(client.get(path).content.decode()).text


def seal_of(client, harbor, note) -> str:
    return re.search(r'name="seal" value="([0-9a-f]+)"', client.get(place(harbor, note)).content.decode())[1]


def send(client, harbor, note, **form):
    fields = {"reason": "It was the right one", "request_key": str(uuid.uuid4())} | form
    return client.post(place(harbor, note), fields, follow=True)


def test_invoice_lists_what_was_credited_with_the_way_back(bill, harbor, note):
    invoice = address(harbor.clinic, "invoice", number=note.charge.invoice.number)
    page = bill.get(invoice).content.decode()
    assert "What was credited" in page
    assert "Wrong tooth" in page
    assert place(harbor, note) in page
    bill.force_login(harbor.rita.user)
    assert place(harbor, note) not in bill.get(invoice).content.decode(), "reception can't credit"


def test_all_that_it_does_is_shown_and_done(bill, harbor, note, charge):
    page = words(bill, place(harbor, note))
    assert "$120.00 of D1001 Procedure 1" in page
    assert "Wrong tooth" in page
    assert "INV-001 owes $0.00 then $120.00" in page
    assert "Ethan Park owes $0.00 then $120.00 : comes on the follow-up queue, at 0 days (0–30)" in page

    answer = send(bill, harbor, note, seal=seal_of(bill, harbor, note))

    said = "The credit note was reversed: $120.00 of D1001 Procedure 1 is owed again."
    assert said in answer.content.decode()
    assert left(charge) == [12000]
    posting = Posting.objects.latest("pk")
    assert (posting.kind, posting.reason) == (PostingKind.REVERSE_CREDIT_NOTE, "It was the right one")
    assert "What was credited" not in answer.content.decode()
    history = words(bill, address(harbor.clinic, "invoice_history", number=1))
    assert "reversed a credit note of $120.00 on INV-001" in history


def test_sent_twice_is_one_and_from_another_window_is_told(bill, harbor, note, charge):
    form = {"seal": seal_of(bill, harbor, note), "request_key": str(uuid.uuid4())}
    for _ in range(2):
        assert send(bill, harbor, note, **form).redirect_chain
    other = send(bill, harbor, note, **form | {"request_key": str(uuid.uuid4())})
    assert other.status_code == 422
    assert "This credit note was reversed already." in Words(other.content.decode()).text
    assert left(charge) == [12000]


def test_what_changed_meanwhile_is_shown_again_first(bill, harbor, note, charge):
    seal = seal_of(bill, harbor, note)
    a_payment(harbor, charge.account, 5000)
    answer = send(bill, harbor, note, seal=seal)
    assert answer.status_code == 422
    page = Words(answer.content.decode()).text
    assert "Something has changed since this summary was made." in page
    assert "$50.00 stays in hand until it is applied" in page
    assert left(charge) == [0]


def test_without_reason_or_right_nothing_happens(bill, harbor, note, charge):
    assert send(bill, harbor, note, seal=seal_of(bill, harbor, note), reason=" ").status_code == 422
    bill.force_login(harbor.rita.user)
    answer = send(bill, harbor, note, seal="0" * 64)
    assert answer.status_code == 403
    assert "Billing, Admin or Owner" in answer.content.decode()
    assert left(charge) == [0]


def test_note_of_another_invoice_is_not_found(bill, harbor, note):
    other = a_charge(harbor, a_patient(harbor, "Zoe", "Other"), 3000)
    path = address(harbor.clinic, "credit_reverse", number=other.invoice.number, entry=note.pk)
    assert bill.get(path).status_code == 404
    assert bill.get(place(harbor, note, "credit_reverse_follow_up")).status_code == 200


def test_what_is_void_or_of_a_cancelled_treatment_stays_credited(bill, harbor, note):
    void_invoice(note.charge.invoice, by=harbor.bill, reason="All of it")
    assert "INV-001 is void. What was wrong is billed again on another invoice." in words(bill, place(harbor, note))
    page = bill.get(address(harbor.clinic, "invoice", number=1)).content.decode()
    assert "What was credited" in page
    assert place(harbor, note) not in page

    event = an_event(harbor, a_patient(harbor, "Zoe", "Other"), 3000)
    begun = an_early_charge(harbor, event)
    credit_charge(begun, 3000, by=harbor.bill, reason="Moves away")
    cancel_event(event, by=harbor.rita)
    lost = credit_notes(charge=begun).get()
    assert "was cancelled, so what was charged for it stays credited." in words(bill, place(harbor, lost))
    with pytest.raises(Refusal, match="was cancelled"):
        reverse_credit(lost.pk, by=harbor.bill, reason="x")


def an_early_charge(harbor, event):
    return bill_event(event, by=harbor.rita).charges.select_related("invoice").get()


def test_note_of_a_refund_names_it(bill, harbor, charge):
    payment = a_payment(harbor, charge.account, 12000, (charge, 12000))
    wish = GoingBack(12000, RefundReason.NOT_RENDERED, "Not done", reduce_charge=True)
    refund = refund_payment(payment, wish, by=harbor.olga)
    page = words(bill, place(harbor, credit_notes(charge=charge).get()))
    assert f"Made with {refund.ref} , which stays as it is" in page


def test_it_says_that_the_follow_up_opens_again_and_the_review_is_over(bill, harbor, charge):
    open_case(charge.account, by=harbor.bill)
    credit_charge(charge, 12000, by=harbor.bill, reason="Wrong tooth")
    a_review(harbor, charge.event)
    note = credit_notes(charge=charge).get()

    page = words(bill, place(harbor, note, "credit_reverse_follow_up"))

    assert re.search(r"The follow-up of Ethan Park, closed on .*, opens again\.", page)
    assert "TE-001 was reviewed as “fully paid”, which it is not then" in page
    send(bill, harbor, note, seal=seal_of(bill, harbor, note))
    assert Case.objects.get().state == CaseState.CONTACT_DUE


def test_void_says_whether_a_follow_up_closes_and_what_with_it(bill, harbor):
    patient = a_patient(harbor)
    first, second = an_invoice(harbor, patient, 12000), an_invoice(harbor, patient, 3000)
    follows = lambda one: words(bill, address(harbor.clinic, "invoice_void_follow_up", number=one.number))  # noqa: E731
    assert "Ethan Park is not followed up, so no follow-up changes." in follows(first)

    open_case(patient.account, by=harbor.bill)
    assert "Ethan Park is followed up (contact due); that goes on." in follows(first)

    void_invoice(first, by=harbor.bill, reason="Wrong day")
    make_promise(patient.account, 3000, clock.today(harbor.clinic), by=harbor.bill)
    plan_callback(patient.account, timezone.now() + timedelta(days=1), by=harbor.bill, member=harbor.bill)
    said = "The follow-up of Ethan Park closes, and its promise and its callback with it: nothing is owed any more."
    assert said in follows(second)
    void_invoice(second, by=harbor.bill, reason="Wrong day")
    assert Case.objects.get().state == CaseState.CLOSED


def test_void_says_that_its_treatment_was_reviewed_otherwise(bill, harbor, charge):
    a_review(harbor, charge.event)
    follows = address(harbor.clinic, "invoice_void_follow_up", number=charge.invoice.number)
    assert "TE-001 was reviewed as “outstanding balance”, which it is not then" in words(bill, follows)


def test_void_says_which_write_off_asks_for_it(bill, harbor, charge):
    asked = request_write_off(charge.account, [charge.invoice], by=harbor.bill, reason="Moved abroad")
    follows = words(bill, address(harbor.clinic, "invoice_void_follow_up", number=charge.invoice.number))
    assert (
        f"{asked.ref} asks to write off INV-001 and waits: decline it, as nothing of INV-001 is left then." in follows
    )
