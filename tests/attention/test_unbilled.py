"""Treatments to bill again: what was voided and never billed again is no silent loss (W-6, S0.4)."""

import re
from datetime import timedelta

import pytest

from balances.models import Charge, Waiver
from balances.services import bill_event, bill_treatment, complete_event, credit_charge, void_invoice, waive_billing
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.reviews import review
from tests.access.samples import Words
from tests.attention.pages import browser, listed, place, said, tab, text_of
from tests.factories import a_charge, a_patient, a_payment, a_ready_event, an_event, an_invoice, some_evidence
from treatments.models import Procedure
from treatments.services import move_event
from treatments.states import EventState

pytestmark = pytest.mark.django_db


@pytest.fixture
def void(harbor, now):
    """A void invoice of two procedures of Ethan Park's of today."""
    invoice = an_invoice(harbor, a_patient(harbor), 12000, 3000, service_at=now)
    void_invoice(invoice, by=harbor.bill, reason="Billed to the wrong month")
    return invoice


def form_of(event) -> str:
    return f"/c/harbor/treatments/{event.ref}/bill/not/"


def seal_of(client, event) -> str:
    found = re.search(r'name="seal" value="([0-9a-f]+)"', client.get(form_of(event)).content.decode())
    return found[1] if found else "0" * 64


def send(client, event, **answers):
    """What the form sends, as it was shown; back on a page."""
    fields = {"seal": answers.pop("seal", "") or seal_of(client, event), "reason": "Done for free"} | answers
    return client.post(form_of(event), said(**fields), follow=True)


def test_void_and_never_billed_again_is_listed_until_it_is(harbor, rita, bill, void):
    """S0.4: reception sees it as billing does; the row says what, since when and how much, and leads to its one act."""
    event = void.event
    for client in (rita, bill):
        assert listed(client, "unbilled") == [event.ref]
    html = rita.get(place("unbilled")).content.decode()
    page = Words(html).text
    assert "Voided and not billed again: INV-001" in page
    assert "$150.00" in page
    assert f'href="/c/harbor/treatments/{event.ref}/bill/"' in html
    assert tab(html, "To bill again") == "1"

    bill_treatment(event, by=harbor.rita)

    assert listed(rita, "unbilled") == []


def test_it_stands_in_that_group_alone(harbor, rita, bill, void):
    """S0.24: it is billed first, and reviewed after that."""
    assert listed(rita, "unreviewed") == listed(rita, "unconfirmed") == listed(bill, "balances") == []
    bill_treatment(void.event, by=harbor.rita)
    assert listed(rita, "unreviewed") == [void.event.ref]


def test_it_is_confirmed_and_followed_after_that(harbor, rita, bill, now):
    """S0.24: of two invoices one is void; the other is paid, or owes."""
    event = an_event(harbor, a_patient(harbor), 4000, service_at=now - timedelta(days=20))
    first = bill_event(event, by=harbor.rita)
    Procedure.objects.create(event=event, line=2, code="D1002", description="More", fee=700)
    complete_event(event, by=harbor.petra)
    assert listed(bill, "balances") == [event.ref]
    void_invoice(first, by=harbor.bill, reason="Wrong")
    assert listed(bill, "balances") == []
    assert listed(bill, "unbilled") == [event.ref]

    paid = an_invoice(harbor, a_patient(harbor), 900, service_at=now)
    a_payment(harbor, paid.account, 900, (paid.charges.get(), 900))
    review(paid.event, outcome="paid", by=harbor.rita)
    some_evidence(harbor, paid.event)
    assert listed(rita, "unconfirmed") == [paid.event.ref]
    void_invoice(paid, by=harbor.bill, reason="Wrong")
    assert listed(rita, "unconfirmed") == []
    assert listed(rita, "unbilled") == [event.ref, paid.event.ref]  # the oldest first
    assert listed(rita, "unbilled", "&sort=-since") == [paid.event.ref, event.ref]


def test_what_was_never_charged_or_was_credited_is_not_listed(harbor, rita, now):
    """Decisions 0183, 0181: an import may bring what was charged elsewhere; a credit note has its reason."""
    patient = a_patient(harbor)
    brought = an_event(harbor, patient, 4000, service_at=now - timedelta(days=400))
    move_event(brought, EventState.CLOSED, by=harbor.itself)
    credit_charge(a_charge(harbor, patient, 4000), 4000, by=harbor.bill, reason="Not rendered")
    free = an_event(harbor, patient, 0)
    complete_event(free, by=harbor.petra)
    assert listed(rita, "unbilled") == []


