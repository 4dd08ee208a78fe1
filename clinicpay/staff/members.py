"""What is done to a member of a clinic: another role, out of the clinic, a lost second step, a practitioner's name.

Nobody does any of it to themselves; what concerns an owner, only owners do. A clinic keeps an owner.
"""

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import current_clinic_id
from clinicpay.staff.access import Refused, require
from clinicpay.staff.delegations import end_delegations
from clinicpay.staff.models import Actor, Membership, Practitioner
from clinicpay.staff.queries import memberships_of
from clinicpay.staff.roles import Can, Role, who_may
from clinicpay.staff.sessions import end_sign_ins


class NotYours(Refused):
    """This member isn't in the hands of who asks; the message says in whose."""

    def __init__(self, words: str) -> None:
        PermissionDenied.__init__(self, words)


def why_not(by: Actor, member: Membership) -> str:
    """Why somebody may not change a member, for a page; nothing when they may."""
    if by.user_id == member.user_id:
        return "This is you. Another owner or admin changes your role or removes you."
    if member.role == Role.OWNER and not by.can(Can.MAKE_OWNERS):
        return f"{member.user} is an owner. Only {who_may(Can.MAKE_OWNERS).lower()}s change owners."
    return ""


@transaction.atomic
def change_role(member: Membership, role: Role, *, by: Actor) -> Membership:
    """Let a member do another job from their next request on; what their old role let them approve ends with it.

    Raises NotYours for oneself and, unless an owner asks, for owners; Refusal for the clinic's last owner.
    """
    member = _in_hand(member, by)
    if role == Role.OWNER:
        require(by, Can.MAKE_OWNERS)
    if member.role == role:
        return member
    before = member.role
    member.role = role
    member.save(update_fields=["role"])
    _keeps_an_owner()
    if not member.can(Can.REQUEST_WRITE_OFF) or member.can(Can.APPROVE_WRITE_OFF):
        end_delegations(by=by, of=member)
    if before == Role.OWNER:
        end_delegations(by=by, from_owner=member)
    after = {"email": member.user.email, "role": str(role)}
    record("member.role_changed", member, by=by, before={"role": before}, after=after)
    return member


@transaction.atomic
def remove_member(member: Membership, *, by: Actor) -> None:
    """Out of the clinic at their next request, and signed out everywhere; what they did keeps their name (A18).

    Raises NotYours for oneself and, unless an owner asks, for owners; Refusal for the clinic's last owner.
    """
    member = _in_hand(member, by)
    member.active = False
    member.save(update_fields=["active"])
    _keeps_an_owner()
    end_delegations(by=by, of=member, from_owner=member)
    end_sign_ins(member.user)
    before = {"email": member.user.email, "role": member.role}
    record("member.removed", member, by=by, before=before, after={"active": False})


@transaction.atomic
def reset_second_step(member: Membership, *, by: Actor) -> None:
    """Take the authenticator app and recovery codes off a member who lost them, and sign them out everywhere.

    Raises NotYours as for any change, Refusal when there is none, or when another clinic relies on it too.
    """
    member = _in_hand(member, by)
    if len(memberships_of(member.user)) > 1:
        raise Refusal(
            f"{member.user}’s sign-in is not this clinic’s alone. They use a recovery code, or ask who runs ClinicPay."
        )
    gone, _ = Authenticator.objects.filter(user=member.user).delete()
    if not gone:
        raise Refusal(f"{member.user} has no second step.")
    end_sign_ins(member.user)
    record("member.second_step_reset", member, by=by, after={"email": member.user.email})


@transaction.atomic
def sign_out_member(member: Membership, *, by: Actor) -> None:
    """End every sign-in of a member, as after a lost laptop; they come back with their password."""
    member = _in_hand(member, by)
    end_sign_ins(member.user)
    record("member.signed_out", member, by=by, after={"email": member.user.email})


@transaction.atomic
def name_practitioner(member: Membership, practitioner: Practitioner | None, *, by: Actor) -> None:
    """Say which name on the roster a member treats under; None for none. Raises Refusal when it is another's."""
    require(by, Can.MANAGE_SETTINGS)
    rows = Practitioner.objects.select_for_update(no_key=True, of=["self"]).select_related("member__user")
    chosen = rows.get(pk=practitioner.pk) if practitioner else None
    if chosen and chosen.member and chosen.member_id != member.pk and chosen.member.active:
        raise Refusal(f"{chosen} is {chosen.member.user}’s name. Take it off there first.")
    earlier = [one for one in rows.filter(member_id=member.pk) if not chosen or one.pk != chosen.pk]
    for one in [*earlier, *([chosen] if chosen and chosen.member_id != member.pk else [])]:
        before = str(one.member.user) if one.member else ""
        one.member = member if one is chosen else None
        one.save(update_fields=["member"])
        after = str(member.user) if one is chosen else ""
        record("practitioner.changed", one, by=by, before={"signs_in": before}, after={"signs_in": after})


def _in_hand(member: Membership, by: Actor) -> Membership:
    """The active member, locked; of two changes of a clinic's people one waits for the other."""
    require(by, Can.MANAGE_SETTINGS)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('members'), %s)", [current_clinic_id()])
    member = Membership.objects.select_related("user").get(pk=member.pk)
    if not _still(by):
        raise NotYours("You are no longer a member of this clinic.")
    if words := why_not(by, member):
        raise NotYours(words)
    if not member.active:
        raise Refusal(f"{member.user} is not a member any more.")
    return member


def _still(by: Actor) -> bool:
    """Whether who asks is still what they were, now that everybody else waits."""
    return not isinstance(by, Membership) or Membership.objects.filter(pk=by.pk, active=True, role=by.role).exists()


def _keeps_an_owner() -> None:
    if not Membership.objects.filter(role=Role.OWNER, active=True).exists():
        raise Refusal("This is the clinic’s only owner. Make somebody else an owner first.")
