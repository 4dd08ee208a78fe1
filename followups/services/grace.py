"""How long after its day a promise can still be kept (F4)."""

from django.db import transaction

from clinicpay.audit.services import record
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can

LONGEST = 30


@transaction.atomic
def set_grace_days(days: int, *, by: Actor) -> None:
    """Say how many days of grace promises have that are made from now on; those made before keep theirs."""
    require(by, Can.MANAGE_SETTINGS)
    if not 0 <= days <= LONGEST:
        raise Refusal(f"Choose 0 to {LONGEST} days.")
    clinic = Clinic.objects.select_for_update(no_key=True).get(pk=by.clinic.pk)
    before = clinic.grace_days
    if before == days:
        return
    clinic.grace_days = days
    clinic.save(update_fields=["grace_days"])
    record("clinic.grace_set", clinic, by=by, before={"grace": before}, after={"grace": days})
