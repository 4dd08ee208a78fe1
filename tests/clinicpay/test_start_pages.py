"""Where each role begins: what waits for it, and nothing that it may not see."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from clinicpay.clinics import clock
from clinicpay.clinics.models import JobFailure, JobRun, Location
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.roles import Role
from clinicpay.staff.services import invite
from followups.services import request_write_off
from payments.queries.cards import cards
from payments.services import GoingBack, request_refund
from payments.states import RefundReason
from tests.factories import (
    Clinicful,
    a_charge,
    a_locked_day,
    a_patient,
    a_payment,
    an_event,
    an_invoice,
    make_clinic,
)

pytestmark = pytest.mark.django_db

PLACE = "/c/harbor/"


@pytest.fixture
def go(harbor):
    """What a person of Harbor Clinic reads at an address."""

    def page(who: str, place: str = PLACE) -> str:
        browser = Client()
        browser.force_login(getattr(harbor, who).user)
        answer = browser.get(place)
        return answer["Location"] if answer.status_code == 302 else words(answer.content.decode())

    return page


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<main")[2]).split())


@pytest.fixture
def busy(harbor):
    """Something of everything that a start page shows, and as much in another clinic."""
    for home in (make_clinic("elsewhere"), harbor):
        with clinic_scope(home.clinic, home.bill.user):
            _fill(home)
    return harbor


def _fill(home: Clinicful) -> None:
    today = clock.today(home.clinic)
    dora = a_patient(home, "Dora", "Walker")
    invoice = an_invoice(home, dora, 30000, on=today - timedelta(100))
    ethan = a_patient(home, "Ethan", "Park")
    an_invoice(home, ethan, 4000, on=today - timedelta(10))
    a_payment(home, ethan.account, 5000, on=today - timedelta(31))
    request_refund(a_payment(home, ethan.account, 1200), GoingBack(700, RefundReason.OTHER), by=home.rita)
    request_write_off(dora.account, [invoice], by=home.bill, reason="moved away")


def test_each_role_begins_where_its_work_is(busy, go):
    assert go("rita") == "/c/harbor/today/"
    assert go("bill") == "/c/harbor/followups/"
    assert "Overview" in go("olga")
    assert "Overview" in go("adam")
    assert "Your day" in go("petra")


def test_owner_sees_what_waits_for_approval_with_its_way_there(busy, client):
    """S0.4: no outside notes are needed to know what to decide."""
    client.force_login(busy.olga.user)
    html = client.get(PLACE).content.decode()
    page = words(html)

    assert "Write-off WO-001 Dora Walker $300.00 moved away" in page
    assert "Refund RF-001 Ethan Park $7.00 Other" in page
    assert 'href="/c/harbor/write-offs/1/"' in html or 'href="/c/harbor/write-offs/WO-001/"' in html
    assert "1 write-off, $300.00 · 1 refund, $7.00" in page
    assert page.index("Approvals waiting") < page.index("Collected") < page.index("Days not closed")


def test_owner_sees_what_was_collected_against_what_is_owed(busy, go):
    """S0.26: management sees payment state; the figures are those of the payments list and the queue."""
    figures = cards(clock.today(busy.clinic))
    page = go("olga")

    assert figures.collected == 6200
    assert "Last 12 months $62.00" in page
    assert "Owed on invoices $340.00 2 accounts" in page
    assert "90+ days $300.00" in page
    assert "$40.00 in hand could pay what its accounts owe" in page


def test_billing_has_what_else_waits_above_the_queue(busy, client):
    """S0.4: callbacks, promises due, plans at risk and refunds, each leading to its rows."""
    client.force_login(busy.bill.user)
    assert 'hx-get="/c/harbor/overview/billing/"' in client.get("/c/harbor/followups/").content.decode()
    html = client.get("/c/harbor/overview/billing/").content.decode()

    assert "Callbacks due 0" in words(html)
    assert "Plans at risk 0" in words(html)
    assert "Refunds waiting 1 $7.00" in words(html)
    links = re.findall(r'<a class="figure" href="([^"]+)"', html)
    assert len(links) == 4
    assert {client.get(link.replace("&amp;", "&")).status_code for link in links} == {200}


def test_figures_narrow_down_to_one_location(busy, client):
    second = Location.objects.create(name="Harbor Point")
    a_payment(busy, a_patient(busy).account, 9900, location=second)
    client.force_login(busy.olga.user)

    every, there = words(client.get(PLACE).content.decode()), client.get(f"{PLACE}?location={second.pk}")

    assert "Last 12 months $161.00" in every
    assert "Collected at Harbor Point" in (page := words(there.content.decode()))
    assert "Last 12 months $99.00" in page
    assert "Refund RF-001" not in page
    part = client.get(f"/c/harbor/overview/owed/?location={busy.location.pk}", headers={"HX-Request": "true"})
    assert "$340.00 owed by 2 accounts" in re.sub(r"<[^>]+>", "", part.content.decode())
    elsewhere = client.get(f"/c/harbor/overview/owed/?location={second.pk}")
    assert "Nobody owes anything at Harbor Point." in words(elsewhere.content.decode())


def test_what_is_owed_at_the_locations_is_what_is_owed_also_after_a_close(busy, client):
    """What comes after the close stands on the next day: it was owed in the clinic, and at none of its locations."""
    a_locked_day(busy.location, clock.today(busy.clinic))
    a_charge(busy, a_patient(busy, "Late"), 5000)
    client.force_login(busy.olga.user)

    for asked in ("", f"?location={busy.location.pk}"):
        part = client.get(f"/c/harbor/overview/owed/{asked}", headers={"HX-Request": "true"})
        assert "$390.00 owed by 3 accounts" in re.sub(r"<[^>]+>", "", part.content.decode())


@pytest.mark.parametrize("asked", ["0", "-1", "x", "9" * 40, "%00"])
def test_location_that_is_none_shows_them_all(busy, go, asked):
    assert "Last 12 months $62.00" in go("olga", f"{PLACE}?location={asked}")


def test_admin_begins_with_the_days_to_close(busy, go):
    """S0.9, S0.24: the open days with what each lacks, the oldest first."""
    now = timezone.now()
    an_event(busy, a_patient(busy), 100, service_at=now)
    with time_machine.travel(now + timedelta(days=2), tick=True):
        page = go("adam")
        a_locked_day(busy.location, clock.business_day(busy.clinic, now))
        closed = go("adam")

    assert page.index("Days not closed") < page.index("Approvals waiting") < page.index("Collected")
    assert "Days not closed 1 before today" in page
    assert "Harbor Clinic 1 not marked complete" in page
    assert "1 not marked complete" not in closed
    assert "Every day is closed." in closed


def test_days_before_the_clinic_came_are_nobodys_to_close(busy, go):
    assert "Ready to close" not in go("adam")  # what was brought in is dated before; today alone is open


def test_what_nobody_looked_after_is_named(busy, go):
    night = JobRun.objects.create(job="plans", local_date=clock.today(busy.clinic))
    JobFailure.objects.create(run=night, account_id=1, error="Refusal: no")
    invite("new@harbor.test", role=Role.BILLING, by=busy.adam)

    assert "1 account failed in the last night" in (page := go("adam"))
    assert "1 invitation not accepted yet" in page


def test_practitioner_sees_their_own_day_and_no_money(busy, go):
    """S0.27: no amount, no payment state, no word of finance."""
    now = timezone.now()
    an_event(busy, a_patient(busy, "Ann", "Lee"), 12345, service_at=now)
    busy.practitioner.__class__.objects.create(name="Dr Other")
    page = go("petra")

    assert "Ann Lee" in page
    assert "Clinical record" in page
    assert not re.search(r"\$|123\.45|[Oo]wes|[Bb]alance|[Pp]aid|[Pp]ayment", page)


def test_practitioner_does_not_see_others_day(busy, go):
    other = busy.practitioner.__class__.objects.create(name="Dr Other")
    event = an_event(busy, a_patient(busy, "Ann", "Lee"), 12345, service_at=timezone.now())
    type(event).objects.filter(pk=event.pk).update(practitioner=other)

    assert "Ann Lee" not in (page := go("petra"))
    assert "No treatments of yours today" in page


def test_practitioner_who_is_on_no_roster_sees_everybodys_day(busy, go):
    an_event(busy, a_patient(busy, "Ann", "Lee"), 12345, service_at=timezone.now())
    busy.practitioner.__class__.objects.update(member=None)

    assert "Your sign-in is linked to nobody on the clinic’s roster" in (page := go("petra"))
    assert "Ann Lee" in page


@pytest.mark.parametrize("who", ["olga", "adam"])
def test_clinic_without_patients_is_told_how_to_begin(harbor, go, who):
    page = go(who)

    assert "First steps" in page
    assert "2 of 5 done" not in page
    assert "3 of 5 done" in page  # a location, a practitioner, a team; no price
    assert "Fill the price list Fees" in page
    a_patient(harbor)
    assert "First steps" not in go(who)


@pytest.mark.parametrize(
    ("place", "first", "who_may", "who_may_not"),
    [
        ("patients", "patients/new/", "rita", "petra"),
        ("treatments", "treatments/new/", "rita", "bill"),
        ("payments", "payments/new/", "rita", "petra"),
        ("packages", "packages/new/", "rita", "bill"),
    ],
)
def test_empty_list_offers_its_first_step_to_who_may_take_it(harbor, place, first, who_may, who_may_not):
    link = f'<p><a class="btn" href="/c/harbor/{first}">'

    def shown(who: str, query: str = "") -> str:
        browser = Client()
        browser.force_login(getattr(harbor, who).user)
        return browser.get(f"/c/harbor/{place}/{query}").content.decode()

    assert link in shown(who_may)
    assert link not in shown(who_may, "?q=nobody")
    assert link not in shown(who_may_not)
