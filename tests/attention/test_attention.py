"""What needs attention (S0.4): each gap is listed with its one action, and gone once that is done."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from balances.models import Credit
from balances.services import apply_credit, hold_credit
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import take
from clinicpay.close.reviews import confirm, review
from followups.models import Case
from followups.queries.statements import Span
from followups.schedule import Terms
from followups.services import make_promise, open_case, plan_callback, start_plan
from followups.services.statements import Giving, make_statement
from followups.states import Frequency
from payments.models import Payment, PaymentContext
from payments.services import GoingBack, PaymentRequest, create_payment, refund_payment, reverse_payment
from payments.states import RefundReason
from tests.attention.pages import browser, listed, place, said, tab, text_of
from tests.factories import a_charge, a_patient, a_payment, an_event, an_invoice, some_evidence
from tests.payments.requests import a_request

pytestmark = pytest.mark.django_db


def test_nothing_needs_attention_in_a_tidy_clinic(harbor, rita):
    """S0.4: the page says so in words."""
    page = text_of(rita.get("/c/harbor/attention/"))

    assert "Nothing needs attention" in page
    assert "What needs attention" in text_of(rita.get("/c/harbor/today/"))  # a click away from Today


def test_payment_without_treatment_is_listed_until_it_is_linked(harbor, rita):
    """S0.12, S0.2: the link is seen from both sides, and the payment stays as it was taken."""
    patient = a_patient(harbor)
    payment, event = a_payment(harbor, patient.account, 5000, patient=patient), an_event(harbor, patient, 4000)
    assert listed(rita, "payments") == [payment.ref]
    assert "$50.00" in text_of(rita.get(place("payments")))

    form = f"/c/harbor/payments/{payment.ref}/treatment/"
    assert event.ref in text_of(rita.get(form))
    done = rita.post(form, said(treatment=event.ref), follow=True)

    assert listed(rita, "payments") == []
    assert event.ref in text_of(done)
    assert payment.ref in text_of(rita.get(f"/c/harbor/treatments/{event.ref}/"))
    payment.refresh_from_db()
    assert payment.event is None


def test_payment_for_no_treatment_is_explained_once(harbor, rita):
    """S0.12, C1: such a payment is legal; why it is so stands on its page, and a form sent twice is one answer."""
    payment = a_payment(harbor, a_patient(harbor).account, 900)
    form, answer = f"/c/harbor/payments/{payment.ref}/treatment/", said(reason="A toothbrush")

    for _ in range(2):
        page = rita.post(form, answer, follow=True)

    assert listed(rita, "payments") == []
    assert "A toothbrush" in text_of(page)
    assert PaymentContext.objects.get().made_by_id == harbor.rita.user_id


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({}, "Choose the treatment, or say why there is none"),
        ({"reason": "   "}, "Choose the treatment, or say why there is none"),
        ({"treatment": "TE-001", "reason": "Both"}, "not both"),
        ({"treatment": "TE-002"}, "Select a valid choice"),  # somebody else's
        ({"treatment": "TE-999"}, "Select a valid choice"),
        ({"reason": "x" * 501}, "at most 500"),
        ({"reason": "nul\0"}, "Null characters"),
    ],
)
def test_nonsense_about_a_payment_changes_nothing(harbor, rita, answer, words):
    patient = a_patient(harbor)
    payment, _own = a_payment(harbor, patient.account, 900), an_event(harbor, patient, 100)
    an_event(harbor, a_patient(harbor, "Noah", "Klein"), 100)

    page = rita.post(f"/c/harbor/payments/{payment.ref}/treatment/", said(**answer))

    assert page.status_code == 422
    assert words in text_of(page)
    assert not PaymentContext.objects.exists()
    assert listed(rita, "payments") == [payment.ref]


def test_what_is_asked_for_is_linked_by_editing_it(harbor, rita):
    """S0.12: a request is still open, so its own treatment is filled in."""
    patient = a_patient(harbor)
    event = an_event(harbor, patient, 4000)
    asked = create_payment(PaymentRequest(patient, 1500, harbor.location), by=harbor.rita)
    form = f"/c/harbor/payments/{asked.ref}/treatment/"
    assert listed(rita, "payments") == [asked.ref]
    assert "Edit it" in text_of(rita.get(form))
    assert rita.post(form, said(treatment=event.ref)).status_code == 422

    edited = {"patient": patient.ref, "amount": "15.00", "location": harbor.location.pk, "treatment": event.ref}
    edit = rita.get(f"/c/harbor/payments/{asked.ref}/edit/")
    form_of = edit.context["form"]
    rita.post(edit.request["PATH_INFO"], {name: form_of[name].value() or "" for name in form_of.fields} | edited)

    assert listed(rita, "payments") == []


def test_payment_with_a_context_is_no_gap(harbor, rita):
    """S0.12: what was applied, held, asked for by a statement, refunded, or is linked already."""
    patient = a_patient(harbor)
    event, charge = an_event(harbor, patient, 4000), a_charge(harbor, patient, 1000)
    a_payment(harbor, patient.account, 5000, (charge, 1000))
    a_payment(harbor, patient.account, 300, event=event)
    held = a_payment(harbor, patient.account, 700)
    hold_credit(Credit.objects.get(payment=held), 700, by=harbor.bill, criteria={"procedure": "D2740"})
    gone = a_payment(harbor, patient.account, 800)
    refund_payment(gone, GoingBack(800, RefundReason.PATIENT_REQUEST), by=harbor.bill)
    a_request(harbor, patient, 100, "cancelled")
    a_charge(harbor, patient, 2500)
    make_statement(patient.account, Giving(Span(), site="https://pay.test"), by=harbor.bill)

    assert listed(rita, "payments") == []


def test_applying_the_money_is_a_context_and_undoing_it_is_none(harbor, rita):
    """S0.12: the list is computed, so it follows the money."""
    patient = a_patient(harbor)
    payment, charge = a_payment(harbor, patient.account, 1000), a_charge(harbor, patient, 1000)
    assert listed(rita, "payments") == [payment.ref]

    apply_credit(Credit.objects.get(payment=payment), [(charge, 1000)], by=harbor.rita)

    assert listed(rita, "payments") == []


def test_closed_treatment_without_payment_state_is_listed(harbor, rita, now):
    """S0.13: not one that is still to come, nor what was brought in from before the clinic came here."""
    patient = a_patient(harbor)
    invoice = an_invoice(harbor, patient, 4000, service_at=now)
    an_event(harbor, patient, 4000, service_at=now)
    old = an_invoice(harbor, patient, 4000, service_at=now - timedelta(days=30))

    assert listed(rita, "unreviewed") == [invoice.event.ref]
    assert listed(rita, "balances") == [old.event.ref]  # it owes, and nobody reviews what was brought in


def test_closed_treatment_is_reviewed_before_its_balance_is_followed(harbor, rita, now):
    """S0.22, S0.36: one row, one action."""
    event = an_invoice(harbor, a_patient(harbor), 4000, service_at=now).event
    assert event.ref not in listed(rita, "balances")


def _owing(home, amount=4000):
    patient = a_patient(home)
    return an_invoice(home, patient, amount, service_at=timezone.now() - timedelta(days=20)).event


def test_balance_is_flagged_once_and_then_opened(harbor, rita, bill):
    """S0.7, S0.22, S0.23: reception flags it; billing gives it a next action; nobody flags it twice."""
    event = _owing(harbor)
    assert listed(rita, "balances") == [event.ref]
    older = an_invoice(harbor, a_patient(harbor), 900, service_at=timezone.now() - timedelta(days=40)).event
    assert listed(rita, "balances") == [older.ref, event.ref]
    a_payment(harbor, older.patient.account, 900, (older.charges.get(), 900))
    flag = f"/c/harbor/treatments/{event.ref}/flag/"

    done = rita.post(flag, follow=True)

    assert "flagged for follow-up" in text_of(done)
    assert listed(rita, "balances") == []  # it is in other hands
    page = bill.get(place("balances"))
    assert "Open follow-up" in text_of(page)
    assert "Flag for follow-up" not in text_of(page)
    assert rita.post(flag).status_code == 409
    assert Case.objects.count() == 1

    plan_callback(event.patient.account, timezone.now() + timedelta(days=1), by=harbor.bill, member=harbor.bill)
    assert listed(bill, "balances") == []


@pytest.mark.parametrize("what", ["promise", "plan", "paid"])
def test_balance_with_something_to_come_is_no_gap(harbor, bill, today, what):
    """S0.22: until settled, planned or promised."""
    event = _owing(harbor)
    account = event.patient.account
    open_case(account, by=harbor.rita)
    assert listed(bill, "balances") == [event.ref]

    if what == "promise":
        make_promise(account, 4000, today, by=harbor.bill)
    elif what == "plan":
        charges = list(account.charges.filter(outstanding__gt=0))
        start_plan(account, charges, Terms(1000, Frequency.MONTHLY, today), by=harbor.bill)
    else:
        charge = account.charges.get()
        a_payment(harbor, account, 4000, (charge, 4000))

    assert listed(bill, "balances") == []


def test_payment_that_is_stuck_in_processing(harbor, rita, now):
    """K4: since before today."""
    patient = a_patient(harbor)
    stuck = a_request(harbor, patient, 100, "processing", created_at=now - timedelta(days=2))
    a_request(harbor, patient, 100, "processing")

    assert listed(rita, "processing") == [stuck.ref]
    older = a_request(harbor, patient, 100, "processing", created_at=now - timedelta(days=9))
    assert listed(rita, "processing") == [older.ref, stuck.ref]  # the oldest first, whatever its number
    assert listed(rita, "processing", "&sort=-since") == [stuck.ref, older.ref]
    page = rita.get(place("processing")).content.decode()
    assert f"/c/harbor/payments/{stuck.ref}/status/" in page


def test_page_opens_at_the_first_group_with_rows_and_counts_all(harbor, rita, now):
    """S0.4: what is missing is one look, with nothing kept outside."""
    patient = a_patient(harbor)
    payment = a_payment(harbor, patient.account, 900)

    page = rita.get("/c/harbor/attention/").content.decode()

    assert payment.ref in page
    assert tab(page, "Payments without treatment") == "1"
    assert tab(page, "Not reviewed") == "0"


def test_groups_are_narrowed_by_patient_number_and_location(harbor, rita):
    ethan, noah = a_patient(harbor), a_patient(harbor, "Noah", "Klein")
    first, second = (a_payment(harbor, one.account, 900, patient=one) for one in (ethan, noah))

    assert listed(rita, "payments", "&q=noah") == [second.ref]
    assert listed(rita, "payments", f"&q={first.ref}") == [first.ref]
    assert listed(rita, "payments", f"&location={harbor.location.pk}") == [first.ref, second.ref]
    assert listed(rita, "payments", "&location=999") == [first.ref, second.ref]  # no such place: a word, no rows lost
    assert listed(rita, "payments", "&q=nobody") == []
    assert "match these filters" in text_of(rita.get(place("payments", "&q=nobody")))


@pytest.mark.parametrize(
    "show", ["unreviewed", "unconfirmed", "unbilled", "balances", "payments", "processing", "decide", "nonsense", "%00"]
)
@pytest.mark.parametrize("tail", ["", "&sort=-since", "&page=9&after=zzz", "&sort=amount&per=7"])
def test_any_address_of_the_page_opens(harbor, rita, show, tail):
    assert rita.get(place(show, tail)).status_code == 200


@pytest.mark.parametrize("who", ["rita", "bill", "adam", "olga"])
def test_those_who_see_money_see_it(harbor, who):
    """S0.26"""
    a_payment(harbor, a_patient(harbor).account, 900)
    page = text_of(browser(harbor.members[who]).get(place("payments")))
    assert "$9.00" in page
    assert "What needs attention" in page


def test_practitioner_who_types_the_address_is_refused(harbor):
    """S0.27: nor may they say what a payment was for, or flag a balance; the refusal says who may."""
    event = _owing(harbor)
    payment = a_payment(harbor, event.patient.account, 900)
    petra = browser(harbor.petra)

    places = [place(), f"/c/harbor/payments/{payment.ref}/treatment/"]
    pages = [petra.get(one) for one in places] + [
        petra.post(f"/c/harbor/payments/{payment.ref}/treatment/", said(reason="No")),
        petra.post(f"/c/harbor/treatments/{event.ref}/flag/"),
    ]

    assert [page.status_code for page in pages] == [403] * 4
    assert all("Reception, Billing, Admin or Owner" in text_of(page) for page in pages)
    assert "What needs attention" not in text_of(petra.get("/c/harbor/today/"))
    assert not Case.objects.exists()
    assert not PaymentContext.objects.exists()


def test_what_was_said_is_never_changed(harbor, rita):
    """S0.12: a second word is another row, and the newest counts."""
    patient = a_patient(harbor)
    payment, event = a_payment(harbor, patient.account, 900), an_event(harbor, patient, 900)
    form = f"/c/harbor/payments/{payment.ref}/treatment/"

    rita.post(form, said(reason="Not known yet"))
    rita.post(form, said(treatment=event.ref))

    assert PaymentContext.objects.count() == 2
    page = text_of(rita.get(f"/c/harbor/payments/{payment.ref}/"))
    assert event.ref in page
    assert Payment.objects.get().event is None


def _paid_today(home, now, amount=4000):
    event = an_invoice(home, a_patient(home), amount, service_at=now).event
    charge = event.charges.get()
    return event, a_payment(home, event.patient.account, amount, (charge, amount))


def test_reviewed_treatment_without_evidence_is_listed_until_it_is_confirmed(harbor, rita, now):
    """S0.13, S0.33: first its review, then evidence, then the confirmation; each is the row's one action."""
    event, _ = _paid_today(harbor, now)
    assert listed(rita, "unreviewed") == [event.ref]
    assert ">Review</a>" in rita.get(place("unreviewed")).content.decode()

    review(event, outcome="paid", by=harbor.rita)
    assert listed(rita, "unreviewed") == []
    assert "Attach evidence" in text_of(rita.get(place("unconfirmed")))

    some_evidence(harbor, event)
    assert "to be confirmed" in text_of(rita.get(place("unconfirmed")))

    confirm(event, by=harbor.rita)
    assert listed(rita, "unconfirmed") == []


