"""A member's private calendar address: made, shown again, revoked; read by programs that sign in nowhere (S2.34)."""

import secrets
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from clinicpay.audit.services import record
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.access import require
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from followups.models import CalendarFeed, Callback
from followups.queries.calls import in_feed
from payments.gateways import hash_of, token_of

PURPOSE = "calendar"


class CalendarGone(Exception):
    """Nothing is at this address: unknown, revoked, or its member no longer follows up. Nobody is told which."""


@dataclass(frozen=True)
class Feed:
    """What a calendar may read: whose, in which clinic, and the callbacks."""

    clinic: Clinic
    callbacks: list[Callback]


@transaction.atomic
def make_feed(*, by: Membership) -> CalendarFeed:
    """A new address for the member's own callbacks; an earlier one ends with it."""
    require(by, Can.FOLLOW_UP)
    _end(by)
    nonce = secrets.token_hex(16)
    hashed = hash_of(token_of(nonce, PURPOSE))
    feed = CalendarFeed.objects.create(member=by, nonce=nonce, token_hash=hashed)
    record("calendar.made", feed, by=by, after={"calendar": "in use"})
    return feed


@transaction.atomic
def revoke_feed(*, by: Membership) -> None:
    """End the member's address. Raises Refusal when there is none."""
    if not _end(by):
        raise Refusal("You have no calendar address.")


def _end(member: Membership) -> bool:
    # The member is locked, so that of two at once the second ends what the first has made.
    Membership.objects.select_for_update(no_key=True).get(pk=member.pk)
    feed = CalendarFeed.objects.filter(member=member, revoked_at=None).first()
    if feed is None:
        return False
    feed.revoked_at = timezone.now()
    feed.save(update_fields=["revoked_at"])
    record("calendar.revoked", feed, by=member, before={"calendar": "in use"}, after={"calendar": "ended"})
    return True


def path_of(feed: CalendarFeed) -> str:
    """The address without the host. The token in it is derived each time, and kept nowhere."""
    return f"/calendar/{token_of(feed.nonce, PURPOSE)}.ics"


def feed_of(token: str) -> Feed:
    """What a calendar reads at an address. Raises CalendarGone."""
    hashed = hash_of(token)
    with connection.cursor() as cursor:
        cursor.execute("select clinic_of_calendar(%s)", [hashed])
        clinic_id = cursor.fetchone()[0]
    if not clinic_id:
        raise CalendarGone
    with clinic_scope(clinic_id):
        feeds = CalendarFeed.objects.select_related("member", "clinic")
        feed = feeds.filter(token_hash=hashed, revoked_at=None, member__active=True).first()
        if feed is None or not feed.member.can(Can.FOLLOW_UP):
            raise CalendarGone
        return Feed(feed.clinic, list(in_feed(feed.member)))
