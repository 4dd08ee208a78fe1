"""A practitioner's own day: patients and the clinical record, nothing of money (S0.27)."""

from typing import Any

from clinicpay.clinics import clock
from clinicpay.staff.models import Membership, Practitioner
from treatments.queries import events_between
from treatments.states import EventState

OVER = {EventState.CANCELLED}
TO_COME = {EventState.SCHEDULED, EventState.IN_PROGRESS}


def own_day(member: Membership) -> dict[str, Any]:
    """Today's treatments by this member; of somebody who is not on the roster, the whole clinic's."""
    day = clock.today(member.clinic)
    rows = events_between(*clock.day_bounds(member.clinic, day))
    mine = Practitioner.objects.filter(member=member, active=True).values_list("pk", flat=True)
    own = list(mine)
    events = list(rows.filter(practitioner__in=own) if own else rows)
    return {
        "day": day,
        "events": events,
        "seen": events,
        "is_own": bool(own),
        "left": sum(event.state in TO_COME for event in events),
        "done": sum(event.state not in TO_COME | OVER for event in events),
        "following": next((event for event in events if event.state in TO_COME), None),
    }
