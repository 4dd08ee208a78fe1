"""Settings of the clinic itself: each change is a line with before and after, and another clock is looked at first."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client
from pypdf import PdfReader

from balances.models import Posting
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.queries import all_clinics
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.models import Membership, User
from clinicpay.staff.roles import Role
from payments.models import Receipt
from payments.services.receipts import receipt_document
from tests.factories import a_patient, a_receipt

pytestmark = pytest.mark.django_db

CLINIC, SIGN_IN = "/c/harbor/settings/clinic/", "/c/harbor/settings/sign-in/"
KEPT = {
    "name": "Harbor Clinic",
    "address": "",
    "phone": "",
    "timezone": "America/New_York",
    "day_starts_at": "0",
    "paper": "letter",
}


@pytest.fixture
def adam(harbor) -> Client:
    return signed_in(harbor)


def signed_in(harbor) -> Client:
    client = Client()
    client.force_login(harbor.adam.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def last_line() -> tuple[str, dict, dict]:
    one = AuditEvent.objects.latest("pk")
    return one.action, one.before, one.after


def now_is(harbor, **fields) -> bool:
    return Clinic.objects.filter(pk=harbor.clinic.pk, **fields).exists()


def test_change_of_the_clinic_is_a_line_with_before_and_after(harbor, adam):
    adam.post(CLINIC, KEPT | {"name": "Harbor Dental", "phone": "555 0100", "paper": "a4"})

    assert now_is(harbor, name="Harbor Dental", phone="555 0100", paper="a4", timezone="America/New_York")
    assert last_line() == (
        "clinic.changed",
        {"name": "Harbor Clinic", "phone": "", "paper": "letter"},
        {"name": "Harbor Dental", "phone": "555 0100", "paper": "a4"},
    )
    assert "Phone" in adam.get(address(harbor.clinic, "settings_history", section="clinic")).content.decode()


def test_nothing_changed_leaves_no_line(adam):
    before = AuditEvent.objects.count()

    adam.post(CLINIC, KEPT)

    assert AuditEvent.objects.filter(action="clinic.changed").count() == 0
    assert AuditEvent.objects.count() == before


def test_another_clock_is_saved_after_its_consequences_were_seen(harbor):
    """D3 is the night's own test: each local date once. Here it is said."""
    auckland = KEPT | {"timezone": "Pacific/Auckland", "day_starts_at": "4"}
    with time_machine.travel(datetime(2026, 11, 22, 20, 0, tzinfo=UTC), tick=False):
        adam = signed_in(harbor)
        first = adam.post(CLINIC, auckland)
        words = first.content.decode()

        assert first.status_code == 422
        assert now_is(harbor, timezone="America/New_York", day_starts_at=0)
        assert "now is 9:00 AM, not 3:00 PM" in words
        assert "The business day is Nov 23, 2026, not Nov 22, 2026" in words
        assert 'value="Pacific/Auckland 4"' in words

        other = adam.post(CLINIC, auckland | {"seen": "Pacific/Auckland 5"})
        assert (other.status_code, now_is(harbor, day_starts_at=0)) == (422, True)
        assert adam.post(CLINIC, auckland | {"seen": "Pacific/Auckland 4"}).status_code == 302

    assert now_is(harbor, timezone="Pacific/Auckland", day_starts_at=4)
    assert last_line()[1:] == (
        {"timezone": "America/New_York", "day_starts_at": 0},
        {"timezone": "Pacific/Auckland", "day_starts_at": 4},
    )


def test_business_date_that_is_recorded_stays_on_another_clock(harbor, adam):
    a_receipt(harbor, a_patient(harbor).account, 1000)
    day = clock.today(harbor.clinic)

    adam.post(CLINIC, KEPT | {"timezone": "Pacific/Kiritimati", "seen": "Pacific/Kiritimati 0"})

    assert now_is(harbor, timezone="Pacific/Kiritimati")
    assert set(Posting.objects.values_list("business_date", flat=True)) == {day}


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../etc/passwd"),
        ("day_starts_at", "24"),
        ("day_starts_at", "-1"),
        ("paper", "a5"),
        ("address", "x" * 241),
        ("phone", "x" * 41),
    ],
)
def test_bad_setting_is_said_and_changes_nothing(harbor, adam, field, bad):
    answer = adam.post(CLINIC, KEPT | {field: bad, "phone": "555" if field != "phone" else bad})

    assert answer.status_code == 422
    assert now_is(harbor, name="Harbor Clinic", phone="", timezone="America/New_York")


