"""Callbacks as tasks, in the calendar and in calendars outside; the file and the feed (S2.2, S2.6, S2.33–S2.35)."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.models import Membership
from followups.icalendar import calendar_of, escaped, folded
from followups.models import Attempt, CalendarFeed, Callback, Case
from followups.month import Month
from followups.services import Said, log_attempt, make_feed, path_of
from tests.factories import a_charge, a_patient
from tests.followups.pages import browser, text_of

pytestmark = pytest.mark.django_db

BASE = "/c/harbor/followups/"


@pytest.fixture
def owing(harbor):
    """An account that owes, with a callback at a moment from now."""

    def make(name: str = "Ada", hours: float = 24, member=None, note: str = "", home=harbor) -> Callback:
        patient = a_patient(home, name, "Park")
        a_charge(home, patient, 10000, on=clock.today(home.clinic) - timedelta(days=40))
        log_attempt(patient.account, Said("phone", "no_answer"), by=home.bill)
        due_at = timezone.now() + timedelta(hours=hours)
        return Callback.objects.create(
            case=Case.objects.get(account=patient.account), member=member or home.bill, due_at=due_at, note=note
        )

    return make


def _place(callback) -> str:
    return f"{BASE}{callback.case.account.ref}/"


def test_callbacks_are_tasks_on_today_overdue_first(harbor, owing, monkeypatch):
    """S2.35: overdue, due today, later; the next eight days and no more."""
    noon = clock.local_now(harbor.clinic).replace(hour=12, minute=0, second=0)
    monkeypatch.setattr("django.utils.timezone.now", lambda: noon.astimezone(UTC))
    for name, hours in (("Late", -30), ("Today", 3), ("Soon", 30), ("Far", 24 * 9)):
        owing(name, hours, note=f"About {name}")
    text = text_of(browser(harbor.bill).get("/c/harbor/today/"))
    places = [text.index(word) for word in ("Late Park Overdue", "Today Park Due today", "Soon Park Later")]
    assert places == sorted(places)
    assert "About Late" in text
    assert "Far Park" not in text


def test_task_opens_the_panel_and_is_done_by_an_attempt(harbor, bill, owing):
    """S2.35: one link to the panel, "Done" leads to the attempt that ends it."""
    _, midnight = clock.day_bounds(harbor.clinic, clock.today(harbor.clinic))
    callback = owing(hours=(midnight - timezone.now()) / timedelta(hours=1) - 0.001)  # later, and still today
    page = bill.get("/c/harbor/today/").content.decode()
    assert f'data-open href="{_place(callback)}"' in page
    assert f'href="{_place(callback)}attempt/"' in page
    form = bill.get(f"{_place(callback)}attempt/").content.decode()
    assert "This was the callback of" in form
    key = re.search(r'name="request_key" value="([^"]+)"', form)[1]
    said = {"channel": "phone", "outcome": "no_answer", "request_key": key}
    answer = bill.post(f"{_place(callback)}attempt/", said | {"is_callback": "on"}, headers={"HX-Request": "true"})
    assert "queue-changed" in answer["HX-Trigger"], "what is behind the drawer is drawn anew"
    callback.refresh_from_db()
    assert (callback.state, Case.objects.get().state) == ("done", "contact_due")
    assert "Ada Park" not in text_of(bill.get(f"{BASE}tasks/", headers={"HX-Request": "true"}))


def test_attempt_before_its_time_leaves_a_callback_that_it_was_not(harbor, bill, owing):
    callback = owing(hours=2)
    key = re.search(r'name="request_key" value="([^"]+)"', bill.get(f"{_place(callback)}attempt/").content.decode())[1]
    bill.post(f"{_place(callback)}attempt/", {"channel": "phone", "outcome": "no_answer", "request_key": key})
    callback.refresh_from_db()
    assert (callback.state, Attempt.objects.count()) == ("planned", 2)


def test_reception_and_practitioners_have_no_tasks(harbor, owing):
    owing(hours=-1)
    for member in (harbor.rita, harbor.petra):
        assert "Ada Park" not in text_of(browser(member).get("/c/harbor/today/"))
        assert browser(member).get(f"{BASE}calendar/").status_code == 403


def test_due_and_overdue_are_counted_in_the_menu(harbor, bill, owing):
    """S2.35: one's own and those of nobody; what is to come is not counted."""
    assert "callbacks due" not in bill.get(BASE).content.decode()
    for hours in (-50, -1):
        owing(hours=hours)
    owing("Soon", 60)
    assert 'title="2 callbacks due"' in bill.get(BASE).content.decode()
    assert "callbacks due" not in browser(harbor.olga).get(BASE).content.decode()
    Membership.objects.filter(pk=harbor.bill.pk).update(active=False)
    assert 'title="2 callbacks due"' in browser(harbor.olga).get(BASE).content.decode()


