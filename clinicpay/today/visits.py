"""The treatments that the board lists, read in one question with the names that stand in their rows."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import shown
from clinicpay.staff.models import Membership
from treatments.models import TreatmentEvent
from treatments.states import EventState

KEPT_BACK, MOST_EARLIER = timedelta(days=60), 100
"""How long, and how many, treatments of earlier days stay on the board until they are confirmed or flagged."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What the board reads of a treatment; `practitioner` and `location` are names."""

    pk: int
    number: int
    state: str
    origin: str
    service_at: datetime
    first_name: str
    last_name: str
    practitioner: str
    location: str

    @property
    def ref(self) -> str:
        """Its public number."""
        return shown(TreatmentEvent.KIND, self.number)

    @property
    def name(self) -> str:
        """The patient's."""
        return f"{self.first_name} {self.last_name}".strip()


_VISITS = """
with listed as (
  (select id, true as is_today from treatments_treatmentevent
   where service_at >= %(start)s and service_at < %(end)s and (%(place)s::bigint is null or location_id = %(place)s))
  union all
  (select id, false from treatments_treatmentevent
   where service_at >= %(since)s and service_at < %(start)s and (%(place)s::bigint is null or location_id = %(place)s)
     and state = any(%(unfinished)s)
   order by service_at, id limit %(most)s)
)
select listed.is_today, e.id, e.number, e.state, e.origin, e.service_at, p.first_name, p.last_name, m.name, l.name
from listed
join treatments_treatmentevent e on e.id = listed.id
join patients_patient p on p.clinic_id = e.clinic_id and p.id = e.patient_id
join staff_practitioner m on m.clinic_id = e.clinic_id and m.id = e.practitioner_id
join clinics_location l on l.clinic_id = e.clinic_id and l.id = e.location_id
order by e.service_at, e.id
"""


def visits(member: Membership, day: date, location: Location | None) -> tuple[list[Visit], list[Visit]]:
    """The treatments of the day, and closed ones of earlier days that nobody has confirmed: the oldest first.

    Days before the clinic came here are history that was brought in.
    """
    clinic = member.clinic
    start, end = clock.day_bounds(clinic, day)
    first, _ = clock.day_bounds(clinic, clock.business_day(clinic, clinic.created_at))
    asked: dict[str, Any] = {"start": start, "end": end, "since": max(first, start - KEPT_BACK), "most": MOST_EARLIER}
    asked |= {"place": location and location.pk, "unfinished": [EventState.CLOSED.value, EventState.REVIEWED.value]}
    found: tuple[list[Visit], list[Visit]] = ([], [])
    with connection.cursor() as cursor:
        cursor.execute(_VISITS, asked)
        for is_today, *fields in cursor.fetchall():
            found[not is_today].append(Visit(*fields))
    return found
