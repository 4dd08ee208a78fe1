"""Nobody becomes known by an address that isn't theirs: invitations go by the address (staff/services)."""

import pytest
from django.test import Client

from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.checks import addresses
from clinicpay.staff.models import Membership, User
from clinicpay.staff.roles import Role
from clinicpay.staff.services import InvitationRefused, accept_invitation, invite

pytestmark = pytest.mark.django_db

VICTIM = "new.owner@lakeside.test"
NEW = {"name": "New Owner", "password": "a-password-of-my-own"}


def test_address_of_another_cannot_be_taken_before_their_invitation(harbor, lakeside):
    """Otherwise a member of one clinic would get the membership that another clinic gives to somebody else."""
    petra = Client()
    petra.force_login(harbor.petra.user)
    for page in ("/accounts/email/", "/accounts/signup/"):
        petra.post(page, {"action_add": "", "email": VICTIM, "password1": "quite-a-long-password"})
        petra.post(page, {"action_primary": "", "email": VICTIM})

    with clinic_scope(lakeside.clinic):
        invited = invite(VICTIM, role=Role.OWNER, by=lakeside.olga)
    accept_invitation(invited.token, name="New Owner", password="a-password-of-my-own")

    with clinic_scope(lakeside.clinic):
        assert Membership.objects.get(user__email=VICTIM).user_id != harbor.petra.user_id
    assert User.objects.get(pk=harbor.petra.user_id).email == "petra@harbor.test"


def test_password_chosen_by_another_clinic_opens_no_membership(harbor, lakeside):
    """A clinic may make a link for any address and use it itself; what others give to that address stays closed."""
    with clinic_scope(harbor.clinic):
        planted = invite(VICTIM, role=Role.RECEPTION, by=harbor.olga)
    accept_invitation(planted.token, name="Mallory", password="known-to-mallory-alone")
    with clinic_scope(lakeside.clinic):
        invited = invite(VICTIM, role=Role.OWNER, by=lakeside.olga)

    with pytest.raises(InvitationRefused, match="has a password already"):
        accept_invitation(invited.token, name="New Owner", password="a-password-of-my-own")

    with clinic_scope(lakeside.clinic):
        assert not Membership.objects.filter(user__email=VICTIM).exists()


def test_invited_user_joins_when_signed_in(harbor, lakeside, client):
    with clinic_scope(lakeside.clinic):
        invited = invite(harbor.rita.user.email, role=Role.BILLING, by=lakeside.olga)

    assert client.post(invited.path, NEW).status_code == 410
    client.force_login(harbor.petra.user)
    assert client.post(invited.path, NEW).status_code == 410
    client.force_login(harbor.rita.user)
    assert client.post(invited.path).status_code == 302

    assert client.get("/c/lakeside/payments/").status_code == 200


def test_new_person_joins_with_a_password_of_their_own(lakeside, client):
    with clinic_scope(lakeside.clinic):
        invited = invite(VICTIM, role=Role.BILLING, by=lakeside.olga)

    assert client.get(invited.path).status_code == 200
    assert client.post(invited.path, NEW).status_code == 302

    assert client.login(email=VICTIM, password=NEW["password"])
    assert client.get("/c/lakeside/payments/").status_code == 200


@pytest.mark.parametrize("address", ["account_email", "account_confirm_email"])
def test_nobody_changes_their_own_address(address):
    assert address not in {one.name for one in addresses()}


def test_nobody_signs_up_by_themselves(client):
    client.post("/accounts/signup/", {"email": VICTIM, "password1": "quite-a-long-password"})

    assert not User.objects.filter(email=VICTIM).exists()