def test_callbacks_of_who_left_are_everybodys_until_somebody_takes_them(harbor, owing):
    callback = owing(hours=-1)
    olga = browser(harbor.olga)
    assert "Ada Park" not in text_of(olga.get("/c/harbor/today/"))
    Membership.objects.filter(pk=harbor.bill.pk).update(active=False)
    text = text_of(olga.get("/c/harbor/today/"))
    assert "Ada Park" in text
    assert "Bill has left" in text
    assert "Bill, who follows up no more" in text_of(olga.get(_place(callback)))
    assert "Ada Park" in text_of(olga.get(f"{BASE}calendar/?month={callback.due_at:%Y-%m}"))
    assert olga.post(f"{_place(callback)}callback/take/").status_code == 302
    callback.refresh_from_db()
    assert callback.member == harbor.olga
    assert "Ada Park" not in text_of(browser(harbor.adam).get("/c/harbor/today/"))


def test_nobody_is_given_a_callback_who_has_left(harbor, bill, owing):
    callback = owing()
    Membership.objects.filter(pk=harbor.olga.pk).update(active=False)
    sent = {"day": clock.today(harbor.clinic) + timedelta(days=2), "time": "09:00", "member": harbor.olga.pk}
    response = bill.post(f"{_place(callback)}callback/", sent)
    assert (response.status_code, Callback.objects.count()) == (422, 1)


def test_callback_that_ended_meanwhile_can_not_be_taken(harbor, bill, owing):
    callback = owing()
    Callback.objects.filter(pk=callback.pk).update(state="cancelled")
    assert bill.post(f"{_place(callback)}callback/take/").status_code == 409
    assert bill.get(f"{_place(callback)}callback.ics").status_code == 409


@pytest.mark.parametrize("view", ["", "agenda"])
def test_calendar_shows_a_month_of_callbacks(harbor, bill, owing, view):
    """S2.34, C21: one's own, everybody's, a member's; as a grid and as a list."""
    mine, hers = owing("Mine", 1), owing("Hers", 1, harbor.olga)
    month = mine.due_at.astimezone(clock.zone(harbor.clinic)).strftime("%Y-%m")

    def names(who: str) -> set[str]:
        text = text_of(bill.get(f"{BASE}calendar/", {"month": month, "who": who, "view": view}))
        return {name for name in ("Mine Park", "Hers Park") if name in text}

    assert names("") == {"Mine Park"}
    assert names("all") == {"Mine Park", "Hers Park"}
    assert names(str(hers.member_id)) == {"Hers Park"}


@pytest.mark.parametrize(
    "asked", ["month=x", "month=9999-12", "month=0001-01", "who=x", "who=999", "view=x", "month=2026-13"]
)
def test_wrong_calendars_are_told_and_never_a_fault(harbor, bill, asked):
    response = bill.get(f"{BASE}calendar/?{asked}")
    assert response.status_code == 200
    assert "No callbacks in" in text_of(response)


def test_month_has_whole_weeks_on_the_clinics_clock(harbor):
    """November 2026 begins on a Sunday, and its clocks go back on the 1st."""
    month = Month(date(2026, 11, 1), harbor.clinic)
    assert (month.before, month.after) == ("2026-10", "2026-12")
    assert (month.weeks[0][0], month.weeks[-1][-1]) == (date(2026, 11, 1), date(2026, 12, 5))
    assert month.span[0].astimezone(UTC) == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert month.span[1].astimezone(UTC) == datetime(2026, 12, 6, 5, tzinfo=UTC)
    assert Month(date(2026, 12, 1), harbor.clinic).after == "2027-01"


def _unfolded(body: bytes) -> list[str]:
    text = body.decode()
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    return text.replace("\r\n ", "").split("\r\n")


