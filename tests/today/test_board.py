"""Today as reception sees it: who must not leave yet, what each needs, in place (S0.21, S0.22, S0.31, S0.32, S0.36)."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from balances.services import complete_event
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.models import EventReview
from clinicpay.today.board import board_of
from followups.models import Callback, Case, Promise
from followups.services import plan_callback
from payments.services import reverse_payment
from tests.factories import a_patient, a_payment, a_ready_event, a_review, an_event, make_clinic, some_evidence

TODAY, HTMX = "/c/harbor/today/", {"HX-Request": "true", "HX-Current-URL": "http://testserver/c/harbor/today/"}


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def rita(harbor, client):
    client.force_login(harbor.rita.user)
    return client


def visit(harbor, patient, *fees, back=0, **fields):
    """A treatment of today, or of `back` days ago, that is not closed yet."""
    at = clock.noon(harbor.clinic, clock.today(harbor.clinic) - timedelta(days=back))
    return an_event(harbor, patient, *fees, service_at=at, **fields)


def closed(harbor, patient, *fees, **fields):
    event = visit(harbor, patient, *fees, **fields)
    complete_event(event, by=harbor.petra)
    event.refresh_from_db()
    return event


def pay(harbor, event, amount=10000):
    return a_payment(harbor, event.patient.account, amount, (event.charges.get(), amount))


def page(client, **asked):
    return client.get(TODAY, asked).content.decode()


def groups(text):
    """The references of the treatments under each heading, in the order of the page."""
    found = re.findall(r'<tbody data-group="(\w+)">(.*?)</tbody>', text, re.S)
    return {key: re.findall(r'<td class="mono">(TE-\d+)', rows) for key, rows in found}


def row(text, event):
    return re.search(rf'<tr data-row id="te-{event.number}">.*?</tr>', text, re.S).group()


def buttons(text, event):
    return re.findall(r'id="b-(\w+)-', row(text, event))


def flagging(day=1, **more):
    given = {"outcome": "follow_up", "what": "callback", "time": "10:00", "note": "Forgot the card"}
    return given | {"day": str(timezone.localdate() + timedelta(days=day))} | more


def test_who_must_not_leave_yet_stands_first(harbor, ethan, rita):
    """S0.31: closed and not reviewed is the queue; flagged and confirmed ones stand last, to come between."""
    to_come, queued = visit(harbor, ethan, 100), closed(harbor, ethan, 10000)
    done = closed(harbor, a_patient(harbor, "Mia"), 10000)
    pay(harbor, done)
    a_ready_event(harbor, done)
    text = page(rita)
    assert groups(text) == {"left": [queued.ref], "coming": [to_come.ref], "done": [done.ref]}
    assert re.search(r'id="left">1<', text)
    assert "Owes $100.00" in row(text, queued)
    assert "1 of 4 steps: treatment closed" in row(text, queued)
    assert "4 of 4 steps: confirmed for the close" in row(text, done)


def test_row_offers_only_the_step_that_comes_next(harbor, ethan, rita):
    """S0.36, S0.21: no later step can be pressed, and the next action is in words."""
    coming, owing = visit(harbor, ethan, 10000), closed(harbor, a_patient(harbor, "Mia"), 10000)
    paid = closed(harbor, a_patient(harbor, "Noah"), 10000)
    receipt = pay(harbor, paid).receipt
    text = page(rita)
    assert buttons(text, coming) == ["mark"]
    assert buttons(text, owing) == ["take", "flag"]
    assert "Take the payment, or flag the balance" in row(text, owing)
    assert buttons(text, paid) == ["fully"]
    a_review(harbor, paid)
    text = page(rita)
    assert buttons(text, paid) == ["receipt", "attach"]
    assert "Print the receipt or attach a slip" in row(text, paid)
    rita.get(f"/c/harbor/receipts/{receipt.ref}/receipt.pdf")
    text = page(rita)
    assert buttons(text, paid) == ["confirm"]
    assert "Confirm the payment" in row(text, paid)


def test_morning_of_one_treatment_without_script(harbor, ethan, rita):
    """S0.30, S0.33, S0.34: reviewed, proven, confirmed; each press leads back to Today."""
    event = closed(harbor, ethan, 10000)
    pay(harbor, event)
    place = f"/c/harbor/treatments/{event.ref}"
    assert rita.post(f"{place}/review/", {"outcome": "paid"}).headers["Location"] == TODAY
    refused = rita.post(f"{place}/confirm/")
    assert refused.status_code == 409
    assert "Attach evidence of the payment" in refused.content.decode()
    some_evidence(harbor, event)
    assert rita.post(f"{place}/confirm/").headers["Location"] == TODAY
    event.refresh_from_db()
    assert event.state == "ready"
    assert "Ready for the close" in row(page(rita), event)


def test_press_on_the_board_draws_it_anew(harbor, ethan, rita):
    event = closed(harbor, ethan, 10000)
    pay(harbor, event)
    answer = rita.post(f"/c/harbor/treatments/{event.ref}/review/", {"outcome": "paid"}, headers=HTMX)
    assert answer.status_code == 204
    assert "today-changed" in answer.headers["HX-Trigger"]
    assert "was reviewed" in answer.headers["HX-Trigger"]
    again = rita.post(f"/c/harbor/treatments/{event.ref}/review/", {"outcome": "paid"}, headers=HTMX)
    assert again.status_code == 409
    assert "was reviewed already" in again.headers["HX-Trigger"]


def test_flag_says_what_happens_next(harbor, ethan, rita):
    """S0.7, S0.22, S0.32: reception flags with a callback that billing makes; the row says so."""
    event = closed(harbor, ethan, 10000)
    form = rita.get(f"/c/harbor/treatments/{event.ref}/review/").content.decode()
    assert "Owes" in form
    assert "Fully paid" not in form
    answer = rita.post(f"/c/harbor/treatments/{event.ref}/review/", flagging(member=harbor.bill.pk))
    assert answer.headers["Location"] == TODAY
    callback = Callback.objects.get()
    assert (callback.member, callback.note) == (harbor.bill, "Forgot the card")
    text = page(rita)
    assert groups(text) == {"done": [event.ref]}
    assert "Callback" in row(text, event)
    assert "3 of 4 steps: balance flagged if needed" in row(text, event)


def test_promise_at_the_desk_is_a_flag(harbor, ethan, rita):
    event = closed(harbor, ethan, 10000)
    later = str(clock.today(harbor.clinic) + timedelta(days=5))
    given = {"outcome": "outstanding", "what": "promise", "promised": "100.00", "promised_for": later}
    assert rita.post(f"/c/harbor/treatments/{event.ref}/review/", given).status_code == 302
    assert Promise.objects.get().amount == 10000
    assert "Promise $100.00 by" in row(page(rita), event)


def test_account_that_is_followed_up_gets_no_second_follow_up(harbor, ethan, rita):
    """S0.23: the second treatment of the account is reviewed over the callback that there is."""
    first, second = closed(harbor, ethan, 10000), closed(harbor, ethan, 5000)
    rita.post(f"/c/harbor/treatments/{first.ref}/review/", flagging(member=harbor.bill.pk))
    form = rita.get(f"/c/harbor/treatments/{second.ref}/review/").content.decode()
    assert "One follow-up is enough" in form
    rita.post(f"/c/harbor/treatments/{second.ref}/review/", flagging(member=harbor.bill.pk))
    assert (Case.objects.count(), Callback.objects.count(), EventReview.objects.count()) == (1, 1, 2)
    assert groups(page(rita)) == {"done": [first.ref, second.ref]}


PROMISE = {"outcome": "outstanding", "what": "promise", "promised_for": "2099-01-01"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (flagging(day=-1), "A callback is for a later moment"),
        (flagging(day=1, time=""), "Say at what time"),
        (flagging() | {"day": "9999-12-31"}, "Enter a day from 1880 to 2199"),
        (flagging() | {"day": "2199-01-01"}, "within a year"),
        (PROMISE | {"promised": "5", "promised_for": "9999-12-31"}, "Enter a day from 1880 to 2199"),
        (PROMISE | {"promised": "5"}, "within a year"),
        ({"outcome": "follow_up", "what": "promise"}, "Say how much was promised"),
        (
            {"outcome": "outstanding", "what": "promise", "promised": "200", "promised_for": "2099-01-01"},
            "more than that",
        ),
        ({"outcome": "fine"}, "fine is not one of the available choices"),
        ({"note": "x"}, "Choose one."),
    ],
)
def test_wrong_input_is_answered_in_words(harbor, ethan, rita, given, words):
    event = closed(harbor, ethan, 10000)
    if "day" in given:
        given = given | {"member": harbor.bill.pk}
    answer = rita.post(f"/c/harbor/treatments/{event.ref}/review/", given)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not EventReview.objects.exists()
    assert not Case.objects.exists()


def test_treatment_that_is_to_come_is_not_reviewed(harbor, ethan, rita):
    """S0.28, S0.29: before its closing the row offers no act of money, and the address refuses it."""
    event = visit(harbor, ethan, 10000)
    assert buttons(page(rita), event) == ["mark"]
    answer = rita.post(f"/c/harbor/treatments/{event.ref}/review/", {"outcome": "paid"})
    assert answer.status_code == 409
    assert "reviewed once it is marked complete" in answer.content.decode()


def test_act_of_a_stale_tab_is_refused_and_changes_nothing(harbor, ethan, rita):
    """S0.33, S0.36: the row was drawn before money was taken back; "Confirm" is refused in words, in place."""
    event = closed(harbor, ethan, 10000)
    payment = pay(harbor, event)
    a_review(harbor, event)
    some_evidence(harbor, event)
    assert buttons(page(rita), event) == ["confirm"]
    reverse_payment(payment, by=harbor.rita, reason="Entered twice")
    answer = rita.post(f"/c/harbor/treatments/{event.ref}/confirm/", headers=HTMX)
    assert answer.status_code == 409
    assert "$100.00 is owed now. Review it again" in answer.headers["HX-Trigger"]
    event.refresh_from_db()
    assert event.state == "reviewed"
    assert buttons(page(rita), event) == ["take", "flag"]


def test_money_taken_back_comes_back_to_the_queue(harbor, ethan, rita):
    event = closed(harbor, ethan, 10000)
    payment = pay(harbor, event)
    a_ready_event(harbor, event)
    reverse_payment(payment, by=harbor.bill, reason="wrong patient")
    text = page(rita)
    assert groups(text) == {"left": [event.ref]}
    assert "It was reviewed as fully paid, and $100.00 is owed now" in row(text, event)


def test_practitioner_sees_no_money_and_reviews_nothing(harbor, ethan, client):
    event = closed(harbor, ethan, 10000)
    client.force_login(harbor.petra.user)
    text = page(client)
    assert event.ref in text
    assert not re.search(r"\$|Owes|steps4|Flag|Confirm", text.partition("<main")[2])
    answer = client.post(f"/c/harbor/treatments/{event.ref}/review/", {"outcome": "outstanding"})
    assert answer.status_code == 403
    assert "Reception, Billing, Admin or Owner" in answer.content.decode()


def test_board_is_of_the_chosen_location(harbor, ethan, rita):
    annex = Location.objects.create(name="Annex")
    here, there = closed(harbor, ethan, 100), closed(harbor, ethan, 100, location=annex)
    assert groups(page(rita)) == {"left": [here.ref, there.ref]}
    a_payment(harbor, ethan.account, 700, location=annex)
    a_payment(harbor, ethan.account, 1900)
    assert groups(page(rita, at=annex.pk)) == {"left": [there.ref]}
    assert "$7.00" in page(rita)
    assert groups(page(rita)) == {"left": [there.ref]}  # it is kept
    assert "$26.00" in page(rita, at="")
    assert groups(page(rita)) == {"left": [here.ref, there.ref]}
    assert groups(page(rita, at="x'; drop")) == {"left": [here.ref, there.ref]}


def test_other_clinic_is_a_wall(harbor, rita):
    away = make_clinic("away")
    with clinic_scope(away.clinic):
        event = closed(away, a_patient(away), 100)
    for place in ("review", "confirm"):
        assert rita.post(f"/c/harbor/treatments/{event.ref}/{place}/").status_code == 404
        assert rita.post(f"/c/away/treatments/{event.ref}/{place}/").status_code == 404


def test_earlier_days_are_not_forgotten(harbor, ethan):
    """S0.22: what nobody confirmed or flagged on an earlier day stays on the board until somebody does.

    The clinic came here a week ago; what was before is history.
    """
    harbor.clinic.created_at -= timedelta(days=7)
    old, settled = closed(harbor, ethan, 100, back=2), closed(harbor, a_patient(harbor, "Mia"), 200, back=2)
    closed(harbor, ethan, 100, back=30)
    a_review(harbor, settled)
    plan_callback(settled.patient.account, timezone.now() + timedelta(days=1), by=harbor.bill, member=harbor.bill)
    board = board_of(harbor.rita, clock.today(harbor.clinic), None)
    assert [(group.key, [row["ref"] for row in group.rows]) for group in board.groups] == [("earlier", [old.ref])]
    assert (board.left, board.earlier) == (0, 1)


def test_page_that_asks_again_is_answered_only_if_something_changed(harbor, ethan, rita):
    """It updates by itself; a look changes nothing, an act does, also one whose line has a smaller number."""
    event = closed(harbor, ethan, 10000)
    mark = re.search(r'name="have" value="(\w+)"', page(rita)).group(1)
    assert rita.get(TODAY, {"have": mark}, headers=HTMX).status_code == 204
    rita.get(f"/c/harbor/treatments/{event.ref}/")
    assert rita.get(TODAY, {"have": mark}, headers=HTMX).status_code == 204
    assert rita.get(TODAY, {"have": mark}).status_code == 200
    pay(harbor, event)
    answer = rita.get(TODAY, {"have": mark}, headers=HTMX)
    assert answer.status_code == 200
    assert answer.content.decode().strip().startswith('<div id="board">')


def test_asking_again_is_no_look_and_costs_little(harbor, ethan, rita, django_assert_max_num_queries):
    closed(harbor, ethan, 10000)
    mark = re.search(r'name="have" value="(\w+)"', page(rita)).group(1)
    looks = AuditEvent.objects.filter(action="list.viewed").count()
    with django_assert_max_num_queries(7):
        rita.get(TODAY, {"have": mark}, headers=HTMX)
    assert AuditEvent.objects.filter(action="list.viewed").count() == looks


def test_empty_day_says_what_will_be_here(harbor, rita):
    assert "No treatments today" in page(rita)


def test_billing_has_its_tasks_under_the_board(harbor, ethan, client):
    client.force_login(harbor.bill.user)
    text = page(client)
    assert text.index('id="board"') < text.index('id="tasks"')
