"""The nine statuses: one table of moves in Python, the same in the database."""

import pytest
from django.db import IntegrityError, connection, transaction

from payments.models import Payment
from payments.states import LOCKED, MONEY, MOVES, PaymentStatus
from tests.factories import a_patient
from tests.moves import accepted, listed

ROADS = {
    PaymentStatus.DRAFT: ["draft"],
    PaymentStatus.PENDING: ["pending"],
    PaymentStatus.PROCESSING: ["pending", "processing"],
    PaymentStatus.PAID: ["paid"],
    PaymentStatus.FAILED: ["pending", "failed"],
    PaymentStatus.CANCELLED: ["draft", "cancelled"],
    PaymentStatus.REFUNDED: ["paid", "refunded"],
    PaymentStatus.PARTIALLY_REFUNDED: ["paid", "partially_refunded"],
    PaymentStatus.VOIDED: ["pending", "processing", "voided"],
}


@pytest.fixture
def a_request(harbor):
    """A payment that begins in a status, without its money."""
    account = a_patient(harbor).account
    return lambda status, number=1: Payment.objects.create(
        number=number, account=account, location=harbor.location, amount=100, method="cash", status=status
    )


def test_moves_in_python_are_those_of_the_database(a_request):
    numbers = iter(range(1, 99))

    def reach(status: str) -> int:
        first, *road = ROADS[PaymentStatus(status)]
        payment = a_request(first, next(numbers))
        for step in road:
            Payment.objects.filter(pk=payment.pk).update(status=step)
        return payment.pk

    with transaction.atomic():
        assert accepted("payments_payment", "status", PaymentStatus, reach) == listed(MOVES)
        transaction.set_rollback(True)


def test_every_status_has_its_row_in_the_table():
    assert set(MOVES) == set(PaymentStatus)
    assert MONEY < LOCKED


@pytest.mark.parametrize("status", sorted(set(PaymentStatus) - {"draft", "pending", "paid"}))
def test_payment_begins_only_as_draft_pending_or_paid(a_request, status):
    with pytest.raises(IntegrityError, match="cannot begin"), transaction.atomic():
        a_request(status)


def test_paid_without_money_is_refused_at_commit(a_request):
    def commit():
        with transaction.atomic():
            a_request("paid")
            connection.check_constraints()

    with pytest.raises(IntegrityError, match="money says otherwise"):
        commit()


def test_creating_a_request_changes_no_balance(a_request):
    payment = a_request("pending")
    account = type(payment.account).objects.get(pk=payment.account_id)
    assert (account.owes, account.unapplied, payment.credits.count()) == (0, 0, 0)
