"""How a demo clinic is reached, and people who were invited: one has time left, one was too slow."""

from datetime import timedelta

from django.utils import timezone

from clinicpay.clinics.models import Clinic
from clinicpay.staff.clinic_settings import change_clinic
from clinicpay.staff.models import ClinicPayItself, Invitation
from clinicpay.staff.roles import Role
from clinicpay.staff.services import invite

REACHED = {
    "harbor": {"address": "12 Harbor Road, Boston, MA 02110", "phone": "+1 617 555 0142"},
    "lakeside": {"address": "3 Lake Road, Takapuna, Auckland 0622", "phone": "+64 9 555 0142"},
}


def make_people(clinic: Clinic, *, by: ClinicPayItself) -> None:
    """Nobody of them can sign in: nobody knows the links."""
    change_clinic(clinic, by=by, **REACHED[clinic.slug])
    invite(f"nina@{clinic.slug}.test", role=Role.BILLING, by=by)
    late = invite(f"omar@{clinic.slug}.test", role=Role.PRACTITIONER, by=by).invitation
    Invitation.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(days=2))
