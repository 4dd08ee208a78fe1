"""Changing the people of a clinic acts at once, and leaves it an owner (A18)."""

import threading
import uuid
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Patient
from clinicpay.staff import members
from clinicpay.staff.delegations import delegate
from clinicpay.staff.models import Delegation, Invitation, Membership, Practitioner
from clinicpay.staff.roles import Role
from clinicpay.staff.services import InvitationRefused, accept_invitation, invite
from tests.factories import Clinicful, UserFactory
from tests.races.crowd import PATIENCE, a_clinic, rush

NEW_PATIENT = {"first_name": "Ethan", "last_name": "Park"}


def browser(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def home(transactional_db) -> Clinicful:
    """A committed clinic: its pages are asked outside any scope."""
    return a_clinic()


def team(home: Clinicful, member: Membership | None = None, act: str = "") -> str:
    place = f"/c/{home.clinic.slug}/settings/team/"
    return f"{place}{member.pk}/{act}" if member else place


def lines(home: Clinicful) -> list[tuple[str, dict, dict]]:
    with clinic_scope(home.clinic):
        rows = AuditEvent.objects.filter(action__regex="^(member|delegation|practitioner)").order_by("pk")
        return [(one.action, one.before, one.after) for one in rows]


def a_second_owner(home: Clinicful) -> Membership:
    with clinic_scope(home.clinic):
        user = UserFactory(email=f"otto@{home.clinic.slug}.test", name="Otto")
        return Membership.objects.create(user=user, role=Role.OWNER)


def test_a18_removed_member_is_out_of_every_session_at_the_next_request(home):
    sessions = [browser(home.rita) for _ in range(3)]
    today = f"/c/{home.clinic.slug}/today/"
    assert [one.get(today).status_code for one in sessions] == [200] * 3

    assert browser(home.adam).post(team(home, home.rita, "remove/")).status_code == 302

    for one in sessions:
        assert one.post(f"/c/{home.clinic.slug}/patients/new/", NEW_PATIENT)["Location"].startswith("/accounts/login/")
        assert one.get(today)["Location"].startswith("/accounts/login/")
        assert one.get("/")["Location"].startswith("/accounts/login/")
    with clinic_scope(home.clinic):
        assert not Patient.objects.exists()
    assert lines(home)[-1] == (
        "member.removed",
        {"email": home.rita.user.email, "role": "reception"},
        {"active": False},
    )


def test_a18_removed_member_who_signs_in_again_has_no_clinic(home):
    browser(home.adam).post(team(home, home.rita, "remove/"))
    home.rita.user.refresh_from_db()

    assert browser(home.rita).get(f"/c/{home.clinic.slug}/today/").status_code == 404


def test_changed_role_counts_at_the_next_request_and_is_kept(home):
    rita = browser(home.rita)
    assert rita.get(f"/c/{home.clinic.slug}/payments/").status_code == 200

    browser(home.adam).post(team(home, home.rita), {"role": "practitioner"})

    assert rita.get(f"/c/{home.clinic.slug}/payments/").status_code == 403
    assert lines(home)[-1] == (
        "member.role_changed",
        {"role": "reception"},
        {"email": home.rita.user.email, "role": "practitioner"},
    )


@pytest.mark.parametrize("act", ["", "remove/", "second-step/", "sign-out/"])
def test_nobody_does_it_to_themselves_and_admins_not_to_owners(home, act):
    a_second_owner(home)
    before = _standing(home)
    for who, whom in (("adam", "adam"), ("olga", "olga"), ("adam", "olga")):
        answer = browser(home.members[who]).post(team(home, home.members[whom], act), {"role": "reception"})
        assert answer.status_code in {403, 422}, answer.status_code
    assert _standing(home) == before


@pytest.mark.parametrize("role", ["owner"])
def test_admin_makes_no_owner(home, role):
    answer = browser(home.adam).post(team(home, home.rita), {"role": role})

    assert answer.status_code == 422
    assert "This needs: Owner" in answer.content.decode()
    assert _standing(home)["rita"] == ("reception", True)


@pytest.mark.parametrize(("who", "offered"), [("adam", False), ("olga", True)])
def test_owner_is_offered_as_a_role_to_owners_alone(home, who, offered):
    """Also an owner's invitation, which only an owner sends again or withdraws."""
    with clinic_scope(home.clinic):
        waiting = invite("otto@example.test", role=Role.OWNER, by=home.olga).invitation
    client = browser(home.members[who])
    for place in (team(home), team(home, home.rita)):
        page = client.get(place).content.decode()
        assert ('<option value="owner"' in page, '<option value="admin"' in page) == (offered, True), place
    page = client.get(team(home)).content.decode()
    assert (f"invitations/{waiting.pk}/withdraw/" in page, "Send again" in page) == (offered, offered)


def _standing(home: Clinicful) -> dict[str, tuple[str, bool]]:
    with clinic_scope(home.clinic):
        return {
            one.user.email.split("@")[0]: (one.role, one.active)
            for one in Membership.objects.select_related("user").order_by("pk")
        }


def _owners(home: Clinicful) -> int:
    with clinic_scope(home.clinic):
        return Membership.objects.filter(role=Role.OWNER, active=True).count()


def test_last_owner_can_not_go(home):
    """By ClinicPay's own hand: a person would be another owner, or may not."""
    with clinic_scope(home.clinic):
        with pytest.raises(Refusal, match="only owner"):
            members.remove_member(home.olga, by=home.itself)
        with pytest.raises(Refusal, match="only owner"):
            members.change_role(home.olga, Role.ADMIN, by=home.itself)
    assert _owners(home) == 1


def _each_removes_the_other(home: Clinicful) -> list:
    pair = [home.olga, a_second_owner(home)]

    def remove(number: int) -> None:
        me, other = pair[number], pair[1 - number]
        with clinic_scope(home.clinic, me.user):
            members.remove_member(other, by=me)

    return rush(2, remove)


def test_two_owners_who_remove_each_other_leave_one(home):
    for one in (home, *(a_clinic() for _ in range(4))):
        answers = _each_removes_the_other(one)
        assert [answer is None for answer in answers].count(True) == 1, answers
        assert _owners(one) == 1


def test_control_without_the_lock_two_owners_leave_none(home, monkeypatch):
    """Each sees the other still there, and looks before either commits."""
    both = threading.Barrier(2)

    def unlocked(member, by):
        return Membership.objects.select_related("user").get(pk=member.pk)

    keeps = members._keeps_an_owner

    def together():
        keeps()
        both.wait(PATIENCE)

    monkeypatch.setattr(members, "_in_hand", unlocked)
    monkeypatch.setattr(members, "_keeps_an_owner", together)

    assert _each_removes_the_other(home) == [None, None]
    assert _owners(home) == 0


@pytest.mark.parametrize("how", ["removed", "no longer owner"])
def test_what_an_owner_delegated_ends_with_them(home, how):
    otto = a_second_owner(home)
    last_day = clock.today(home.clinic) + timedelta(days=30)
    with clinic_scope(home.clinic, otto.user):
        delegate(home.bill, by=otto, limit=10000, last_day=last_day)
    with clinic_scope(home.clinic, home.olga.user):
        delegate(home.adam, by=home.olga, limit=5000, last_day=last_day)

    if how == "removed":
        browser(home.olga).post(team(home, otto, "remove/"))
    else:
        browser(home.olga).post(team(home, otto), {"role": "admin"})

    with clinic_scope(home.clinic):
        standing = {one.member_id for one in Delegation.objects.filter(ended_at=None)}
    assert standing == {home.adam.pk}
    assert "delegation.withdrawn" in [action for action, _, _ in lines(home)]


def test_leave_of_a_removed_member_ends_too(home):
    with clinic_scope(home.clinic, home.olga.user):
        delegate(home.bill, by=home.olga, limit=10000, last_day=clock.today(home.clinic))

    browser(home.adam).post(team(home, home.bill, "remove/"))

    with clinic_scope(home.clinic):
        assert not Delegation.objects.filter(ended_at=None).exists()


def _with_app(member: Membership) -> None:
    Authenticator.objects.create(user=member.user, type="totp", data={"secret": "A" * 32})
    Authenticator.objects.create(user=member.user, type="recovery_codes", data={"seed": "a", "used_mask": 0})


def test_reset_of_a_lost_phone_signs_out_everywhere_and_is_kept(home):
    _with_app(home.bill)
    bill = browser(home.bill)
    assert bill.get(f"/c/{home.clinic.slug}/today/").status_code == 200

    assert browser(home.adam).post(team(home, home.bill, "second-step/")).status_code == 302

    assert bill.get(f"/c/{home.clinic.slug}/today/")["Location"].startswith("/accounts/login/")
    assert not Authenticator.objects.filter(user=home.bill.user).exists()
    assert lines(home)[-1] == ("member.second_step_reset", {}, {"email": home.bill.user.email})


def test_reset_is_refused_where_another_clinic_relies_on_it(home):
    _with_app(home.bill)
    other = a_clinic()
    with clinic_scope(other.clinic):
        Membership.objects.create(user=home.bill.user, role=Role.OWNER)

    answer = browser(home.olga).post(team(home, home.bill, "second-step/"))

    assert answer.status_code == 409
    assert "not this clinic’s alone" in answer.content.decode()
    assert Authenticator.objects.filter(user=home.bill.user).count() == 2


def test_invitation_goes_out_by_mail_and_again_with_another_link(home):
    olga = browser(home.olga)
    olga.post(team(home), {"email": "New.Person@Example.test", "role": "billing"})
    first = mail.outbox[-1]
    with clinic_scope(home.clinic):
        invitation = Invitation.objects.get()
    assert (first.to, first.subject) == (["new.person@example.test"], "Your invitation to Clinic")

    page = olga.post(team(home), {"again": invitation.pk}).content.decode()
    links = [letter.body.split("http://testserver")[1].split()[0] for letter in mail.outbox[-2:]]

    assert links[1] in page
    assert [Client().get(link).status_code for link in links] == [410, 200]
    assert [action for action, _, _ in lines(home)] == ["member.invited"] * 2
    assert [olga.post(team(home), {"again": bad}).status_code for bad in ("x", "-1", "9" * 40, "²")] == [404] * 4


def test_withdrawn_invitation_opens_nothing(home):
    with clinic_scope(home.clinic, home.olga.user):
        invited = invite("new@example.test", role=Role.BILLING, by=home.olga)

    browser(home.adam).post(f"{team(home)}invitations/{invited.invitation.pk}/withdraw/")

    assert Client().get(invited.path).status_code == 410
    with pytest.raises(InvitationRefused):
        accept_invitation(invited.token, name="N", password="a long enough password")
    assert "new@example.test" not in browser(home.adam).get(team(home)).content.decode()
    again = browser(home.adam).post(f"{team(home)}invitations/{invited.invitation.pk}/withdraw/")
    assert again.status_code == 409


def test_admin_withdraws_no_invitation_of_an_owner(home):
    with clinic_scope(home.clinic, home.olga.user):
        invited = invite("new@example.test", role=Role.OWNER, by=home.olga)

    assert browser(home.adam).post(f"{team(home)}invitations/{invited.invitation.pk}/withdraw/").status_code == 403


def test_team_says_who_signed_in_when_who_has_a_second_step_and_what_waits(home):
    _with_app(home.bill)
    with clinic_scope(home.clinic, home.olga.user):
        invite("waits@example.test", role=Role.BILLING, by=home.olga)
        late = invite("late@example.test", role=Role.BILLING, by=home.olga).invitation
        Invitation.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(days=1))

    words = " ".join(browser(home.olga).get(team(home)).content.decode().split())

    assert words.count("<td>On</td>") == 1
    assert words.count(">never</span>") == 4, "olga has just signed in"
    assert all(one in words for one in ("waits@example.test", "Waiting", "late@example.test", "Expired"))


