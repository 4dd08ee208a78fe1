"""What a restored database is tried with, in clinics that have done much and in one that has done nothing yet."""

import pytest

from clinicpay.backups import attacks
from clinicpay.clinics.scope import clinic_scope
from tests.factories import a_patient, a_payment

pytestmark = pytest.mark.django_db


def test_clinic_without_a_payment_holds_as_well(lakeside):
    """Its rows can't refuse anything: a new clinic made every drill of the installation fail."""
    assert list(attacks.successes()) == []


def test_attack_that_comes_through_is_named(lakeside, monkeypatch):
    """Also one that is refused row by row, once there is a row."""
    with clinic_scope(lakeside.clinic):
        a_payment(lakeside, a_patient(lakeside).account, 5500)
    assert list(attacks.successes()) == []
    allowed = "update patients_patient set phone = 'x'"
    monkeypatch.setattr(attacks, "ATTACKS", {"raise a payment": allowed, "call names": allowed})
    here = [one for one in attacks.successes() if one.startswith("lakeside: ")]  # clinics that stay have rows, too
    assert here == ["lakeside: raise a payment", "lakeside: call names"]