def test_money_taken_back_after_the_review_asks_for_another(harbor, rita, now):
    """S0.13, S0.24: a false "fully paid" never stays unseen, and is not listed twice."""
    event, payment = _paid_today(harbor, now)
    review(event, outcome="paid", by=harbor.rita)

    reverse_payment(payment, by=harbor.bill, reason="wrong patient")

    assert listed(rita, "unreviewed") == [event.ref]
    assert "Review again" in text_of(rita.get(place("unreviewed")))
    assert listed(rita, "unconfirmed") == listed(rita, "balances") == []


def test_reviewed_balance_is_flagged_next(harbor, rita, bill, now):
    """S0.22, S0.30: reviewed as outstanding, it stands under balances until something is to happen next."""
    event = an_invoice(harbor, a_patient(harbor), 4000, service_at=now).event
    review(event, outcome="outstanding", by=harbor.rita)

    assert listed(rita, "balances") == listed(bill, "balances") == [event.ref]
    assert f"/c/harbor/treatments/{event.ref}/review/" in rita.get(place("balances")).content.decode()
    open_case(event.patient.account, by=harbor.rita)
    assert "Open follow-up" in text_of(bill.get(place("balances")))
    assert "Flag balance" in text_of(rita.get(place("balances")))  # its review asks for what happens next

    make_promise(event.patient.account, 4000, clock.today(harbor.clinic), by=harbor.bill)
    assert listed(rita, "balances") == listed(bill, "balances") == []