def test_member_treats_under_a_name_of_the_roster(home):
    with clinic_scope(home.clinic):
        field = Practitioner.objects.create(name="Dr Amos Field")
    adam = browser(home.adam)

    taken = adam.post(team(home, home.rita, "practitioner/"), {"practitioner": home.practitioner.pk})
    adam.post(team(home, home.petra, "practitioner/"), {"practitioner": field.pk})

    assert taken.status_code == 409
    with clinic_scope(home.clinic):
        names = dict(Practitioner.objects.values_list("name", "member"))
    assert names == {"Dr Petra Jones": None, "Dr Amos Field": home.petra.pk}
    assert team(home, home.petra) in adam.get(f"/c/{home.clinic.slug}/settings/practitioners/").content.decode()
    assert [one for one in lines(home) if one[0] == "practitioner.changed"] == [
        ("practitioner.changed", {"signs_in": "Petra"}, {"signs_in": ""}),
        ("practitioner.changed", {"signs_in": ""}, {"signs_in": "Petra"}),
    ]


def test_team_asks_as_much_for_many_as_for_few(home):
    olga = browser(home.olga)
    olga.get(team(home))
    counts = []
    for _ in range(2):
        with clinic_scope(home.clinic):
            for _ in range(10):
                user = UserFactory(email=f"{uuid.uuid4().hex[:8]}@many.test")
                Membership.objects.create(user=user, role=Role.RECEPTION)
        with CaptureQueriesContext(connection) as queries:
            olga.get(team(home))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_invitation_says_to_which_clinic_as_what_and_with_which_address(lakeside):
    with clinic_scope(lakeside.clinic):
        asked = invite("nora@lakeside.test", role=Role.BILLING, by=lakeside.olga)
    page = Client().get(asked.path).content.decode()
    joined = Client().post(asked.path, {"name": "Nora New", "password": "long-enough-words-99"}, follow=True)

    assert f"Join {lakeside.clinic.name}" in page
    assert "invited as Billing and sign in with <strong>nora@lakeside.test</strong>" in page
    assert "Sign in with nora@lakeside.test and the password that you chose." in joined.content.decode()
