"""The front desk's board: today's treatments where somebody works, what each still needs, who must not leave yet.

Its rows are dicts of ready cells, drawn by one pattern ({% each %}): a day of 300 treatments costs little more than
one of ten.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from balances.origins import OriginOf, origins_of
from balances.queries import received_on
from clinicpay.audit.models import LIST_EXPORTED, LIST_VIEWED, RECORD_VIEWED, REFUSED, AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.close.standing import SHOW, Standing, standings
from clinicpay.staff.models import Membership
from clinicpay.today.cells import Facts, row
from clinicpay.today.visits import Visit, visits
from treatments.states import EventState, Origin

NO_ACTS = (RECORD_VIEWED, LIST_VIEWED, LIST_EXPORTED, REFUSED)
"""Lines of the trail after which the board is as it was."""


class Group(NamedTuple):
    """Rows under a heading; `note` says what to do with them."""

    key: str
    label: str
    note: str
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class Board:
    """What reception sees of a day; amounts are minor units. `left` counts who must not leave without an answer."""

    groups: list[Group]
    events: list[Visit]
    left: int
    earlier: int
    total: int
    done: int
    to_collect: int
    collected: int

    @property
    def closed(self) -> int:
        """Treatments of the day that are clinically closed: done, or left."""
        return self.left + self.done


def board_of(member: Membership, day: date, location: Location | None, *, names_places: bool = False) -> Board:
    """The board of a business date at a location, or at all of them: then its rows may say where each is."""
    today, before = visits(member, day, location)
    stands = standings([*today, *before])
    before = [event for event in before if not stands[event.pk].is_done]
    origins = _origins([*today, *before], stands, member.clinic.currency)
    facts = Facts(member, clock.zone(member.clinic), _receipts([*today, *before], stands), origins, names_places)
    rows = {event.pk: row(event, stands[event.pk], facts) for event in [*today, *before]}
    parts = _parted(today, stands)
    groups = [
        Group("left", "Before the patient leaves", "Take the payment, or flag the balance.", _of(parts[0], rows)),
        Group("earlier", "From earlier days", "Not confirmed and not flagged.", _of(before, rows)),
        Group("coming", "Still to come", "", _of(parts[1], rows)),
        Group("done", "Confirmed or flagged", "", _of(parts[2], rows)),
        Group("cancelled", "Cancelled", "", _of(parts[3], rows)),
    ]
    return Board(
        groups=[group for group in groups if group.rows],
        events=[*today, *before],
        left=len(parts[0]),
        earlier=len(before),
        total=len(today) - len(parts[3]),
        done=len(parts[2]),
        to_collect=sum(stands[event.pk].balance.outstanding for event in today),
        collected=received_on(day, location.pk if location else None),
    )


def fingerprint(member: Membership, day: date, location: Location | None) -> str:
    """What changes whenever the board might: the newest acts in the clinic, by one question.

    Several of them, because a line with a smaller number may be committed after one with a greater.
    """
    acts = AuditEvent.objects.exclude(action__in=NO_ACTS).order_by("-pk").values_list("pk", flat=True)[:40]
    said = f"{day} {location and location.pk} {member.role} {list(acts)}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _origins(listed: Sequence[Visit], stands: Mapping[int, Standing], currency: str) -> dict[int, tuple[OriginOf, ...]]:
    """Where the balances come from (S0.14–S0.19, S0.32): of what owes something, and of every part of a package."""
    told = [one.pk for one in listed if stands[one.pk].balance.outstanding or one.origin != Origin.STANDARD]
    return origins_of(told, currency, {pk: stands[pk].balance for pk in told})


def _parted(today: Sequence[Visit], stands: dict[int, Standing]) -> tuple[list[Visit], ...]:
    """Left to do, to come, done, cancelled."""
    left: list[Visit] = []
    done: list[Visit] = []
    coming: list[Visit] = []
    cancelled: list[Visit] = []
    for event in today:
        standing = stands[event.pk]
        if event.state == EventState.CANCELLED:
            cancelled.append(event)
        elif standing.step == 0:
            coming.append(event)
        else:
            (done if standing.is_done else left).append(event)
    return left, coming, done, cancelled


def _of(found: Sequence[Visit], rows: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [rows[event.pk] for event in found]


_RECEIPTS = """
select distinct on (c.event_id) c.event_id, t.number
from balances_charge c
join balances_entry e on e.clinic_id = c.clinic_id and e.charge_id = c.id and e.kind = 'allocate'
join balances_credit r on r.clinic_id = e.clinic_id and r.id = e.credit_id
join payments_payment p on p.clinic_id = r.clinic_id and p.id = r.payment_id
join payments_receipt t on t.clinic_id = p.clinic_id and t.id = p.receipt_id
where c.event_id = any(%s::bigint[])
order by c.event_id, e.id desc
"""


def _receipts(listed: Sequence[Visit], stands: dict[int, Standing]) -> dict[int, int]:
    """The number of the newest receipt of those that lack evidence only: to print it is the quickest."""
    wanted = [event.pk for event in listed if stands[event.pk].missing == (SHOW,)]
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_RECEIPTS, [wanted])
        return dict(cursor.fetchall())