def test_page_begins_where_somebody_works_today(harbor, rita, now):
    """S0.4: reception sees its location first, and all of them with one click."""
    other = Location.objects.create(name="Main Street")
    patient = a_patient(harbor)
    here, there = (a_payment(harbor, patient.account, 900, location=one) for one in (harbor.location, other))
    rita.get(f"/c/harbor/today/?at={other.pk}")

    page = rita.get("/c/harbor/attention/", follow=True).content.decode()
    assert there.ref in page
    assert here.ref not in page
    clear = re.search(r'href="([^"]*)"[^>]*aria-label="Remove[^"]*Location', page) or re.search(
        r'class="chip[^>]*href="([^"]*)"', page
    )
    assert here.ref in rita.get(f"/c/harbor/attention/{clear[1].replace('&amp;', '&')}", follow=True).content.decode()


def test_plan_of_another_treatment_plans_nothing_of_this_one(harbor, bill, today):
    """S0.22: what is on a plan is planned; other debt of the account is not."""
    patient = a_patient(harbor)
    planned, other = (an_invoice(harbor, patient, 4000, service_at=timezone.now() - timedelta(days=9)) for _ in "ab")
    start_plan(patient.account, list(planned.charges.all()), Terms(1000, Frequency.MONTHLY, today), by=harbor.bill)

    assert listed(bill, "balances") == [other.event.ref]


def test_a_thousand_gaps_are_walked_through_by_key(harbor, rita, now):
    """S0.4: each once, the oldest first; the tab stops counting where lists do."""
    patient, many = a_patient(harbor, "Wilhelmina-Alexandra", "von Hohenstein-Ballenstedt"), 1_120
    numbers = take(Payment.KIND, many)
    Payment.objects.bulk_create(
        Payment(
            number=number,
            account=patient.account,
            patient=patient,
            location=harbor.location,
            amount=100 + at,
            status="pending",
            created_at=now - timedelta(minutes=many - at),
        )
        for at, number in enumerate(numbers)
    )

    page = rita.get(place("payments", "&per=100")).content.decode()
    seen = []
    for _ in range(20):
        seen += re.findall(r"data-open[^>]*>([^<]+)</a>", page)
        more = re.search(r'href="(\?[^"]*after=[^"]*)"', page)
        if not more:
            break
        page = rita.get(f"/c/harbor/attention/{more[1].replace('&amp;', '&')}").content.decode()

    assert tab(page, "Payments without treatment") == "1,000+"
    assert seen == [Payment(number=number).ref for number in numbers]
