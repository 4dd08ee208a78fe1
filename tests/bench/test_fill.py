"""The bench's clinics are real ones: their ledger agrees, and a seed gives the same again."""

import pytest
from django.db.models import Sum

from balances.models import Charge, Credit
from bench.fill import check, fill
from clinicpay.clinics.commands import clinic_id
from clinicpay.clinics.scope import clinic_scope
from payments.models import Payment
from payments.states import PaymentStatus


def _figures(slug: str) -> tuple[object, ...]:
    with clinic_scope(clinic_id(slug)):
        return (
            *Payment.objects.order_by("number").values_list("number", "amount", "status", "patient__last_name"),
            *Charge.objects.aggregate(Sum("amount"), Sum("outstanding")).values(),
            *Credit.objects.aggregate(Sum("amount"), Sum("available")).values(),
        )


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker) -> tuple[str, str]:
    """Two clinics of the same seed; the loader commits as it goes."""
    with django_db_blocker.unblock():
        return fill("bench-one", 150).slug, fill("bench-two", 150).slug


@pytest.mark.django_db
def test_filled_clinic_has_an_exact_ledger(filled):
    assert check([filled[0]]).startswith("The ledger agrees")


@pytest.mark.django_db
def test_filled_clinic_has_the_payments_that_were_asked_for(filled):
    with clinic_scope(clinic_id(filled[0])):
        assert Payment.objects.count() == 150
        found = set(Payment.objects.values_list("status", flat=True))
        left = Credit.objects.aggregate(left=Sum("available"))["left"]

    assert found == {PaymentStatus.PAID, PaymentStatus.PENDING, PaymentStatus.VOIDED}
    assert left


@pytest.mark.django_db
def test_same_seed_gives_the_same_clinic(filled):
    assert _figures(filled[0]) == _figures(filled[1])