@pytest.mark.parametrize("state", [EventState.SCHEDULED, EventState.IN_PROGRESS, EventState.CANCELLED])
def test_what_is_not_complete_is_left_to_completion(harbor, rita, state):
    event = an_event(harbor, a_patient(harbor), 4000)
    void_invoice(bill_event(event, by=harbor.rita), by=harbor.bill, reason="Too early")
    if state != EventState.SCHEDULED:
        move_event(event, state, by=harbor.itself)
    assert listed(rita, "unbilled") == []


def test_what_was_completed_long_ago_and_its_day_closed_is_listed(harbor, rita, now):
    invoice = an_invoice(harbor, a_patient(harbor), 4000, service_at=now - timedelta(days=400))
    a_payment(harbor, invoice.account, 4000, (invoice.charges.get(), 4000))
    event = move_event(a_ready_event(harbor, invoice.event), EventState.DAY_CLOSED, by=harbor.itself)
    void_invoice(invoice, by=harbor.bill, reason="Wrong")
    assert listed(rita, "unbilled") == [event.ref]


def test_saying_why_not_takes_it_off_and_stands_on_its_page(harbor, rita, void):
    """A reason, with who and when, on the page, in the trail and in the history; no money moves."""
    event, before = void.event, Charge.objects.values().get(line=1)
    page = text_of(rita.get(form_of(event)))
    assert "$150.00 D1001 Procedure 1 $120.00 , which INV-001 had billed" in page

    answer = send(rita, event)

    assert f"Noted: {event.ref} is not billed again." in text_of(answer)
    shown = Words(answer.content.decode()).text
    assert re.search(r"Not billed again \$150\.00 “Done for free” said .{5,90} by Rita", shown)
    assert "To bill again" not in shown
    assert shown.count("not billed again") == 3  # beside each procedure, and as what was done
    assert "Bill again" in shown  # after all
    assert listed(rita, "unbilled") == []
    assert listed(rita, "unreviewed") == [event.ref]
    assert (
        "Not billed again $150.00 “Done for free”"
        in Words(rita.get(f"/c/harbor/invoices/{void.ref}/").content.decode()).text
    )
    line = AuditEvent.objects.get(action="event.left_unbilled")
    assert (line.actor_id, line.after, line.reason) == (harbor.rita.user_id, {"amount": 15000}, "Done for free")
    history = text_of(rita.get(f"/c/harbor/treatments/{event.ref}/history/"))
    assert f"said why {event.ref} is not billed again: $150.00" in history
    assert "Done for free" in history
    assert Charge.objects.values().get(line=1) == before
    assert {one.made_by_id for one in Waiver.objects.all()} == {harbor.rita.user_id}


def test_it_can_be_billed_after_all_and_waits_anew_when_that_is_void(harbor, rita, void):
    event = void.event
    send(rita, event)
    page = text_of(rita.get(f"/c/harbor/treatments/{event.ref}/bill/"))
    assert "Somebody has said why it should not; billing it takes that back." in page
    assert "Done for free" in page
    seal = re.search(r'name="seal" value="([0-9a-f]+)"', rita.get(f"/c/harbor/treatments/{event.ref}/bill/").text)[1]

    rita.post(f"/c/harbor/treatments/{event.ref}/bill/", said(seal=seal))

    again = event.invoices.latest("number")
    assert sum(again.charges.values_list("amount", flat=True)) == 15000
    shown = text_of(rita.get(f"/c/harbor/treatments/{event.ref}/"))
    assert "Not billed again" not in shown
    void_invoice(again, by=harbor.bill, reason="Wrong again")
    assert listed(rita, "unbilled") == [event.ref]
    assert "To bill again $150.00" in text_of(rita.get(f"/c/harbor/treatments/{event.ref}/"))
    first = f"/c/harbor/invoices/{void.ref}/"
    assert "Done for free" not in text_of(rita.get(first))  # it waits as that of the second invoice
    send(rita, event, reason="Really free")
    assert listed(rita, "unbilled") == []
    assert Waiver.objects.count() == 4
    assert "Not billed again $150.00 “Done for free”" in text_of(rita.get(first))


