"""Which clinics there are, and the one in scope."""

from django.conf import settings
from django.db import connection

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.scope import current_clinic_id, entered_clinic


def all_clinics() -> dict[str, int]:
    """Id of every clinic by its slug, in order of their making."""
    with connection.cursor() as cursor:
        cursor.execute("select slug, id from all_clinics() order by id")
        return dict(cursor.fetchall())


def current_clinic() -> Clinic:
    """The clinic in scope: as it was entered, or else read by its id. Raises NoClinic outside a scope."""
    return entered_clinic() or Clinic.objects.get(pk=current_clinic_id())


def location_names() -> list[tuple[int, str]]:
    """Id and name of every location of the clinic in scope, by name; also of those it has retired."""
    with connection.cursor() as cursor:
        cursor.execute("select id, name from clinics_location order by name, id")
        return list(cursor.fetchall())


def refund_limit(clinic: Clinic) -> int | None:
    """Most that billing refunds by itself as it is set now (minor units); None is no limit."""
    return Clinic.objects.values_list("refund_limit", flat=True).get(pk=clinic.pk)


def check_days() -> int:
    """Days after which an insurance check counts as old: as the clinic in scope chose, or else as the server says."""
    chosen = Clinic.objects.values_list("check_days", flat=True).get(pk=current_clinic_id())
    days: int = settings.ELIGIBILITY_STALE_DAYS if chosen is None else chosen
    return days


def grace_days() -> int:
    """Days after a promised one by whose end a promise can still be kept, as the clinic in scope chose (F4)."""
    return Clinic.objects.values_list("grace_days", flat=True).get(pk=current_clinic_id())


def own_field_names(clinic: Clinic) -> tuple[str, str]:
    """What the clinic calls its two own fields as they are named now; empty is none (S3.33)."""
    return Clinic.objects.values_list("custom_1", "custom_2").get(pk=clinic.pk)
