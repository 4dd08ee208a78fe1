"""The page of a treatment: its clinical and its financial result in one place (S0.1–S0.6, S0.11, S0.26, S0.27)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from balances.models import Credit
from balances.services import complete_event, credit_charge, hold_credit, undo_allocation, void_invoice
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.reviews import confirm, review
from clinicpay.outcomes.queries import touched
from followups.queries.statements import Span
from followups.schedule import Terms
from followups.services import approve_write_off, bill_next, make_promise, request_write_off, start_plan
from followups.services.statements import Giving, make_statement
from followups.states import Frequency
from payments.models import Payment
from payments.services import GoingBack, PaymentRequest, add_note, create_payment, refund_payment
from payments.states import RefundReason
from tests.access.test_practitioner import AMOUNT, MONEY_WORDS, _words
from tests.attention.pages import browser, text_of
from tests.factories import a_patient, a_payment, an_event, an_invoice, some_evidence

pytestmark = pytest.mark.django_db


def _page(client, event, tail: str = "") -> str:
    response = client.get(f"/c/harbor/treatments/{event.ref}/{tail}")
    assert response.status_code == 200
    return text_of(response)


def _billed(home, *fees, patient=None):
    return an_invoice(home, patient or a_patient(home), *fees, service_at=timezone.now())


def test_both_results_stand_side_by_side(harbor, rita):
    """S0.3, S0.11: complete or not, and settled or not, with who and when."""
    event = an_event(harbor, a_patient(harbor), 4000, service_at=timezone.now())
    before = _page(rita, event)
    assert "Complete Not yet" in before
    assert "Listed, not charged yet $40.00" in before

    complete_event(event, by=harbor.petra)
    after = _page(rita, event)
    assert "by Petra (Practitioner)" in after
    assert "Settled No Charged $40.00 Paid $0.00 Left to pay $40.00" in after

    charge = event.charges.get()
    a_payment(harbor, event.patient.account, 4000, (charge, 4000), event=event)
    assert "Settled Yes Charged $40.00 Paid $40.00 Left to pay $0.00" in _page(rita, event)


@pytest.mark.parametrize(("paid", "state"), [(0, "Unpaid"), (1500, "Partial"), (4000, "Paid")])
def test_exactly_one_settlement(harbor, rita, paid, state):
    """S0.5: derived; written off and on plan are badges."""
    invoice = _billed(harbor, 4000)
    if paid:
        a_payment(harbor, invoice.account, paid, (invoice.charges.get(), paid))
    html = rita.get(f"/c/harbor/treatments/{invoice.event.ref}/").content.decode()
    heading = html[html.index('class="page-head') : html.index('id="clinical-h"')]
    assert [word for word in ("Unpaid", "Partial", "Paid") if f">{word}<" in heading] == [state]


def test_no_charge_is_said_of_what_is_complete_and_free(harbor, rita):
    """S0.5, S0.13: on its page, in both lists and beside a payment; before it is complete there is nothing to say."""
    event = an_event(harbor, a_patient(harbor), 0, service_at=timezone.now())
    asked = create_payment(PaymentRequest(event.patient, 500, harbor.location, event=event), by=harbor.rita)
    lists = ("treatments/", f"patients/{event.patient.ref}/")

    def pills(page: str) -> int:
        return rita.get(f"/c/harbor/{page}").content.decode().count(">No charge<")

    assert [pills(page) for page in (*lists, f"treatments/{event.ref}/")] == [0, 0, 0]
    assert "Left to pay Not charged yet" in text_of(rita.get(f"/c/harbor/payments/{asked.ref}/"))

    complete_event(event, by=harbor.petra)

    assert [pills(page) for page in lists] == [1, 1]
    html = rita.get(f"/c/harbor/treatments/{event.ref}/").content.decode()
    assert ">No charge<" in html[html.index('class="page-head') : html.index('id="clinical-h"')]
    assert "Left to pay Nothing was charged" in text_of(rita.get(f"/c/harbor/payments/{asked.ref}/"))


def test_every_amount_says_where_it_is(harbor, rita, today):
    """S0.1: paid, written off, credited, on a plan and billed again; the lines add up to what was charged."""
    patient = a_patient(harbor)
    event = an_event(harbor, patient, 10000, 6000, 3000, 500, service_at=timezone.now())
    complete_event(event, by=harbor.petra)
    first, second, third, fourth = event.charges.order_by("line")
    a_payment(harbor, patient.account, 2500, (first, 2500))
    credit_charge(fourth, 500, by=harbor.bill, reason="too much")
    plan = start_plan(patient.account, [second], Terms(3000, Frequency.MONTHLY, today), by=harbor.bill)
    bill_next(plan, 1, by=harbor.bill, first=1)
    found = touched(event, today)
    assert found.balance.charged == 19000
    assert found.balance.charged == found.balance.applied + found.balance.outstanding + found.balance.written_off

    page = _page(rita, event)

    assert "Charged $190.00 Paid $25.00" in page
    assert "Left to pay $165.00 of which on a payment plan $60.00" in page
    for words in ("not billed yet", "on a plan", "credited", plan.ref, "Instalment:", "billed"):
        assert words in page
    assert third.outstanding == 3000


def test_all_that_touched_it_is_linked_both_ways(harbor, rita, bill, today):
    """S0.2, S0.6: payments, what is held, refunds, plans, write-offs and statements name it, and it names them."""
    patient = a_patient(harbor)
    account, invoice = patient.account, _billed(harbor, 10000, 5000, patient=patient)
    event = invoice.event
    first, second = invoice.charges.order_by("line")
    asked = create_payment(PaymentRequest(patient, 1500, harbor.location, event), by=harbor.rita)
    taken = a_payment(harbor, account, 4000, (first, 2500))
    held = a_payment(harbor, account, 700)
    hold_credit(Credit.objects.get(payment=held), 700, by=harbor.bill, event=event)
    refund = refund_payment(taken, GoingBack(1500, RefundReason.OTHER), by=harbor.bill)
    statement = make_statement(account, Giving(Span()), by=harbor.bill)
    plan = start_plan(account, [second], Terms(2500, Frequency.MONTHLY, today), by=harbor.bill)
    [instalment] = bill_next(plan, 1, by=harbor.bill, first=1)
    gone = an_invoice(harbor, a_patient(harbor, "Dora", "Walker"), 900)
    write_off = approve_write_off(
        request_write_off(gone.account, [gone], by=harbor.bill, reason="moved abroad"), by=harbor.olga
    )

    page = bill.get(f"/c/harbor/treatments/{event.ref}/").content.decode()
    for place in (
        *(f"payments/{one.ref}/" for one in (asked, taken, held)),
        f"refunds/{refund.ref}/",
        f"plans/{plan.ref}/",
        f"statements/{statement.ref}/",
        f"invoices/{invoice.ref}/",
        f"followups/{account.ref}/",
    ):
        assert f'href="/c/harbor/{place}"' in page, place
    assert f'/write-offs/{write_off.ref}/"' in bill.get(f"/c/harbor/treatments/{gone.event.ref}/").content.decode()

    here, there = f'href="/c/harbor/treatments/{event.ref}/"', f'href="/c/harbor/treatments/{gone.event.ref}/"'
    places = [f"invoices/{invoice.ref}/", f"invoices/{instalment.ref}/", f"payments/{taken.ref}/"]
    for place in [*places, f"payments/{asked.ref}/", f"plans/{plan.ref}/", f"followups/{account.ref}/"]:
        assert here in bill.get(f"/c/harbor/{place}").content.decode(), place
    assert here in bill.get(f"/c/harbor/patients/{patient.ref}/").content.decode()
    assert there in bill.get(f"/c/harbor/write-offs/{write_off.ref}/").content.decode()


def test_instalment_in_the_follow_up_leads_to_its_treatment(harbor, bill, today):
    """S0.6: an instalment's invoice is for no treatment of its own, its lines are."""
    invoice = _billed(harbor, 5000)
    plan = start_plan(
        invoice.account, list(invoice.charges.all()), Terms(2500, Frequency.MONTHLY, today), by=harbor.bill
    )
    bill_next(plan, 1, by=harbor.bill, first=1)

    page = bill.get(f"/c/harbor/followups/{invoice.account.ref}/").content.decode()

    assert page.count(f'href="/c/harbor/treatments/{invoice.event.ref}/"') >= 1