def test_what_is_not_billed_stays_out_when_more_is_voided(harbor, rita, now):
    """What was said of one invoice says nothing of another, and holds when that one is billed again."""
    event = an_event(harbor, a_patient(harbor), 4000, service_at=now)
    first = bill_event(event, by=harbor.rita)
    Procedure.objects.create(event=event, line=2, code="D1002", description="More", fee=700)
    second = complete_event(event, by=harbor.petra)
    void_invoice(first, by=harbor.bill, reason="Wrong")
    send(rita, event)
    void_invoice(second, by=harbor.bill, reason="Wrong")
    assert listed(rita, "unbilled") == [event.ref]
    assert "$7.00" in text_of(rita.get(place("unbilled")))
    assert "$47.00" not in text_of(rita.get(place("unbilled")))
    page = text_of(rita.get(f"/c/harbor/treatments/{event.ref}/bill/"))
    assert "Billed $7.00" in page
    assert "Not billed $40.00 “Done for free”" in page

    again = bill_treatment(event, by=harbor.rita)

    assert [one.amount for one in again.charges.all()] == [700]
    assert listed(rita, "unbilled") == []


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"reason": ""}, "Say why."),
        ({"reason": "   "}, "Say why."),
        ({"reason": "x" * 501}, "at most 500"),
        ({"reason": "nul\0"}, "Null characters"),
        ({"seal": "f" * 64}, "Something has changed since this summary was made."),
        ({"seal": "f" * 65}, "at most 64"),
        ({"request_key": "no"}, "This form is out of date."),
    ],
)
def test_nonsense_changes_nothing(harbor, rita, void, answers, words):
    page = send(rita, void.event, **answers)
    assert page.status_code == 422
    assert words in text_of(page)
    assert not Waiver.objects.exists()
    assert listed(rita, "unbilled") == [void.event.ref]


def test_sent_twice_is_said_once_and_by_another_is_told(harbor, rita, bill, void):
    seal = seal_of(rita, void.event)
    fields = said(seal=seal, reason="Done for free")
    for _ in range(2):
        assert rita.post(form_of(void.event), fields).status_code == 302
    assert Waiver.objects.count() == 2

    page = text_of(bill.get(form_of(void.event)))
    assert "This was said already" in page
    assert re.search(r"\$150\.00 “Done for free” said .{5,30} by Rita", page)
    late = bill.post(form_of(void.event), said(seal=seal, reason="Because"))
    assert late.status_code == 422
    assert Waiver.objects.count() == 2
    with pytest.raises(Refusal, match="Somebody has said already why TE-001 is not billed again"):
        waive_billing(void.event, by=harbor.bill, reason="Because")


def test_what_was_billed_meanwhile_is_told(harbor, rita, void):
    seal = seal_of(rita, void.event)
    bill_treatment(void.event, by=harbor.bill)
    page = rita.post(form_of(void.event), said(seal=seal, reason="Done for free"))
    assert page.status_code == 422
    assert "Nothing is left to bill for TE-001: it is billed on INV-002." in text_of(page)
    assert not Waiver.objects.exists()


def test_who_bills_over_an_old_page_is_told_that_it_was_said(harbor, rita, bill, void):
    """The reason is seen before anything is billed after all."""
    place_of = f"/c/harbor/treatments/{void.event.ref}/bill/"
    seal = re.search(r'name="seal" value="([0-9a-f]+)"', bill.get(place_of).text)[1]
    send(rita, void.event)
    page = bill.post(place_of, said(seal=seal))
    assert page.status_code == 422
    assert "Something has changed" in text_of(page)
    assert "Done for free" in text_of(page)
    assert not Charge.objects.filter(voided=False).exists()


@pytest.mark.parametrize("was_billed", [False, True])
def test_of_what_is_in_progress_nothing_is_said_yet(harbor, rita, was_billed):
    """Whoever comes by the address is told when it is billed; never billed before, it has no invoice to name."""
    event = an_event(harbor, a_patient(harbor), 4000)
    if was_billed:
        void_invoice(bill_event(event, by=harbor.rita), by=harbor.bill, reason="Too early")
    move_event(event, EventState.IN_PROGRESS, by=harbor.itself)
    pages = [rita.get(form_of(event)), send(rita, event)]
    assert [page.status_code for page in pages] == [200, 422]
    for page in pages:
        assert "TE-001 is not complete: what it lists is billed when it is marked complete." in text_of(page)
        assert 'name="reason"' not in page.text
    assert not Waiver.objects.exists()


def test_without_a_reason_the_act_refuses(harbor, void):
    with pytest.raises(Refusal, match="Say why it is not billed again"):
        waive_billing(void.event, by=harbor.bill, reason=" ")


def test_practitioner_is_refused_and_sees_nothing_of_it(harbor, rita, void):
    """S0.27"""
    petra = browser(harbor.petra)
    pages = [petra.get(form_of(void.event)), petra.post(form_of(void.event), said(reason="No", seal="0" * 64))]
    assert [page.status_code for page in pages] == [403, 403]
    assert all("Reception, Billing, Admin or Owner" in text_of(page) for page in pages)
    assert not Waiver.objects.exists()
    send(rita, void.event)
    for tail in ("", "history/"):
        page = text_of(petra.get(f"/c/harbor/treatments/{void.event.ref}/{tail}"))
        assert "Done for free" not in page
        assert "illed again" not in page
