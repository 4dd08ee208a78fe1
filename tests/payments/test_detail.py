"""The page of a payment as people read it (S1.50–S1.67, S1.72–S1.77, S0.2), driven over HTTP."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from balances.services import hold_credit, run_auto_apply, undo_allocation
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.patients.models import Account
from clinicpay.patients.services import add_payer, open_account, register_patient
from payments.models import Payment
from payments.services import (
    GoingBack,
    PaymentRequest,
    collect_payment,
    create_payment,
    edit_payment,
    move_payment,
    record_return,
    refund_payment,
    reverse_payment,
)
from payments.states import (
    BY_HAND,
    LOCKED,
    MEANS,
    OVERDUE,
    Method,
    PaymentStatus,
    PaymentType,
    RefundReason,
    ReturnReason,
)
from tests.access.samples import HTMX, Words
from tests.balances.money import credit_of
from tests.factories import a_charge, a_patient, a_payment, an_event, an_invoice
from tests.payments.roads import reach

_S = PaymentStatus


@pytest.fixture
def ethan(harbor):
    born, contact = date(1990, 3, 14), {"phone": "+1 555 0100", "email": "ethan@example.test"}
    about = {"birth_date": born, "sex": "M", "address": "1 Main Street", **contact}
    return register_patient(by=harbor.itself, first_name="Ethan", last_name="Park", **about)


@pytest.fixture
def rita(harbor, client):
    client.force_login(harbor.rita.user)
    return client


def asked(home, patient, amount=10_000, **more) -> Payment:
    """A Draft for a patient."""
    return create_payment(PaymentRequest(patient, amount, home.location, **more), by=home.rita)


def html(client: Client, place: str) -> str:
    """A page of Harbor Clinic."""
    answer = client.get(f"/c/harbor/{place}")
    assert answer.status_code == 200
    return answer.content.decode()


def text(client: Client, payment: Payment) -> str:
    """What the payment's page says."""
    return Words(html(client, f"payments/{payment.ref}/")).text


def timeline(client: Client, payment: Payment) -> list[str]:
    """The sentences of its timeline, newest first."""
    lines = html(client, f"payments/{payment.ref}/history/").split('<ol class="timeline-list">')[1]
    return [Words(line.split("</li>")[0]).text for line in lines.split("<li>")[1:]]


@pytest.mark.parametrize("status", list(_S))
def test_s1_50_to_s1_58_each_status_is_shown_with_what_it_means(harbor, ethan, rita, status):
    """S1.50 S1.51 S1.52 S1.53 S1.54 S1.55 S1.56 S1.57 S1.58: nine statuses, each in its words."""
    payment = reach(harbor, asked(harbor, ethan), status)
    shown = text(rita, payment)
    assert status.label in shown
    assert MEANS[status] in shown


@pytest.mark.parametrize("status", list(_S))
def test_s1_61_dropdown_offers_the_legal_moves_alone(harbor, ethan, rita, status):
    """S1.61, C3: no refund status is ever offered; what is locked says why and what can be done instead."""
    payment = reach(harbor, asked(harbor, ethan), status)
    page = html(rita, f"payments/{payment.ref}/")
    offered = {to for to in _S if f'<option value="{to}">' in page}
    assert offered == BY_HAND[status]
    assert not offered & {_S.REFUNDED, _S.PARTIALLY_REFUNDED}
    assert ("can’t be edited any more" in page) == (status in LOCKED)


@pytest.mark.parametrize("status", list(_S))
def test_statuses_that_wait_say_since_when(harbor, ethan, rita, status):
    payment = reach(harbor, asked(harbor, ethan), status)
    assert (", since" in text(rita, payment)) == (status in OVERDUE)


def test_reversed_entry_error_is_not_called_a_voided_authorization(harbor, ethan, rita):
    payment = reverse_payment(a_payment(harbor, ethan.account, 100), by=harbor.rita, reason="twice")
    assert "Reversed: it was entered in error" in text(rita, payment)
    assert 'data-alloc="reversed"' in html(rita, f"payments/{payment.ref}/")


def test_s1_62_to_s1_66_the_card_says_what_was_asked(harbor, ethan, rita):
    """S1.62 amount, S1.63 patient with a link, S1.64 paid date, S1.65 due date, S1.66 memo."""
    payment = asked(harbor, ethan, 12_345, memo="Night guard", due_date=date(2027, 1, 5), kind=PaymentType.PRIVATE_PAY)
    shown, page = text(rita, payment), html(rita, f"payments/{payment.ref}/")
    for fact in ("$123.45", "Night guard", "Jan 5, 2027", "Private Pay", str(harbor.location), "Paid date –"):
        assert fact in shown
    assert f'<a href="/c/harbor/patients/{ethan.ref}/">Ethan Park</a>' in page
    collect_payment(payment, by=harbor.rita, method=Method.CARD)
    assert re.search(r"Paid date [^–]{1,60}today \d+:\d\d [AP]M", text(rita, payment))
    assert "Method Card" in text(rita, payment)