def test_currency_is_no_field(harbor, adam):
    adam.post(CLINIC, KEPT | {"currency": "EUR", "slug": "other", "phone": "1"})

    assert now_is(harbor, currency="USD", slug="harbor", phone="1")


@pytest.mark.parametrize("who", ["rita", "bill", "petra"])
@pytest.mark.parametrize("page", [CLINIC, SIGN_IN, "/c/harbor/settings/team/", "/c/harbor/settings/locations/"])
def test_others_may_not(harbor, who, page):
    client = Client()
    client.force_login(harbor.members[who].user, backend="allauth.account.auth_backends.AuthenticationBackend")

    assert client.get(page).status_code == 403
    assert client.post(page, KEPT | {"name": "Mine"}).status_code == 403
    assert now_is(harbor, name="Harbor Clinic")


def test_who_asks_others_for_a_second_step_has_one(harbor, adam):
    refused = adam.post(SIGN_IN, {"two_step": "managers", "idle_minutes": ""})
    assert refused.status_code == 422
    assert "Set up your own second step first" in refused.content.decode()
    assert now_is(harbor, two_step="nobody")

    Authenticator.objects.create(user=harbor.adam.user, type="totp", data={"secret": "A" * 32})
    adam.post(SIGN_IN, {"two_step": "managers", "idle_minutes": "20"})

    assert last_line() == (
        "clinic.sign_in_set",
        {"two_step": "nobody", "idle_minutes": None},
        {"two_step": "managers", "idle_minutes": 20},
    )


@pytest.mark.parametrize("minutes", ["4", "61", "-5", "x", "1e3"])
def test_rest_has_its_bounds(harbor, adam, minutes):
    assert adam.post(SIGN_IN, {"two_step": "nobody", "idle_minutes": minutes}).status_code == 422
    assert now_is(harbor, idle_minutes=None)


@pytest.mark.parametrize(("own", "printed"), [("", "12 Harbor Road"), ("5 Main Street", "5 Main Street")])
def test_paper_names_how_the_clinic_is_reached(harbor, own, printed):
    Clinic.objects.filter(pk=harbor.clinic.pk).update(address="12 Harbor Road", phone="555 0100")
    Location.objects.filter(pk=harbor.location.pk).update(address=own)
    receipt = a_receipt(harbor, a_patient(harbor).account, 1000)
    receipt = Receipt.objects.select_related("location").get(pk=receipt.pk)

    paper = receipt_document(receipt, Clinic.objects.get(pk=harbor.clinic.pk))

    words = PdfReader(BytesIO(paper)).pages[0].extract_text()
    assert printed in words
    assert "555 0100" in words


def test_new_clinic_asks_its_owner_for_a_second_step():
    call_command("create_clinic", slug="fresh", name="Fresh", timezone="UTC", currency="USD", owner="o@fresh.test")

    with clinic_scope(all_clinics()["fresh"]):
        assert Clinic.objects.get(slug="fresh").two_step == "managers"


def test_command_resets_who_works_in_several_clinics(harbor, lakeside):
    Authenticator.objects.create(user=harbor.olga.user, type="totp", data={"secret": "A" * 32})
    with clinic_scope(lakeside.clinic):
        Membership.objects.create(user=harbor.olga.user, role=Role.ADMIN)

    call_command("reset_second_step", "Olga@harbor.test")

    assert not Authenticator.objects.filter(user=harbor.olga.user).exists()
    assert User.objects.get(pk=harbor.olga.user_id).sign_in_round == 1
    for home in (harbor, lakeside):
        with clinic_scope(home.clinic):
            assert last_line() == ("member.second_step_reset", {}, {"email": "olga@harbor.test"})


@pytest.mark.parametrize("email", ["nobody@harbor.test", "rita@harbor.test"])
def test_command_says_what_it_can_not(harbor, email):
    with pytest.raises(CommandError):
        call_command("reset_second_step", email)
