"""Billing a treatment again whose invoice was voided (W-6), driven over HTTP."""

import uuid
from datetime import timedelta

import pytest

from balances.models import Charge, Entry, Invoice
from balances.services import bill_event, bill_treatment, complete_event, void_invoice
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.staff.access import Refused
from followups.services import open_case
from tests.balances.money import left
from tests.factories import a_locked_day, a_patient, a_payment, a_ready_event, an_event, an_invoice
from tests.payments.billing import billed, page_of, place, said, seal_of, send, shown
from treatments.models import Procedure
from treatments.services import move_event, set_price
from treatments.states import EventState

pytestmark = pytest.mark.django_db


@pytest.fixture
def bill(harbor, client):
    client.force_login(harbor.bill.user)
    return client


@pytest.fixture
def void(harbor):
    """A void invoice of two procedures of Ethan Park's, beside one that is free."""
    invoice = an_invoice(harbor, a_patient(harbor), 12000, 3000, 0)
    void_invoice(invoice, by=harbor.bill, reason="Billed to the wrong month")
    return invoice


def test_void_invoice_and_its_treatment_offer_it_until_it_is_done(bill, harbor, void):
    assert f"Bill {void.event.ref} again" in shown(bill, harbor, "invoice", void.number)
    assert "Bill again" in shown(bill, harbor, "treatment", void.event.number)
    send(bill, harbor, void.event, seal=seal_of(bill, harbor, void.event))

    page = shown(bill, harbor, "invoice", void.number)
    assert f"Bill {void.event.ref} again" not in page
    assert "Billed again INV-002" in page
    assert "Bill again" not in shown(bill, harbor, "treatment", void.event.number)


def test_invoice_that_stands_offers_nothing(bill, harbor):
    invoice = an_invoice(harbor, a_patient(harbor), 12000)
    assert place(harbor, invoice.event) not in page_of(bill, harbor, "invoice", invoice.number)
    assert "Bill again" not in shown(bill, harbor, "treatment", invoice.event.number)


def test_what_was_never_charged_here_is_not_among_it(bill, harbor, void):
    """An import may bring a complete treatment of which a part was charged elsewhere."""
    Procedure.objects.create(event=void.event, line=4, code="D1004", description="Elsewhere", fee=7000)

    page = shown(bill, harbor, "treatment", void.event.number)

    assert "To bill again $150.00" in page
    assert "Listed, not charged yet $70.00" in page
    assert (page.count("to bill again"), page.count("not charged yet")) == (2, 2)
    assert "$220.00" not in page


def test_w_6_the_invoice_is_shown_before_and_issued_as_shown(bill, harbor, void):
    page, today = shown(bill, harbor, "treatment_bill", void.event.number), clock.today(harbor.clinic)
    assert "$150.00" in page
    assert "D1001 Procedure 1 $120.00 on INV-001 , void" in page
    assert "D1003 Procedure 3: no charge, on no invoice" in page
    assert "Ethan Park owes $0.00 then $150.00" in page

    answer = send(bill, harbor, void.event, seal=seal_of(bill, harbor, void.event))

    assert "TE-001 was billed again: INV-002 was issued." in answer.content.decode()
    invoice = Invoice.objects.get(number=2)
    assert billed(void.event) == [12000, 3000]
    assert (invoice.invoice_date, invoice.due_date) == (today, today + timedelta(days=30))
    assert invoice.account_id == void.account_id


def test_it_is_in_the_trail_and_in_the_histories(bill, harbor, void):
    send(bill, harbor, void.event, seal=seal_of(bill, harbor, void.event))
    line = AuditEvent.objects.get(action="event.billed_again")
    assert (line.actor_id, line.subject) == (harbor.bill.user_id, str(void.event))
    assert line.after == {"amount": 15000, "invoice": "INV-002", "instead_of": "INV-001"}
    history = shown(bill, harbor, "treatment_history", void.event.number)
    assert "billed TE-001 again on INV-002: $150.00" in history
    assert "Instead of: INV-001" in history
    assert "billed $150.00 on INV-002" in shown(bill, harbor, "invoice_history", 2)


def test_sent_twice_is_one_invoice_and_from_another_window_is_told(bill, harbor, void):
    form = {"seal": seal_of(bill, harbor, void.event), "request_key": str(uuid.uuid4())}
    for _ in range(2):
        assert "INV-002" in send(bill, harbor, void.event, **form).redirect_chain[-1][0]
    other = send(bill, harbor, void.event, **form | {"request_key": str(uuid.uuid4())})
    assert other.status_code == 422
    assert "Nothing is left to bill for TE-001: it is billed on INV-002." in said(other)
    assert Invoice.objects.count() == 2


def test_what_changed_meanwhile_is_shown_again_first(bill, harbor, void):
    seal = seal_of(bill, harbor, void.event)
    a_payment(harbor, void.account, 5000)

    answer = send(bill, harbor, void.event, seal=seal)

    assert answer.status_code == 422
    page = said(answer)
    assert "Something has changed since this summary was made." in page
    assert "$50.00 stays in hand until it is applied" in page
    assert billed(void.event) == []
    send(bill, harbor, void.event, seal=seal_of(bill, harbor, void.event))
    assert left(*Charge.objects.filter(event=void.event, voided=False).order_by("line")) == [12000, 3000]


def test_form_without_its_summary_bills_nothing(bill, harbor, void):
    assert send(bill, harbor, void.event).status_code == 422
    assert send(bill, harbor, void.event, seal="0" * 64).status_code == 422
    assert billed(void.event) == []


