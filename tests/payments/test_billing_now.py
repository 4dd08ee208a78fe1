"""Billing a treatment that is in progress ("Bill now", S3.1, C12), driven over HTTP."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client

from balances.models import Charge, Entry, Invoice
from balances.services import bill_treatment, complete_event, credit_charge, void_invoice
from clinicpay.attention import gaps
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.staff.access import Refused
from tests.balances.money import left
from tests.balances.packages import a_package, a_staged, treatments
from tests.factories import a_locked_day, a_patient, a_payment, a_review, an_event
from tests.payments.allocating import available, opened
from tests.payments.billing import billed, page_of, place, said, seal_of, send, shown
from treatments.models import TreatmentEvent
from treatments.services import Work, add_procedures, move_event, start_event
from treatments.states import EventState

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita(harbor):
    """Reception, signed in."""
    return entered(harbor.rita)


@pytest.fixture
def begun(harbor):
    """Ethan Park's treatment in progress: two procedures, and one that is free."""
    return in_progress(harbor, an_event(harbor, a_patient(harbor), 12000, 3000, 0))


def entered(member) -> Client:
    client = Client()
    client.force_login(member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def in_progress(home, event):
    return start_event(event, by=home.petra)


def shown_list(client, home, page):
    return said(client.get(address(home.clinic, page)))


def bill_now(client, home, event):
    return send(client, home, event, seal=seal_of(client, home, event))


def test_it_is_offered_while_in_progress_as_long_as_something_is_not_charged(rita, harbor):
    event = an_event(harbor, a_patient(harbor), 12000)
    assert "Bill now" not in shown(rita, harbor, "treatment", event.number)
    in_progress(harbor, event)
    page = shown(rita, harbor, "treatment", event.number)
    assert "Bill now" in page
    assert "Settled Charged when it is marked complete, or before with “Bill now”" in page

    bill_now(rita, harbor, event)

    assert "Bill now" not in shown(rita, harbor, "treatment", event.number)
    add_procedures(event, by=harbor.rita, work=[Work("D2", fee=500)])
    assert "Bill now" in shown(rita, harbor, "treatment", event.number)
    complete_event(event, by=harbor.petra)
    assert "Bill now" not in shown(rita, harbor, "treatment", event.number)


@pytest.mark.parametrize(("who", "may"), [("rita", True), ("bill", True), ("olga", True), ("petra", False)])
def test_it_is_offered_to_who_may_bill(harbor, begun, who, may):
    page = page_of(entered(harbor.members[who]), harbor, "treatment", begun.number)
    assert (place(harbor, begun) in page) is may


def test_the_invoice_is_shown_before_and_issued_as_shown(rita, harbor, begun):
    today = clock.today(harbor.clinic)
    page = shown(rita, harbor, "treatment_bill", begun.number)
    assert "Bill TE-001 now" in page
    assert "Billed $150.00 D1001 Procedure 1 $120.00 D1002 Procedure 2 $30.00" in page
    assert "D1003 Procedure 3: no charge, on no invoice" in page
    assert "Billed to Ethan Park" in page
    assert "Ethan Park owes $0.00 then $150.00" in page

    answer = bill_now(rita, harbor, begun)

    assert "TE-001 was billed: INV-001 was issued." in said(answer)
    invoice = Invoice.objects.get()
    assert (invoice.invoice_date, invoice.due_date) == (today, today + timedelta(days=30))
    assert (invoice.account_id, billed(begun)) == (begun.patient.account_id, [12000, 3000])
    begun.refresh_from_db()
    assert begun.state == EventState.IN_PROGRESS


def test_it_says_what_follows(rita, harbor, begun):
    page = shown(rita, harbor, "treatment_bill_follow_up", begun.number)
    assert "Ethan Park has not been followed up before" in page
    assert "The payment of TE-001 is reviewed once it is marked complete." in page


def test_it_is_in_the_trail_and_in_the_histories(rita, harbor, begun):
    bill_now(rita, harbor, begun)
    line = AuditEvent.objects.get(action="event.billed_now")
    assert (line.actor_id, line.subject) == (harbor.rita.user_id, "TE-001")
    assert line.after == {"amount": 15000, "invoice": "INV-001"}
    history = shown(rita, harbor, "treatment_history", begun.number)
    assert "billed TE-001 on INV-001 before it was complete: $150.00" in history
    assert "billed $150.00 on INV-001" in shown(rita, harbor, "invoice_history", 1)
    mine = shown(entered(harbor.petra), harbor, "treatment_history", begun.number)
    assert "INV-001" not in mine
    assert "$" not in mine


def test_sent_twice_is_one_invoice_and_from_another_tab_is_told(rita, harbor, begun):
    form = {"seal": seal_of(rita, harbor, begun), "request_key": str(uuid.uuid4())}
    for _ in range(2):
        assert "INV-001" in send(rita, harbor, begun, **form).redirect_chain[-1][0]
    other = send(rita, harbor, begun, **form | {"request_key": str(uuid.uuid4())})
    assert other.status_code == 422
    assert "Nothing is left to bill for TE-001: it is billed on INV-001." in said(other)
    assert Invoice.objects.count() == 1


def test_a_procedure_that_was_listed_meanwhile_is_shown_first(rita, harbor, begun):
    seal = seal_of(rita, harbor, begun)
    add_procedures(begun, by=harbor.petra, work=[Work("D9", "Polish", fee=900)])
    answer = send(rita, harbor, begun, seal=seal)
    assert answer.status_code == 422
    assert "Something has changed since this summary was made." in said(answer)
    assert "D9 Polish $9.00" in said(answer)
    assert billed(begun) == []
    bill_now(rita, harbor, begun)
    assert billed(begun) == [12000, 3000, 900]


def test_a_day_that_was_closed_meanwhile_is_shown_first(rita, harbor, begun):
    seal = seal_of(rita, harbor, begun)
    a_locked_day(harbor.location, clock.today(harbor.clinic))
    answer = send(rita, harbor, begun, seal=seal)
    assert answer.status_code == 422
    assert "Something has changed since this summary was made." in said(answer)
    assert billed(begun) == []


def test_what_a_practitioner_completed_meanwhile_is_told(rita, harbor, begun):
    seal = seal_of(rita, harbor, begun)
    complete_event(begun, by=harbor.petra)
    answer = send(rita, harbor, begun, seal=seal)
    assert answer.status_code == 422
    assert "Nothing is left to bill for TE-001: it is billed on INV-001." in said(answer)
    assert billed(begun) == [12000, 3000]


@pytest.mark.parametrize("form", [{}, {"seal": ""}, {"seal": "0" * 64}, {"seal": "\0"}])
def test_form_without_its_summary_bills_nothing(rita, harbor, begun, form):
    assert send(rita, harbor, begun, **form).status_code == 422
    assert billed(begun) == []


@pytest.mark.parametrize(
    ("fees", "why"),
    [
        ((), "Nothing is left to bill for TE-001: it lists no procedures."),
        ((0, 0), "Nothing is left to bill for TE-001: its procedures are free of charge."),
    ],
)
def test_nothing_to_bill_is_told(rita, harbor, fees, why):
    event = in_progress(harbor, an_event(harbor, a_patient(harbor), *fees))
    assert place(harbor, event) not in page_of(rita, harbor, "treatment", event.number)
    assert why in shown(rita, harbor, "treatment_bill", event.number)
    assert why in said(send(rita, harbor, event, seal="0" * 64))
    assert Invoice.objects.count() == 0


@pytest.mark.parametrize("state", [EventState.SCHEDULED, EventState.CANCELLED])
def test_what_has_not_begun_or_was_cancelled_is_not_billed(rita, harbor, state):
    """What is planned takes money held for it alone (C12)."""
    event = an_event(harbor, a_patient(harbor), 12000)
    if state == EventState.CANCELLED:
        move_event(event, state, by=harbor.itself)
    assert place(harbor, event) not in page_of(rita, harbor, "treatment", event.number)
    assert f"TE-001 is {state.label.lower()}: " in shown(rita, harbor, "treatment_bill", event.number)
    assert send(rita, harbor, event, seal="0" * 64).status_code == 422
    assert billed(event) == []


def test_practitioner_is_shown_nothing_of_it_and_completes_what_is_left(rita, harbor, begun):
    petra = entered(harbor.petra)
    assert petra.get(place(harbor, begun)).status_code == 403
    refused = send(petra, harbor, begun, seal="0" * 64)
    assert refused.status_code == 403
    assert "Reception, Billing, Admin or Owner" in said(refused)
    with pytest.raises(Refused, match="You can't bill treatments"):
        bill_treatment(begun, by=harbor.petra)
    bill_now(rita, harbor, begun)
    add_procedures(begun, by=harbor.petra, work=[Work("D9", "Polish", fee=900)])
    before = shown(petra, harbor, "treatment", begun.number)

    answer = petra.post(address(harbor.clinic, "treatment_complete", number=begun.number), follow=True)

    assert "TE-001 is complete." in said(answer)
    for page in (before, said(answer)):
        assert "$" not in page
        assert "INV-" not in page
        assert "Unpaid" not in page
    assert billed(begun) == [12000, 3000, 900]
    assert list(Charge.objects.filter(invoice__number=2).values_list("amount", flat=True)) == [900]


def test_completion_bills_nothing_more_when_all_is_billed(rita, harbor, begun):
    bill_now(rita, harbor, begun)
    answer = rita.post(address(harbor.clinic, "treatment_complete", number=begun.number), follow=True)
    assert "TE-001 is complete." in said(answer)
    assert "was issued" not in said(answer)
    assert Invoice.objects.count() == 1


def test_s3_1_a_payment_is_allocated_to_it_before_it_is_complete(rita, harbor, begun):
    bill_now(rita, harbor, begun)
    payment = a_payment(harbor, begun.patient.account, 20000)
    sheet = opened(rita, harbor, payment)
    assert "Treatment in progress" in sheet.html
    assert sorted(sheet.filled.values()) == ["120.00", "30.00"]
    assert sheet.ok().status_code == 302
    assert available(payment) == [5000]
    page = shown(rita, harbor, "treatment", begun.number)
    assert "Settled Yes Charged $150.00 Paid $150.00 Left to pay $0.00" in page
    entered(harbor.petra).post(address(harbor.clinic, "treatment_complete", number=begun.number))
    assert left(*Charge.objects.filter(event=begun).order_by("line")) == [0, 0]
    assert "Complete Yes" in shown(rita, harbor, "treatment", begun.number)


def test_s0_22_what_is_owed_of_it_is_not_missed(rita, harbor, begun):
    """Nobody reviews it yet, but it is among the balances that nobody follows up, and is flagged from there."""
    bill_now(rita, harbor, begun)
    page = said(rita.get(f"{address(harbor.clinic, 'attention')}?show=balances"))
    assert "TE-001 Ethan Park" in page
    assert "$150.00" in page
    assert "Flag for follow-up" in page
    rita.post(address(harbor.clinic, "event_flag", number=begun.number))
    assert "TE-001" not in said(rita.get(f"{address(harbor.clinic, 'attention')}?show=balances"))
    assert "Ethan Park" in shown_list(entered(harbor.bill), harbor, "follow_ups")


def test_c12_its_review_begins_when_it_closes(rita, harbor, begun):
    bill_now(rita, harbor, begun)
    TreatmentEvent.objects.filter(pk=begun.pk).update(service_at=harbor.clinic.created_at + timedelta(minutes=1))
    assert not gaps.unreviewed(harbor.clinic).exists()
    answer = rita.post(address(harbor.clinic, "event_review", number=begun.number), {"outcome": "paid"})
    assert "It is reviewed once it is marked complete." in said(answer)
    complete_event(begun, by=harbor.petra)
    assert list(gaps.unreviewed(harbor.clinic)) == [begun]
    a_review(harbor, begun)
    assert not gaps.unreviewed(harbor.clinic).exists()


def test_cancelling_leads_to_what_is_to_be_credited_first(rita, harbor, begun):
    bill_now(rita, harbor, begun)
    place_of, bill = address(harbor.clinic, "treatment_cancel", number=begun.number), entered(harbor.bill)
    page = shown(rita, harbor, "treatment_cancel", begun.number)
    assert "TE-001 has charges. They must be credited before it can be cancelled, by Billing, Admin or Owner." in page
    assert "INV-001 Procedure 1 $120.00" in page
    assert address(harbor.clinic, "invoice", number=1) in page_of(rita, harbor, "treatment_cancel", begun.number)
    for who in (rita, entered(harbor.petra)):
        assert who.post(place_of).status_code == 409
    theirs = shown(entered(harbor.petra), harbor, "treatment_cancel", begun.number)
    assert "TE-001 can’t be cancelled as it stands." in theirs
    assert not [word for word in ("$", "charge", "INV-") if word in theirs]
    assert bill.get(place_of).status_code == 403
    for charge in Charge.objects.all():
        credit_charge(charge, charge.amount, by=harbor.bill, reason="Not done")
    assert "will be cancelled" in shown(rita, harbor, "treatment_cancel", begun.number)
    assert "TE-001 was cancelled." in said(rita.post(place_of, follow=True))


def test_what_was_credited_in_full_is_not_billed_anew(rita, harbor, begun):
    bill_now(rita, harbor, begun)
    credit_charge(Charge.objects.get(line=1), 12000, by=harbor.bill, reason="A gift")
    assert place(harbor, begun) not in page_of(rita, harbor, "treatment", begun.number)
    assert complete_event(begun, by=harbor.petra) is None


def test_void_invoice_of_it_leads_to_billing_it_now(rita, harbor, begun):
    bill_now(rita, harbor, begun)
    bill = entered(harbor.bill)
    assert "billed when it is marked complete, or before with “Bill now”" in shown(bill, harbor, "invoice_void", 1)
    void_invoice(Invoice.objects.get(), by=harbor.bill, reason="Wrong day")
    assert "Bill TE-001 now" in shown(rita, harbor, "invoice", 1)
    assert "D1001 Procedure 1 $120.00 on INV-001 , void" in shown(rita, harbor, "treatment_bill", begun.number)

    bill_now(rita, harbor, begun)

    assert billed(begun) == [12000, 3000]
    line = AuditEvent.objects.filter(action="event.billed_now").latest("pk")
    assert line.after == {"amount": 15000, "invoice": "INV-002", "instead_of": "INV-001"}
    assert "Bill TE-001 now" not in shown(rita, harbor, "invoice", 1)


def test_part_of_a_package_waits_until_its_visit_closes(rita, harbor):
    """It may be split anew until then; what is done beside it doesn't wait."""
    first = in_progress(harbor, treatments(a_package(harbor, a_patient(harbor), 100_00, 3))[0])
    why = "Nothing is left to bill for TE-001: its part of the package is billed when it is marked complete."
    assert place(harbor, first) not in page_of(rita, harbor, "treatment", first.number)
    assert why in shown(rita, harbor, "treatment_bill", first.number)
    add_procedures(first, by=harbor.rita, work=[Work("D9", "Polish", fee=900)])
    page = shown(rita, harbor, "treatment_bill", first.number)
    assert "Billed $9.00 D9 Polish $9.00" in page
    assert "Left out D1110 D1110: part of its package, billed when it is marked complete" in page

    bill_now(rita, harbor, first)

    assert billed(first) == [900]
    complete_event(first, by=harbor.petra)
    assert billed(first) == [33_33, 900]


def test_stage_in_progress_is_billed_at_its_own_price(rita, harbor):
    """C12 names staged treatments; a stage's price is its own, however many stages come or go."""
    package = a_staged(harbor, a_patient(harbor), 500_00, 300_00)
    first = in_progress(harbor, treatments(package)[0])
    bill_now(rita, harbor, first)
    assert billed(first) == [500_00]
    assert "Billed $500.00" in shown(rita, harbor, "package", package.number)
    assert complete_event(first, by=harbor.petra) is None


def test_closed_day_stays_and_the_posting_lands_on_the_next_open_one(rita, harbor, begun):
    today = clock.today(harbor.clinic)
    a_locked_day(harbor.location, today)
    assert "is closed there, so it counts on the next open day" in shown(rita, harbor, "treatment_bill", begun.number)
    bill_now(rita, harbor, begun)
    posted = Entry.objects.filter(charge__invoice__number=1).values_list("posting__business_date", flat=True)
    assert set(posted) == {today + timedelta(days=1)}
    assert Invoice.objects.get().invoice_date == today, "no invoice is dated in the future"
