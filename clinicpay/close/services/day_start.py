"""When a clinic's business day begins."""

from django.db import transaction

from balances.models import ClosedDay
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.queries.days import DONE
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from treatments.models import TreatmentEvent


@transaction.atomic
def set_day_start(hour: int, *, by: Actor) -> None:
    """Let the business day begin at this hour of the clinic's own clock.

    Raises Refusal when a treatment that no close has seen would fall on a day that is closed: nobody would close it.
    """
    require(by, Can.MANAGE_SETTINGS)
    if not 0 <= hour <= 23:
        raise Refusal("Choose an hour from 0 to 23.")
    clinic = Clinic.objects.select_for_update(no_key=True).get(pk=by.clinic.pk)
    before = clinic.day_starts_at
    if before == hour:
        return
    clinic.day_starts_at = hour
    if lost := _lost(clinic):
        raise Refusal(f"{lost} would fall on a day that is closed already. Close its own day first.")
    clinic.save(update_fields=["day_starts_at"])
    record("clinic.day_start_set", clinic, by=by, before={"day_starts": before}, after={"day_starts": hour})


def _lost(clinic: Clinic) -> str:
    """A treatment that no close has seen and that would belong to a closed day; "" for none."""
    start, _ = clock.day_bounds(clinic, clock.first_day(clinic))
    locked = set(ClosedDay.objects.filter(reopened_at=None).values_list("location", "day"))
    rows = TreatmentEvent.objects.filter(service_at__gte=start).exclude(state__in=DONE).order_by("pk")
    for event in rows.only("number", "location_id", "service_at").iterator():
        if (event.location_id, clock.business_day(clinic, event.service_at)) in locked:
            return event.ref
    return ""