def test_money_that_left_again_is_told_by_the_history(harbor, rita):
    """S0.1: what was undone stands in the history, with who and why."""
    invoice = _billed(harbor, 4000)
    a_payment(harbor, invoice.account, 4000, (invoice.charges.get(), 4000))
    entry = invoice.charges.get().entries.get(kind="allocate")
    undo_allocation(entry.pk, by=harbor.rita, reason="wrong treatment")

    told = text_of(rita.get(f"/c/harbor/treatments/{invoice.event.ref}/history/"))

    assert f"billed $40.00 on {invoice.ref}" in told
    assert "applied $40.00 of PAY-001" in told
    assert "took back $40.00 of PAY-001" in told
    assert "wrong treatment" in told


def test_practitioner_sees_the_clinical_half_alone(harbor, today):
    """S0.27: no amount, state, note or word of money, on the page or in its history."""
    patient = a_patient(harbor)
    event = an_event(harbor, patient, 4000, service_at=timezone.now(), clinical_notes="Upper left, two surfaces.")
    complete_event(event, by=harbor.petra)
    a_payment(harbor, patient.account, 1500, (event.charges.get(), 1500), event=event)
    add_note(event, "Pays late", by=harbor.rita)
    make_promise(patient.account, 500, today, by=harbor.bill)
    review(event, outcome="outstanding", by=harbor.rita)
    petra = browser(harbor.petra)

    for place in ("", "history/"):
        words = _words(petra.get(f"/c/harbor/treatments/{event.ref}/{place}"))
        assert AMOUNT.findall(words) == []
        assert MONEY_WORDS.findall(words) == []
        assert "Pays late" not in words
        assert "Fully" not in words
    words = _page(petra, event)
    assert "Clinical result" in words
    assert "Complete Yes" in words
    assert "Upper left, two surfaces." in words
    assert "Financial" not in words
    assert "daily close" not in words


