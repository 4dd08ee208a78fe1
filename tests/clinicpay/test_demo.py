"""Demo data at any hour: nothing of it is still to come."""

import pytest
from django.utils import timezone

from clinicpay.clinics.scope import clinic_scope
from clinicpay.demo import HARBOR, Builder
from payments.models import Payment, Receipt
from tests.factories import a_patient, an_event, make_clinic

pytestmark = pytest.mark.django_db


def test_what_is_paid_today_is_not_paid_at_a_noon_that_has_not_come():
    """In a clinic where it is about six in the morning, whenever this runs."""
    west = (timezone.now().hour - 6 + 11) % 24 - 11
    home = make_clinic("early", timezone=f"Etc/GMT{west:+d}")
    with clinic_scope(home.clinic):
        demo = Builder(HARBOR, home.clinic)
        demo.pay(an_event(home, a_patient(home)), 1000, demo.today)
        now = timezone.now()
        assert Receipt.objects.get().made_at <= now
        assert Payment.objects.get().created_at <= now