def test_callback_is_a_file_for_any_calendar(harbor, bill, owing):
    """S2.34, C21: in UTC, with an alarm and a lasting name; nothing of it says who, what or how much."""
    callback = owing("Adaline", note="Ask about the crown, $100.00")
    Callback.objects.filter(pk=callback.pk).update()
    response = bill.get(f"{_place(callback)}callback.ics")
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="callback-{callback.case.account.ref}.ics"'
    lines = _unfolded(response.content)
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert f"DTSTART:{callback.due_at:%Y%m%dT%H%M%SZ}" in lines
    assert f"UID:callback-{callback.pk}@harbor.clinicpay" in lines
    assert {
        "TRIGGER:-PT10M",
        "ACTION:DISPLAY",
        "STATUS:CONFIRMED",
        f"SUMMARY:Callback {callback.case.account.ref}",
    } <= set(lines)
    assert f"URL:http://testserver{_place(callback)}" in lines
    said = "\n".join(line for line in lines if not line.startswith("DT"))  # moments may have any digits
    for secret in ("Adaline", "Park", "crown", "100"):
        assert secret not in said.replace(f"callback-{callback.pk}", ""), secret


def test_time_of_a_file_is_the_clinics_across_the_clocks(harbor, bill, owing):
    """9:00 in New York is 13:00 in summer and 14:00 in winter, in UTC."""
    callback, zone = owing(), ZoneInfo("America/New_York")
    for day, hour in ((date(2027, 7, 1), "13"), (date(2027, 1, 5), "14")):
        callback.due_at = datetime(day.year, day.month, day.day, 9, tzinfo=zone)
        body = calendar_of(harbor.clinic, [callback], site="https://pay.test").decode()
        assert f"DTSTART:{day:%Y%m%d}T{hour}0000Z" in body


def test_text_is_escaped_and_lines_are_folded_between_characters():
    assert escaped("a;b,c\\d\r\ne\nf\x00") == "a\\;b\\,c\\\\d\\ne\\nf"
    line = "SUMMARY:" + "é🦷" * 60
    parts = folded(line).split("\r\n")
    assert all(len(part.encode()) <= 75 for part in parts)
    assert parts[0] + "".join(part[1:] for part in parts[1:]) == line