@pytest.mark.parametrize("tail", ["pay/", "documents/", "money-notes/"])
def test_practitioner_who_types_an_address_of_its_money_is_refused(harbor, tail):
    """S0.27"""
    event = _billed(harbor, 4000).event
    page = browser(harbor.petra).get(f"/c/harbor/treatments/{event.ref}/{tail}")
    assert page.status_code == 403
    assert "Reception, Billing, Admin or Owner" in text_of(page)


@pytest.mark.parametrize("who", ["rita", "bill", "adam", "olga"])
def test_state_and_notes_are_seen_by_those_who_may(harbor, who):
    """S0.26, S0.8: reception, billing, admin and the owner; the record itself is reception's and the practitioner's."""
    event = an_event(harbor, a_patient(harbor), 4000, service_at=timezone.now(), clinical_notes="Upper left.")
    complete_event(event, by=harbor.petra)
    add_note(event, "Pays late", by=harbor.rita)

    page = _page(browser(harbor.members[who]), event)

    assert "Left to pay $40.00" in page
    assert "Pays late" in page
    assert ("Upper left." in page) == (who == "rita")


def test_steps_and_evidence_stand_on_the_page(harbor, rita):
    """S0.36, S0.33: what is done, what is missing in words, and what kind of evidence there is."""
    event = _billed(harbor, 4000).event
    a_payment(harbor, event.patient.account, 4000, (event.charges.get(), 4000))
    assert "Review its payment state." in _page(rita, event)

    review(event, outcome="paid", by=harbor.rita)
    page = _page(rita, event)
    assert "Payment reviewed: fully paid" in page
    assert "Attach evidence of the payment" in page
    assert "None yet." in page

    some_evidence(harbor, event)
    assert "Attached: slip, cheque or other paper" in _page(rita, event)


