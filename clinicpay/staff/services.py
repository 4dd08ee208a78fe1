"""How people become members of a clinic: by an invitation whose secret only they are sent."""

import hashlib
import secrets
from datetime import timedelta
from typing import NamedTuple

from django.contrib.auth.password_validation import validate_password
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, Invitation, Membership, User
from clinicpay.staff.roles import Can, Role

VALID_FOR = timedelta(days=7)


class InvitationRefused(Refusal):
    """The link can't be used; the message says what to do instead."""


class Invited(NamedTuple):
    """An invitation and its secret, which is known at this moment only: the database keeps a hash."""

    invitation: Invitation
    token: str

    @property
    def path(self) -> str:
        """Path of the page that accepts it."""
        return f"/accounts/invitation/{self.token}/"


@transaction.atomic
def invite(email: str, *, role: Role, by: Actor) -> Invited:
    """Let the holder of an email address become a member within seven days; an earlier link of theirs ends.

    Whoever holds the path may choose the password of a new address, so send it to that address alone.
    Raises ValidationError for a bad address, Refusal when it belongs to a member already.
    """
    require(by, Can.MAKE_OWNERS if role == Role.OWNER else Can.MANAGE_SETTINGS)
    address = email.strip().lower()
    validate_email(address)
    if Membership.objects.filter(user__email=address, active=True).exists():
        raise Refusal(f"{address} is a member of this clinic already.")
    for earlier in _open().filter(email=address):
        _withdraw(earlier)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=address, role=role, token_hash=_hashed(token), expires_at=timezone.now() + VALID_FOR
    )
    record("member.invited", invitation, by=by, after={"email": address, "role": str(role)})
    return Invited(invitation, token)


def invite_again(invitation: Invitation, *, by: Actor) -> Invited:
    """A new link for another seven days; the one before opens nothing any more. Raises as `invite` does."""
    return invite(invitation.email, role=Role(invitation.role), by=by)


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, by: Actor) -> None:
    """Its link opens nothing any more. Raises Refusal when it was accepted or withdrawn before."""
    require(by, Can.MAKE_OWNERS if invitation.role == Role.OWNER else Can.MANAGE_SETTINGS)
    found = _open().filter(pk=invitation.pk).first()
    if not found:
        raise Refusal(f"The invitation of {invitation} has been used or withdrawn already.")
    _withdraw(found)
    record("member.invitation_withdrawn", found, by=by, after={"email": found.email, "role": found.role})


def invitations() -> QuerySet[Invitation]:
    """What waits to be accepted, and of the last month what nobody did in time; next to expire first."""
    since = timezone.now() - timedelta(days=30)
    rows = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=since)
    joined = Membership.objects.filter(active=True).values("user__email")
    return rows.exclude(email__in=joined).order_by("expires_at", "pk")


@transaction.atomic
def accept_invitation(token: str, *, name: str = "", password: str = "", signed_in: User | None = None) -> Membership:
    """Make the invited person a member; the link works once.

    A new address becomes a user with this name and password. An address that has a user already joins
    as that user alone, signed in: whoever made an earlier link for it may know the password it was given.
    Raises InvitationRefused for a used, expired or unknown link, ValidationError for a weak password.
    """
    clinic_id = open_invitation(token)
    with clinic_scope(clinic_id):
        invitation = _take(token)
        user = _invited(invitation, signed_in) if signed_in else _new_user(invitation.email, name, password)
        member, _ = Membership.objects.update_or_create(user=user, defaults={"role": invitation.role, "active": True})
        with clinic_scope(clinic_id, user):  # the trail names the person as the one who acts
            record("member.joined", member, by=member, after={"role": invitation.role})
    return member


def open_invitation(token: str) -> int:
    """The clinic that an invitation leads to. Raises InvitationRefused for a used, expired or unknown link."""
    clinic_id = _clinic_of(token)
    if not clinic_id:
        raise InvitationRefused("This invitation has been used or has expired. Ask your clinic for a new one.")
    return clinic_id


def invitation_of(token: str) -> Invitation:
    """What an open link invites to, with its clinic. Raises InvitationRefused as `open_invitation` does."""
    with clinic_scope(open_invitation(token)):
        return Invitation.objects.select_related("clinic").get(token_hash=_hashed(token))


def _open() -> QuerySet[Invitation]:
    """What could be accepted, or could have been; locked."""
    return Invitation.objects.select_for_update(no_key=True).filter(accepted_at=None, withdrawn_at=None)


def _withdraw(invitation: Invitation) -> None:
    """The door that asks whose invitation a link is (sql/0002) goes by its expiry."""
    now = timezone.now()
    invitation.withdrawn_at, invitation.expires_at = now, min(now, invitation.expires_at)
    invitation.save(update_fields=["withdrawn_at", "expires_at"])


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _clinic_of(token: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute("select clinic_of_invitation(%s)", [_hashed(token)])
        clinic_id: int | None = cursor.fetchone()[0]
    return clinic_id


def _take(token: str) -> Invitation:
    """The open invitation, marked as used; of two at once the second one is refused."""
    invitation = _open().filter(token_hash=_hashed(token), expires_at__gt=timezone.now()).first()
    if not invitation:
        raise InvitationRefused("This invitation has just been used. Ask your clinic for a new one.")
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    return invitation


def _invited(invitation: Invitation, signed_in: User) -> User:
    if signed_in.email != invitation.email:
        raise InvitationRefused("This invitation is for another address. Sign out, then open its link again.")
    return signed_in


def _new_user(email: str, name: str, password: str) -> User:
    if User.objects.filter(email=email).exists():
        raise InvitationRefused(
            f"{email} has a password already. Sign in with it, or reset it, then open this link again."
        )
    validate_password(password, User(email=email, name=name))
    return User.objects.create_user(email, password, name=name)