def test_s1_67_refunded_amount_is_shown_once_something_went_back(harbor, ethan, rita):
    payment = a_payment(harbor, ethan.account, 10_000, method=Method.CHEQUE)
    assert "Refunded amount" not in text(rita, payment)
    refund_payment(payment, GoingBack(2_500, RefundReason.PATIENT_REQUEST), by=harbor.bill)
    record_return(payment, 1_000, by=harbor.bill, reason=ReturnReason.BOUNCED)
    assert "Refunded amount $35.00" in text(rita, payment)
    assert "Unapplied $65.00" in text(rita, payment)


def test_c15_money_of_a_refund_is_not_counted_as_applied(harbor, ethan, rita):
    charge = a_charge(harbor, ethan, 6_000)
    payment = a_payment(harbor, ethan.account, 10_000, (charge, 6_000))
    refund_payment(payment, GoingBack(4_000, RefundReason.PATIENT_REQUEST), by=harbor.bill)
    page = html(rita, f"payments/{payment.ref}/")
    assert "Applied $60.00" in Words(page).text
    assert 'data-alloc="full"' in page


def test_s1_72_to_s1_76_linked_treatment_with_its_codes(harbor, ethan, rita):
    """S1.72 ID with a link, S1.73 service date and time, S1.74 physician, S1.75 location, S1.76 CPT codes."""
    there = Location.objects.create(name="Wharf Road")
    event = an_event(harbor, ethan, 6_000, 4_000, service_at=datetime(2026, 11, 20, 15, 30, tzinfo=UTC), location=there)
    payment = asked(harbor, ethan, event=event)
    shown, page = text(rita, payment), html(rita, f"payments/{payment.ref}/")
    told = shown.partition("Treatment information")[2]
    for fact in ("Nov 20, 2026, 10:30 AM", "Dr Petra Jones", "Wharf Road", "D1001", "D1002", "Procedure 1"):
        assert fact in told
    assert f'href="/c/harbor/treatments/{event.ref}/"' in page


def test_payment_without_a_treatment_shows_none(harbor, ethan, rita):
    assert "Treatment information" not in text(rita, asked(harbor, ethan))


def test_s0_2_payment_and_treatment_lead_to_each_other(harbor, ethan, rita):
    """S0.2: the link is visible from both sides."""
    event = an_event(harbor, ethan, 6_000)
    payment = asked(harbor, ethan, event=event)
    assert f'href="/c/harbor/treatments/{event.ref}/"' in html(rita, f"payments/{payment.ref}/")
    assert f'data-open href="/c/harbor/payments/{payment.ref}/"' in html(rita, f"treatments/{event.ref}/")


@pytest.mark.parametrize("status", list(_S))
def test_s1_96_overdue_payment_is_flagged_on_its_treatment(harbor, ethan, rita, status):
    """S1.96, C6, G4: draft, pending, processing or failed, and due before the clinic's today."""
    event = an_event(harbor, ethan, 6_000)
    yesterday = clock.today(harbor.clinic) - timedelta(days=1)
    payment = reach(harbor, asked(harbor, ethan, event=event, due_date=yesterday), status)
    treatment = html(rita, f"treatments/{event.ref}/")
    assert ("Payment overdue" in treatment) == (status in OVERDUE)
    assert ("overdue" in text(rita, payment)) == (status in OVERDUE)


SETTLES = {_S.PAID: "Paid", _S.PARTIALLY_REFUNDED: "Partial"}


@pytest.mark.parametrize("status", list(_S))
def test_c2_a_status_settles_nothing_but_what_its_money_pays(harbor, ethan, rita, status):
    """C2: paid, unpaid and partial are derived; what is not money contributes nothing."""
    event = an_invoice(harbor, ethan, 10_000).event
    reach(harbor, asked(harbor, ethan, event=event), status)
    head = html(rita, f"treatments/{event.ref}/").split("<h1>")[1].split("</h1>")[0]
    assert f">{SETTLES.get(status, 'Unpaid')}</span>" in head


@pytest.mark.parametrize(("due", "late"), [(0, False), (1, False), (-1, True), (None, False)])
def test_s1_96_due_today_is_not_overdue(harbor, ethan, rita, due, late):
    event, today = an_event(harbor, ethan, 6_000), clock.today(harbor.clinic)
    asked(harbor, ethan, event=event, due_date=None if due is None else today + timedelta(days=due))
    assert ("Payment overdue" in html(rita, f"treatments/{event.ref}/")) == late


def test_s1_77_panel_of_the_patient_has_demographics_and_contact(harbor, ethan, rita):
    """S1.77, with family and insurance beside."""
    insurer = open_account(by=harbor.itself, name="Beacon Dental", kind=Account.Kind.INSURANCE)
    add_payer(ethan, insurer, by=harbor.itself)
    a_patient(harbor, "Noah", account=ethan.account)
    payment = asked(harbor, ethan)
    shown, page = text(rita, payment), html(rita, f"payments/{payment.ref}/")
    for fact in ("Mar 14, 1990", "Male", "+1 555 0100", "1 Main Street", "Noah Park", "Beacon Dental", ethan.ref):
        assert fact in shown
    assert 'href="tel:+15550100"' in page
    assert 'href="mailto:ethan@example.test"' in page


