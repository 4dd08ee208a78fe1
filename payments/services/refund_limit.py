"""The most that billing refunds by itself."""

from django.db import transaction

from clinicpay.audit.services import record
from clinicpay.clinics.models import Clinic
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can


@transaction.atomic
def set_refund_limit(limit: int | None, *, by: Actor) -> None:
    """Change the limit (minor units); None is no limit. What was asked for already is decided by the new one."""
    require(by, Can.MANAGE_SETTINGS)
    clinic = Clinic.objects.select_for_update(no_key=True).get(pk=by.clinic.pk)
    before = clinic.refund_limit
    if before == limit:
        return
    clinic.refund_limit = limit
    clinic.save(update_fields=["refund_limit"])
    record("clinic.refund_limit_set", clinic, by=by, before={"refund_limit": before}, after={"refund_limit": limit})
