"""Who may approve a write-off: owners, and whom an owner has let do it, up to a limit and until a day (C10)."""

from datetime import date, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused, require
from clinicpay.staff.models import Actor, Delegation, Membership
from clinicpay.staff.roles import TABLE, Can, Role
from clinicpay.ui.words import day_words

LONGEST = timedelta(days=366)
"""Nobody remembers a delegation for longer."""

ENDS_WITH = "Whose it was, or who gave it, left that role"

OWN = "You asked for this yourself, so somebody else approves it."


class NotDelegated(Refused):
    """This member may not approve this write-off; the message says why, and who may."""

    def __init__(self, words: str) -> None:
        PermissionDenied.__init__(self, words)


def delegable() -> list[Membership]:
    """Members who follow up debt and need an owner's leave to write it off, by name."""
    roles = TABLE[Can.REQUEST_WRITE_OFF] - TABLE[Can.APPROVE_WRITE_OFF]
    rows = Membership.objects.filter(active=True, role__in=roles).select_related("user")
    return list(rows.order_by("user__name", "pk"))


def delegations() -> QuerySet[Delegation]:
    """All that were ever given: first those that may count still, then the newest."""
    return Delegation.objects.select_related("member__user").order_by("-ended_at", "-pk")


@transaction.atomic
def delegate(member: Membership, *, by: Actor, limit: int, last_day: date) -> Delegation:
    """Let a member approve write-offs of up to `limit` (minor units) each, to the end of a day on the clinic's clock.

    It takes the place of one that the member has. Raises Refusal for a day that is over or too far away, and for
    somebody who doesn't follow up debt or is an owner.
    """
    require(by, Can.DELEGATE)
    today = clock.today(by.clinic)
    if not today <= last_day <= today + LONGEST:
        raise Refusal("Choose a last day from today on, at most a year ahead.")
    if limit <= 0:
        raise Refusal("Enter a limit greater than zero.")
    member = Membership.objects.select_for_update(no_key=True, of=["self"]).select_related("user").get(pk=member.pk)
    if not member.can(Can.REQUEST_WRITE_OFF) or member.can(Can.APPROVE_WRITE_OFF):
        raise Refusal(f"{member.user} can’t be given this: choose somebody of Billing or an Admin.")
    for earlier in member.delegations.filter(ended_at=None):
        _end(earlier)
    _, expires_at = clock.day_bounds(by.clinic, last_day)
    made = Delegation.objects.create(member=member, limit=limit, last_day=last_day, expires_at=expires_at)
    record("delegation.made", made, by=by, after=_kept(made))
    return made


@transaction.atomic
def withdraw_delegation(delegation: Delegation, *, by: Actor) -> Delegation:
    """Take the leave back; it acts at once. Raises Refusal when it ended before."""
    require(by, Can.DELEGATE)
    rows = Delegation.objects.select_for_update(no_key=True, of=["self"]).select_related("member__user")
    delegation = rows.get(pk=delegation.pk)
    if delegation.state[0] != "active":
        raise Refusal(f"This delegation is {delegation.state[1].lower()} already.")
    _end(delegation)
    record("delegation.withdrawn", delegation, by=by, after=_kept(delegation))
    return delegation


def end_delegations(*, by: Actor, of: Membership | None = None, from_owner: Membership | None = None) -> None:
    """End the leave that a member has, and what an owner gave to others: neither outlives its person's role."""
    rows = Delegation.objects.select_for_update(no_key=True, of=["self"]).filter(ended_at=None)
    mine = Q(member=of) if of else Q()
    given = Q(made_by_id=from_owner.user_id) if from_owner else Q()
    for one in rows.filter(mine | given).select_related("member__user").order_by("pk"):
        _end(one)
        record("delegation.withdrawn", one, by=by, after=_kept(one), reason=ENDS_WITH)


def leave_to_approve(by: Actor, amount: int, *, own: bool) -> Delegation | None:
    """The delegation under which somebody may approve a write-off now; None for an owner, who needs none.

    Call it under the account's lock: the delegation stays locked, so that withdrawing it waits or comes before.
    `own` says that they asked for it themselves. Raises NotDelegated.
    """
    if by.can(Can.APPROVE_WRITE_OFF) and (by.can(Can.APPROVE_OWN) or not own):
        return None
    leave = _leave_of(by, lock=True)
    if words := why_not(by, leave, amount) or (OWN if own else ""):
        raise NotDelegated(words)
    return leave


def may_approve(by: Membership, amount: int) -> str:
    """Why a member may not approve a write-off of an amount, for a page; nothing when they may."""
    return "" if by.can(Can.APPROVE_WRITE_OFF) else why_not(by, _leave_of(by), amount)


def why_not(by: Actor, leave: Delegation | None, amount: int) -> str:
    """What a delegation, the member's last one, lacks for a write-off of an amount; nothing when it covers it."""
    if leave is None or not by.can(Can.REQUEST_WRITE_OFF):
        return f"Only an owner can write off. Ask {owners()} for delegated permission."
    if leave.state[0] == "withdrawn":
        return f"Your delegated permission was withdrawn. Only an owner can write off: ask {owners()}."
    if leave.state[0] == "expired":
        return f"Your delegated permission ended on {day_words(leave.last_day)}. Ask {owners()} for a new one."
    if amount > leave.limit:
        limit, asked = (money.show(minor, by.clinic.currency) for minor in (leave.limit, amount))
        return f"Your delegated permission is for up to {limit} each, and this is {asked}. {owners()} can approve it."
    return ""


def owners() -> str:
    """The clinic's owners by name, as a sentence names them."""
    rows = Membership.objects.filter(role=Role.OWNER, active=True).select_related("user").order_by("user__name")
    names = [f"{one.user} (Owner)" for one in rows[:3]]
    return " or ".join(names) or "an owner"


def _leave_of(by: Actor, *, lock: bool = False) -> Delegation | None:
    """The last delegation of a member, ended or not."""
    if not isinstance(by, Membership):
        return None
    rows = Delegation.objects.filter(member=by).order_by("-pk")
    return (rows.select_for_update(no_key=True) if lock else rows).first()


def _end(delegation: Delegation) -> None:
    delegation.ended_at = timezone.now()
    delegation.save(update_fields=["ended_at"])


def _kept(delegation: Delegation) -> dict[str, object]:
    return {
        "member": str(delegation.member.user),
        "limit": delegation.limit,
        "last_day": delegation.last_day.isoformat(),
    }
