"""B6: the sums that must agree whatever happened, and that the questions asked of them can answer no."""

import pytest
from django.db.models import Sum

from balances.models import Charge, Credit
from balances.queries import clinic_totals, event_balances, invoices_with_balance
from balances.services import run_auto_apply, undo_allocation
from balances.states import Settlement
from clinicpay.patients.models import Account
from payments.models import Payment
from payments.queries import parts_of
from payments.services import reverse_payment
from tests.balances.invariants import ask, broken
from tests.balances.money import allocation, applied
from tests.balances.scene import make_scene
from tests.direct import lying
from tests.factories import a_charge, a_patient, a_payment


@pytest.fixture
def busy(harbor):
    """A clinic after a day of everything."""
    ethan, mia = a_patient(harbor), a_patient(harbor, "Mia")
    first, second = a_charge(harbor, ethan, 12345), a_charge(harbor, ethan, 999)
    a_charge(harbor, mia, 70000)
    a_payment(harbor, ethan.account, 5000, (first, 3000), (second, 500))
    undo_allocation(allocation(charge=first).pk, by=harbor.rita, reason="too much", keep=1001)
    wrong = a_payment(harbor, mia.account, 7000)
    a_payment(harbor, mia.account, 1)
    run_auto_apply(by=harbor.bill)
    reverse_payment(wrong, by=harbor.rita, reason="entered twice")
    return harbor


def test_every_invariant_holds_after_everything(busy):
    assert not broken()


def test_charged_less_applied_is_owed(busy):
    charged = Charge.objects.aggregate(all=Sum("amount"))["all"]
    assert charged - sum(applied()) == Account.objects.aggregate(all=Sum("owes"))["all"]
    assert clinic_totals()["outstanding"] == charged - sum(applied())


def test_paid_is_applied_and_available(busy):
    for payment in Payment.objects.filter(status="paid"):
        used = sum(applied(credit__payment=payment))
        assert used + parts_of([payment])[payment.pk].in_hand == payment.amount


def test_invoices_and_events_agree_with_their_charges(busy):
    owed = Charge.objects.aggregate(all=Sum("outstanding"))["all"]
    events = Charge.objects.values_list("event", flat=True)
    assert sum(invoice.outstanding for invoice in invoices_with_balance()) == owed
    assert sum(balance.outstanding for balance in event_balances(events).values()) == owed


def test_reversed_payment_has_nothing_left(busy):
    assert not Credit.objects.filter(payment__status="voided").exclude(available=0).exists()
    assert not applied(credit__payment__status="voided")


@pytest.mark.parametrize(
    ("paid", "expected"), [(0, Settlement.UNPAID), (40, Settlement.PARTIAL), (100, Settlement.PAID)]
)
def test_settlement_follows_what_is_left(harbor, paid, expected):
    patient = a_patient(harbor)
    charge = a_charge(harbor, patient, 100)
    if paid:
        a_payment(harbor, patient.account, paid, (charge, paid))
    assert event_balances([charge.event_id])[charge.event_id].settlement == expected


LIES = {
    "raised outstanding": (
        "update balances_charge set outstanding = outstanding + 1"
        " where outstanding + credited + written_off + moved < amount",
        "I2",
    ),
    "lowered available": ("update balances_credit set available = available - 1 where available > 0", "a credit's"),
    "raised account": ("update patients_account set owes = owes + 1", "an account's totals"),
    "unsaid status": ("update payments_payment set status = 'voided' where status = 'paid'", "I6"),
    "act of another kind": ("update balances_posting set kind = 'allocate' where kind = 'charge'", "I10"),
    "lost line": ("delete from balances_entry where kind = 'receive'", "I4"),
}


@pytest.fixture(scope="module")
def committed(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        make_scene().owner.close()


@pytest.mark.parametrize(("lie", "seen"), LIES.values(), ids=LIES.keys())
def test_control_the_invariants_see_rows_that_lie(committed, lie, seen):
    with lying("select 1") as cursor:
        assert ask(cursor) == []
    with lying(lie) as cursor:
        assert any(name.startswith(seen) for name in ask(cursor))
