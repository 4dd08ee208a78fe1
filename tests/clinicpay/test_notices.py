"""What stands above a page, for whom, and until when."""

import pytest
from django.test import Client

from clinicpay import away
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Role
from clinicpay.staff.services import invite

pytestmark = pytest.mark.django_db


@pytest.fixture
def browsers(harbor) -> dict[str, Client]:
    made = {}
    for who in ("adam", "rita"):
        made[who] = Client()
        made[who].force_login(getattr(harbor, who).user)
    return made


def page(client: Client, place: str = "/c/harbor/today/") -> str:
    return client.get(place).content.decode()


def test_member_of_two_clinics_is_told_where_they_are_until_they_put_it_away(harbor, lakeside, browsers):
    rita, words = browsers["rita"], "You work in 2 clinics. This is Harbor Clinic, where you are Reception."
    assert words not in page(rita)
    with clinic_scope(lakeside.clinic):
        Membership.objects.create(user=harbor.rita.user, role=Role.BILLING)
    assert words in page(rita)

    back = rita.post(
        "/c/harbor/notices/two-clinics/dismiss/", headers={"Referer": "http://testserver/c/harbor/patients/"}
    )

    assert back["Location"] == "/c/harbor/patients/"
    assert words not in page(rita)
    assert "This is Lakeside Dental, where you are Billing." in page(rita, "/c/lakeside/today/")


def test_managers_are_told_what_the_clinic_still_needs(harbor, browsers):
    assert "Harbor Clinic still needs a price" in page(browsers["adam"])
    assert "still needs a practitioner" not in page(browsers["adam"])
    assert "still needs" not in page(browsers["rita"])
    assert "still needs" not in page(browsers["adam"], "/c/harbor/patients/")


def test_managers_are_told_of_invitations_that_wait(harbor, browsers):
    invite("new@harbor.test", role=Role.BILLING, by=harbor.adam)

    assert "1 invitation waits to be accepted." in page(browsers["adam"])
    assert "new@harbor.test" in page(browsers["adam"], "/c/harbor/settings/team/")
    assert "1 invitation waits" not in page(browsers["rita"])


def test_server_that_is_away_is_spoken_of_for_a_while(browsers, monkeypatch):
    monkeypatch.setattr(away, "_failed_at", away.time.monotonic())
    assert "does not answer" in page(browsers["rita"])

    monkeypatch.setattr(away, "_failed_at", away.time.monotonic() - away.RECENT)
    assert "does not answer" not in page(browsers["rita"])


def test_notice_that_is_none_can_not_be_put_away(browsers):
    browsers["rita"].post("/c/harbor/notices/no-such-notice/dismiss/")

    assert "dismissed" not in browsers["rita"].session