def test_feed_is_the_members_own_and_asks_for_no_sign_in(harbor, bill, owing):
    """S2.34, C21: planned, done and cancelled ones of the member alone; unchanged it is not sent again."""
    mine, done, gone = owing("Mine"), owing("Done", -3), owing("Gone", 5)
    hers = owing("Hers", member=harbor.olga)
    Callback.objects.filter(pk=done.pk).update(state="done")
    Callback.objects.filter(pk=gone.pk).update(state="cancelled")
    assert bill.post(f"{BASE}calendar/address/").status_code == 302
    page = bill.get(f"{BASE}calendar/address/").content.decode()
    place = re.search(r"http://testserver(/calendar/[^\"]+\.ics)", page)[1]

    response = Client().get(place)
    lines = _unfolded(response.content)
    assert [line for line in lines if line.startswith("UID:")] == [
        f"UID:callback-{one.pk}@harbor.clinicpay" for one in (done, gone, mine)
    ]
    assert [line for line in lines if line.startswith("STATUS:")] == [
        "STATUS:CONFIRMED",
        "STATUS:CANCELLED",
        "STATUS:CONFIRMED",
    ]
    assert lines.count("BEGIN:VALARM") == 1
    assert hers.case.account.ref not in response.content.decode()
    assert response["Cache-Control"] == "private, no-cache"

    again = Client().get(place, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Callback.objects.filter(pk=mine.pk).update(state="cancelled")
    assert Client().get(place, headers={"If-None-Match": response["ETag"]}).status_code == 200


def _events(body: bytes) -> dict[str, list[str]]:
    """The events of a calendar, by UID: sequence, beginning and status."""
    found: dict[str, list[str]] = {}
    for line in _unfolded(body):
        name, _, value = line.partition(":")
        if name == "UID":
            uid = found[value] = []
        elif name in ("SEQUENCE", "DTSTART", "STATUS"):
            uid.append(value)
    return found


def test_callback_that_moves_and_is_cancelled_tells_every_calendar(harbor, bill, owing):
    """S2.34: a subscribed calendar drops what was moved and shows its new time; the file is of what is planned."""
    first = owing()
    feed, file = path_of(make_feed(by=harbor.bill)), f"{_place(first)}callback.ics"
    day = clock.today(harbor.clinic) + timedelta(days=7)
    sent = {"day": day, "time": "09:30", "member": harbor.bill.pk, "seen": first.pk}
    assert bill.post(f"{_place(first)}callback/", sent).status_code == 302
    second = Callback.objects.exclude(pk=first.pk).get()
    uid = {one: f"callback-{one.pk}@harbor.clinicpay" for one in (first, second)}
    begins = {one: f"{one.due_at.astimezone(UTC):%Y%m%dT%H%M%SZ}" for one in (first, second)}

    told = {uid[first]: ["1", begins[first], "CANCELLED"], uid[second]: ["0", begins[second], "CONFIRMED"]}
    assert _events(Client().get(feed).content) == told
    assert _events(bill.get(file).content) == {uid[second]: told[uid[second]]}

    assert bill.post(f"{_place(first)}callback/cancel/", {"seen": second.pk}).status_code == 302
    told[uid[second]] = ["1", begins[second], "CANCELLED"]
    body = Client().get(feed).content
    assert _events(body) == told
    assert b"VALARM" not in body, "nothing reminds of what is off"
    gone = bill.get(file)
    assert (gone.status_code, gone["Content-Type"]) == (409, "text/html; charset=utf-8")
    assert "No callback is planned with this account any more." in text_of(gone)


def test_feed_ends_with_a_new_address_with_its_end_and_with_its_member(harbor, bill, owing):
    cache.clear()
    owing()
    first = path_of(make_feed(by=harbor.bill))
    second = path_of(make_feed(by=harbor.bill))
    assert [Client().get(path).status_code for path in (first, second)] == [404, 200]

    Membership.objects.filter(pk=harbor.bill.pk).update(active=False)
    assert Client().get(second).status_code == 404
    Membership.objects.filter(pk=harbor.bill.pk).update(active=True, role="reception")
    assert Client().get(second).status_code == 404, "who follows up no more has no callbacks to read"
    Membership.objects.filter(pk=harbor.bill.pk).update(role="billing")
    assert Client().get(second).status_code == 200

    bill.post(f"{BASE}calendar/address/", {"end": "1"})
    assert Client().get(second).status_code == 404
    assert bill.post(f"{BASE}calendar/address/", {"end": "1"}).status_code == 409
    assert not CalendarFeed.objects.filter(revoked_at=None).exists()


def test_wrong_addresses_are_alike_and_few_may_be_tried(harbor):
    cache.clear()
    answers = {Client().get(f"/calendar/{token}.ics").content for token in ("x", "A" * 32, "é", "A" * 500)}
    assert len(answers) == 1
    codes = [Client().get("/calendar/wrong.ics").status_code for _ in range(30)]
    assert (codes[0], codes[-1]) == (404, 429)
    cache.clear()


def test_token_stands_in_no_row_and_fits_no_payment_link(harbor):
    feed = make_feed(by=harbor.bill)
    token = path_of(feed).split("/")[-1].removesuffix(".ics")
    assert token not in str(CalendarFeed.objects.filter(pk=feed.pk).values().get())
    assert Client().get(f"/pay/{token}/").status_code == 404


def test_feed_of_one_clinic_knows_nothing_of_another(harbor, lakeside, owing):
    owing()
    with clinic_scope(lakeside.clinic, lakeside.bill.user):
        theirs = owing("Far", member=lakeside.bill, home=lakeside)
        place = path_of(make_feed(by=lakeside.bill))
    body = Client().get(place).content.decode()
    assert f"callback-{theirs.pk}@lakeside.clinicpay" in body
    assert "harbor" not in body


def test_grid_of_a_full_day_says_how_many_more(harbor, bill, owing):
    day = clock.today(harbor.clinic) + timedelta(days=1)
    hours = (clock.noon(harbor.clinic, day) - timezone.now()) / timedelta(hours=1)
    for n in range(5):
        owing(f"N{n}", hours + n / 100)
    assert "2 more" in text_of(bill.get(f"{BASE}calendar/?month={day:%Y-%m}"))