def test_price_list_that_changed_changes_no_fee(bill, harbor, void):
    set_price(by=harbor.adam, code="D1001", description="Procedure 1", discipline="", fee=99000)
    assert "D1001 Procedure 1 $120.00 on" in shown(bill, harbor, "treatment_bill", void.event.number)
    send(bill, harbor, void.event, seal=seal_of(bill, harbor, void.event))
    assert billed(void.event) == [12000, 3000]


def test_fee_that_is_another_by_now_says_what_it_was(bill, harbor, void):
    void.event.procedures.filter(line=1).update(fee=10000)
    page = shown(bill, harbor, "treatment_bill", void.event.number)
    assert "D1001 Procedure 1 $100.00 , was $120.00 on INV-001" in page


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (EventState.SCHEDULED, "TE-001 is scheduled: it can be billed once it has begun"),
        (EventState.CANCELLED, "TE-001 is cancelled: nothing is billed for it."),
    ],
)
def test_void_of_what_has_not_begun_or_was_cancelled_is_not_billed_again(bill, harbor, state, why):
    event = an_event(harbor, a_patient(harbor), 12000)
    invoice = bill_event(event, by=harbor.rita)
    void_invoice(invoice, by=harbor.bill, reason="Too early")
    if state != EventState.SCHEDULED:
        move_event(event, state, by=harbor.itself)

    assert why in shown(bill, harbor, "treatment_bill", event.number)
    answer = send(bill, harbor, event, seal="0" * 64)
    assert answer.status_code == 422
    assert why in said(answer)
    assert place(harbor, invoice.event) not in page_of(bill, harbor, "invoice", invoice.number)
    assert billed(event) == []


def test_treatment_of_which_nothing_was_voided_is_told_so(bill, harbor):
    free = an_event(harbor, a_patient(harbor), 0)
    complete_event(free, by=harbor.rita)
    page = shown(bill, harbor, "treatment_bill", free.number)
    assert "Nothing is left to bill for TE-001: no invoice of it was voided." in page


def test_practitioner_is_told_who_may_and_sees_nothing_of_it(client, harbor, void):
    client.force_login(harbor.petra.user)
    assert "Bill again" not in shown(client, harbor, "treatment", void.event.number)
    answer = send(client, harbor, void.event, seal="0" * 64)
    assert answer.status_code == 403
    assert "Reception, Billing, Admin or Owner" in answer.content.decode()
    for act in (bill_event, bill_treatment):
        with pytest.raises(Refused, match="You can't bill treatments"):
            act(void.event, by=harbor.petra)
    assert billed(void.event) == []


def test_reception_may_as_it_may_mark_complete(client, harbor, void):
    client.force_login(harbor.rita.user)
    send(client, harbor, void.event, seal=seal_of(client, harbor, void.event))
    assert billed(void.event) == [12000, 3000]


def test_closed_day_stays_and_the_posting_lands_on_the_next_open_one(bill, harbor, void):
    today = clock.today(harbor.clinic)
    a_locked_day(harbor.location, today)
    page = shown(bill, harbor, "treatment_bill", void.event.number)
    assert "is closed there, so it counts on the next open day" in page

    send(bill, harbor, void.event, seal=seal_of(bill, harbor, void.event))

    posted = Entry.objects.filter(charge__invoice__number=2).values_list("posting__business_date", flat=True)
    assert set(posted) == {today + timedelta(days=1)}
    assert Invoice.objects.get(number=2).invoice_date == today, "no invoice is dated in the future"


def test_it_says_what_follows_for_follow_up_review_and_closed_day(bill, harbor):
    patient = a_patient(harbor)
    invoice = an_invoice(harbor, patient, 12000)
    a_payment(harbor, patient.account, 12000, (invoice.charges.get(), 12000))
    event = a_ready_event(harbor, invoice.event)
    void_invoice(invoice, by=harbor.bill, reason="Wrong day")

    page = shown(bill, harbor, "treatment_bill_follow_up", event.number)
    assert "Ethan Park has not been followed up before" in page
    assert "TE-001 was reviewed as “fully paid”, which it is not then: its payment is to be reviewed again." in page
    move_event(event, EventState.DAY_CLOSED, by=harbor.itself)
    assert "The day of TE-001 is closed and stays as it was closed." in shown(
        bill, harbor, "treatment_bill_follow_up", event.number
    )
    send(bill, harbor, event, seal=seal_of(bill, harbor, event))
    assert billed(event) == [12000]


def test_follow_up_that_the_void_closed_stays_closed(bill, harbor):
    invoice = an_invoice(harbor, a_patient(harbor), 12000)
    open_case(invoice.account, by=harbor.bill)
    void_invoice(invoice, by=harbor.bill, reason="Wrong day")
    page = shown(bill, harbor, "treatment_bill_follow_up", invoice.event.number)
    assert "The follow-up of Ethan Park stays closed: this debt is newer." in page


def test_what_is_free_by_now_is_not_offered(bill, harbor):
    """A void procedure whose fee is 0 since stands on no invoice, and none is offered for it."""
    invoice = an_invoice(harbor, a_patient(harbor), 12000)
    void_invoice(invoice, by=harbor.bill, reason="Free of charge after all")
    assert place(harbor, invoice.event) in page_of(bill, harbor, "invoice", invoice.number)
    invoice.event.procedures.update(fee=0)
    assert place(harbor, invoice.event) not in page_of(bill, harbor, "invoice", invoice.number)
    assert "Bill again" not in shown(bill, harbor, "treatment", invoice.event.number)