def test_steps_are_taken_from_the_page_itself(harbor, rita):
    """S0.11, S0.36: the same acts as on Today, and back to the treatment."""
    event = _billed(harbor, 4000).event
    place = f"/c/harbor/treatments/{event.ref}/"
    assert f'href="{place}review/"' in rita.get(place).content.decode()
    a_payment(harbor, event.patient.account, 4000, (event.charges.get(), 4000))
    assert "Fully paid" in _page(rita, event)

    done = rita.post(f"{place}review/", {"outcome": "paid", "back": "treatment"}, follow=True)
    assert done.redirect_chain[-1][0] == place
    assert "Print receipt" in text_of(done)
    some_evidence(harbor, event)
    assert "Confirm" in _page(rita, event)
    done = rita.post(f"{place}confirm/", {"back": "treatment"}, follow=True)

    assert done.redirect_chain[-1][0] == place
    assert "Ready for close" in text_of(done)


def test_what_is_complete_is_not_marked_complete_again(harbor, rita):
    """S0.28, S0.36: neither its page nor an old one takes a reviewed treatment back to the first step."""
    event = _billed(harbor, 4000).event
    place = f"/c/harbor/treatments/{event.ref}/"
    a_payment(harbor, event.patient.account, 4000, (event.charges.get(), 4000))
    review(event, outcome="paid", by=harbor.rita)
    page = _page(rita, event)
    assert "Mark complete" not in page
    assert "Add procedures" not in page
    refused = rita.post(f"{place}complete/")
    assert refused.status_code == 409
    assert f"{event.ref} is complete already." in text_of(refused)

    some_evidence(harbor, event)
    confirm(event, by=harbor.rita)
    assert rita.post(f"{place}complete/").status_code == 409
    event.refresh_from_db()
    assert event.state == "ready"


def test_treatment_from_before_the_clinic_came_takes_no_steps(harbor, rita):
    old = an_invoice(harbor, a_patient(harbor), 4000, service_at=timezone.now() - timedelta(days=30))
    assert "To the daily close" not in _page(rita, old.event)


def test_void_invoice_and_cancelled_treatment_say_so(harbor, rita):
    """S0.1: nothing is left of what was voided, and it can be billed again."""
    invoice = _billed(harbor, 4000)
    void_invoice(invoice, by=harbor.bill, reason="wrong patient")

    page = _page(rita, invoice.event)

    assert "void" in page
    assert "To bill again $40.00" in page
    assert "Its invoice is void, nothing is charged" in page


def test_balance_is_flagged_from_the_treatment(harbor, rita):
    """S0.7: reception starts the follow-up here, at one place of the page; what is open already is not begun again."""
    event = _billed(harbor, 4000).event
    assert "Flag balance" in _page(rita, event)  # with what happens next, as a step of its review
    assert "Flag for follow-up" not in _page(rita, event)
    old = an_invoice(harbor, a_patient(harbor), 4000, service_at=timezone.now() - timedelta(days=30)).event
    assert "Flag for follow-up" in _page(rita, old)

    done = rita.post(f"/c/harbor/treatments/{old.ref}/flag/", {"back": "treatment"}, follow=True)

    assert done.redirect_chain[-1][0] == f"/c/harbor/treatments/{old.ref}/"
    assert "Flag for follow-up" not in _page(rita, old)
    assert "Contact due" in _page(rita, old)


def test_other_clinic_has_no_such_treatment(harbor, lakeside, rita):
    with clinic_scope(lakeside.clinic):
        foreign = an_event(lakeside, a_patient(lakeside), 4000)
    assert Payment.objects.count() == 0
    assert rita.get(f"/c/lakeside/treatments/{foreign.ref}/").status_code == 404
    assert rita.get(f"/c/harbor/treatments/{foreign.ref}/").status_code == 404
