"""Making clinics."""

from django.db import connection

from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.scope import clinic_scope


def create_clinic(*, slug: str, name: str, timezone: str, currency: str) -> Clinic:
    """A new clinic with one location of its name. Raises ValidationError for a bad slug, zone or currency."""
    draft = Clinic(slug=slug, name=name, timezone=timezone, currency=currency)
    draft.clean_fields(exclude=["created_at"])
    with connection.cursor() as cursor:
        cursor.execute("select create_clinic(%s, %s, %s, %s)", [slug, name, timezone, currency])
        clinic_id = cursor.fetchone()[0]
    with clinic_scope(clinic_id):
        Location.objects.create(name=name)
        return Clinic.objects.get(pk=clinic_id)
