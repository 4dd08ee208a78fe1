"""Nobody becomes known by an address that isn't theirs: invitations go by the address (staff/services)."""

import pytest
from django.test import Client

from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.checks import addresses
from clinicpay.staff.models import Membership, User
from clinicpay.staff.roles import Role
from clinicpay.staff.services import accept_invitation, invite

pytestmark = pytest.mark.django_db

VICTIM = "new.owner@lakeside.test"


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


@pytest.mark.parametrize("address", ["account_email", "account_confirm_email"])
def test_nobody_changes_their_own_address(address):
    assert address not in {one.name for one in addresses()}


def test_nobody_signs_up_by_themselves(client):
    client.post("/accounts/signup/", {"email": VICTIM, "password1": "quite-a-long-password"})

    assert not User.objects.filter(email=VICTIM).exists()