def test_payment_of_an_account_without_a_patient_says_so(harbor, rita):
    insurer = open_account(by=harbor.itself, name="Beacon Dental", kind=Account.Kind.INSURANCE)
    shown = text(rita, a_payment(harbor, insurer, 10_000))
    assert "names no patient" in shown
    assert "Beacon Dental insurance" in shown


def test_number_can_be_copied(harbor, ethan, rita):
    payment = asked(harbor, ethan)
    assert f'data-copy="{payment.ref}"' in html(rita, f"payments/{payment.ref}/")


def test_page_names_a_patient_so_that_nothing_of_it_is_markup(harbor, rita):
    patient = a_patient(harbor, "<b>Bo</b>", "x" * 70)
    payment = asked(harbor, patient, memo="<script>alert(1)</script>")
    page = html(rita, f"payments/{payment.ref}/")
    assert "<script>alert" not in page
    assert "&lt;b&gt;Bo" in page


def test_practitioner_opens_no_payment(harbor, ethan, client):
    payment = asked(harbor, ethan)
    client.force_login(harbor.petra.user)
    assert client.get(f"/c/harbor/payments/{payment.ref}/").status_code == 403
    assert client.get(f"/c/harbor/payments/{payment.ref}/status/").status_code == 403


def test_timeline_tells_a_request_from_its_beginning_to_its_end(harbor, ethan, rita):
    invoice = an_invoice(harbor, ethan, 6_000)
    payment = asked(harbor, ethan, event=invoice.event)
    change = PaymentRequest(ethan, 9_000, harbor.location, event=invoice.event)
    edit_payment(payment, change, by=harbor.rita)
    move_payment(payment, _S.PENDING, by=harbor.rita)
    move_payment(payment, _S.FAILED, by=harbor.rita, reason="Card declined")
    collect_payment(payment, by=harbor.rita, method=Method.CASH)
    refund_payment(payment, GoingBack(500, RefundReason.OTHER, "A gesture"), by=harbor.bill)
    told = timeline(rita, payment)
    steps = [
        f"refunded $5.00 of {payment.ref}",
        "approved RF-001",
        f"asked to refund $5.00 of {payment.ref}",
        f"collected $90.00 in cash for {payment.ref} Status: failed → paid",
        f"applied $60.00 of {payment.ref} to {invoice.ref} D1001 Procedure 1",
        f"set {payment.ref} to failed Status: pending → failed",
        f"set {payment.ref} to pending Status: draft → pending",
        f"edited {payment.ref} Amount: $100.00 → $90.00",
        f"asked for $100.00 as {payment.ref}",
    ]
    assert [step for step, line in zip(steps, told, strict=True) if step not in line] == []
    assert "“Card declined”" in told[5]
    assert "A gesture" in told[2]


def test_timeline_tells_how_money_was_applied_held_and_taken_back(harbor, ethan, rita):
    charge, payment = a_charge(harbor, ethan, 6_000), a_payment(harbor, ethan.account, 10_000)
    event = an_event(harbor, ethan, 100)
    run = run_auto_apply(by=harbor.bill)
    hold_credit(credit_of(payment), 1_500, by=harbor.rita, event=event)
    undo_allocation(charge.entries.get(kind="allocate").pk, by=harbor.rita, reason="Wrong visit")
    undone, held, applied, received = timeline(rita, payment)
    assert f"took back $60.00 of {payment.ref} from INV-001" in undone
    assert "“Wrong visit”" in undone
    assert f"held $15.00 of {payment.ref} as a pre-payment for {event.ref}" in held
    assert f"applied $60.00 of {payment.ref} to INV-001 automatically, {run.ref}" in applied
    assert f"received $100.00 as {payment.ref}" in received


def test_timeline_names_each_charge_that_one_act_paid(harbor, ethan, rita):
    first, second = an_invoice(harbor, ethan, 6_000, 3_000).charges.order_by("line")
    payment = a_payment(harbor, ethan.account, 10_000, (first, 6_000), (second, 1_000))
    applied = timeline(rita, payment)[0]
    assert f"applied $70.00 of {payment.ref}" in applied
    assert "D1001 Procedure 1: $60.00 · D1002 Procedure 2: $10.00" in applied


def test_timeline_beside_the_payment_is_its_newest_part(harbor, ethan, rita):
    payment = asked(harbor, ethan)
    for _ in range(4):
        payment = move_payment(payment, _S.PENDING, by=harbor.rita)
        payment = move_payment(payment, _S.FAILED, by=harbor.rita)
    beside = rita.get(f"/c/harbor/payments/{payment.ref}/history/", headers=HTMX).content.decode()
    assert beside.count("<li>") == 6
    assert "Show 3 more" in beside
