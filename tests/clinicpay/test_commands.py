"""Commands that make a clinic and a database, and the roles that ClinicPay refuses to work as."""

import hashlib
import os
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.db.boot import check_new_connection, refuse_unsafe_role
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.queries import all_clinics
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.access import Refused
from clinicpay.staff.models import Invitation, Membership, User
from clinicpay.staff.roles import Role
from clinicpay.staff.services import InvitationRefused, accept_invitation, invite
from tests.clinicpay.bundle import answer, refused

NEW = (
    "create_clinic",
    "--slug",
    "bay",
    "--name",
    "Bay Clinic",
    "--timezone",
    "Europe/Paris",
    "--currency",
    "EUR",
)
PASSWORD = "a good long passphrase"


def test_a_clinic_is_made_with_an_invitation_for_its_owner(db, capsys):
    made = answer(capsys, *NEW, "--owner", "Olga@Bay.test")

    token = made["invitation"].removeprefix("/accounts/invitation/").removesuffix("/")
    assert made["clinic"] == "bay"
    with clinic_scope(all_clinics()["bay"]):
        assert (Clinic.objects.get().currency, Clinic.objects.get().timezone) == ("EUR", "Europe/Paris")
        invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role) == ("olga@bay.test", Role.OWNER)
    assert invitation.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert timedelta(days=6, hours=23) < invitation.expires_at - timezone.now() <= timedelta(days=7)

    member = accept_invitation(token, name="Olga Owner", password=PASSWORD)
    assert (member.role, member.user.email, member.user.check_password(PASSWORD)) == (
        Role.OWNER,
        "olga@bay.test",
        True,
    )


@pytest.mark.parametrize(
    "wrong",
    [("--slug", "not a slug"), ("--timezone", "Mars/Base"), ("--currency", "euros"), ("--owner", "nobody")],
)
def test_a_clinic_with_a_bad_value_is_not_made(db, wrong):
    error = refused(*NEW, "--owner", "olga@bay.test", *wrong)
    assert (error.returncode, wrong[0] in str(error)) == (2, True)
    assert "bay" not in all_clinics()


def test_a_slug_is_taken_once(harbor):
    assert refused(*NEW, "--owner", "o@bay.test", "--slug", "harbor").returncode == 2


def test_an_invitation_is_used_once(harbor):
    invited = invite("new@harbor.test", role=Role.BILLING, by=harbor.olga)

    member = accept_invitation(invited.token, name="Nora New", password=PASSWORD)

    assert (member.role, member.active, str(member.user)) == (Role.BILLING, True, "Nora New")
    joined = AuditEvent.objects.get(action="member.joined")
    assert (joined.actor_id, joined.subject_id) == (member.user_id, member.pk)
    with pytest.raises(InvitationRefused):
        accept_invitation(invited.token, name="Again", password=PASSWORD)


def test_an_invitation_ends(harbor):
    invited = invite("new@harbor.test", role=Role.BILLING, by=harbor.olga)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    with pytest.raises(InvitationRefused):
        accept_invitation(invited.token, name="Late", password=PASSWORD)
    with pytest.raises(InvitationRefused):
        accept_invitation("no-such-token", name="Nobody", password=PASSWORD)


def test_a_weak_password_leaves_the_invitation_open(harbor):
    invited = invite("new@harbor.test", role=Role.BILLING, by=harbor.olga)
    with pytest.raises(ValidationError):
        accept_invitation(invited.token, name="Nora", password="short")
    assert not User.objects.filter(email="new@harbor.test").exists()
    assert accept_invitation(invited.token, name="Nora", password=PASSWORD).active


def test_an_invitation_does_not_change_the_password_of_another_clinics_member(harbor, lakeside):
    stella = User.objects.get(email="olga@lakeside.test")
    before = stella.password
    invited = invite(stella.email, role=Role.RECEPTION, by=harbor.olga)

    with pytest.raises(InvitationRefused):
        accept_invitation(invited.token, name="Taken Over", password=PASSWORD)
    member = accept_invitation(invited.token, signed_in=stella)

    stella.refresh_from_db()
    assert (member.user, stella.password, stella.name) == (stella, before, "Olga")


def test_members_are_not_invited_again_and_reception_invites_nobody(harbor):
    with pytest.raises(Refusal):
        invite("BILL@harbor.test", role=Role.BILLING, by=harbor.olga)
    with pytest.raises(Refused):
        invite("new@harbor.test", role=Role.BILLING, by=harbor.rita)


def test_a_person_who_left_comes_back_with_the_invited_role(harbor):
    Membership.objects.filter(pk=harbor.bill.pk).update(active=False)
    invited = invite("bill@harbor.test", role=Role.ADMIN, by=harbor.olga)
    member = accept_invitation(invited.token, signed_in=harbor.bill.user)
    assert (member.pk, member.role, member.active) == (harbor.bill.pk, Role.ADMIN, True)


def test_the_database_is_prepared_for_the_logins_of_the_environment(db, capsys, monkeypatch):
    database = connection.settings_dict["NAME"]
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        monkeypatch.setenv(name, urlsplit(os.environ[name])._replace(path=f"/{database}").geturl())
    call_command("prepare_database", "--superuser-url", os.environ["DATABASE_SUPERUSER_URL"])
    assert f"{database} is prepared" in capsys.readouterr().out
    monkeypatch.delenv("DATABASE_OWNER_URL")
    assert refused("prepare_database", "--superuser-url", "postgres://x@127.0.0.1/x").returncode == 2


@pytest.fixture
def connect_as(db):
    """The application's own kind of connection, but as somebody else."""
    made = []

    def connect(user, password):
        mine = connections["default"].copy("default")
        mine.settings_dict = mine.settings_dict | {"USER": user, "PASSWORD": password}
        made.append(mine)
        return mine

    yield connect
    for mine in made:
        mine.close()


@pytest.mark.parametrize(
    ("variable", "why"), [("DATABASE_SUPERUSER_URL", "is a superuser"), ("DATABASE_OWNER_URL", "owns tables")]
)
def test_clinicpay_refuses_to_work_as(connect_as, variable, why):
    login = urlsplit(os.environ[variable])
    unsafe = connect_as(login.username, login.password)

    with pytest.raises(ImproperlyConfigured, match=f"{login.username}, which {why}"):
        unsafe.ensure_connection()

    assert unsafe.connection is None, "whoever catches the error must not go on with it"


def test_the_applications_own_role_is_accepted(db):
    refuse_unsafe_role(connection)
    check_new_connection(connection)


def test_clinicpay_refuses_a_role_that_bypasses_or_belongs_to_the_owner(connect_as):
    backup = urlsplit(os.environ["DATABASE_BACKUP_URL"]) if "DATABASE_BACKUP_URL" in os.environ else None
    if not backup:
        pytest.skip("DATABASE_BACKUP_URL is not set")
    with pytest.raises(ImproperlyConfigured, match="bypasses row level security"):
        connect_as(backup.username, backup.password).ensure_connection()
