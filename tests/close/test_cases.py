"""Worked cases of closing out a day, from other systems (C-2, C-3, C-9)."""

from datetime import timedelta

import pytest

from balances.models import Posting
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.queries import totals_of_day
from clinicpay.close.services import close_day, reopen_day
from payments.services import GoingBack, refund_payment, reverse_payment
from payments.states import RefundReason
from tests.factories import a_closed_day, a_count, a_patient, a_payment


@pytest.fixture
def yesterday(harbor):
    """A business date before today, on which postings of the tests may be dated."""
    return clock.today(harbor.clinic) - timedelta(days=1)


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def cash(harbor, day) -> dict[str, int]:
    """What came in and went out in cash, as a close keeps it."""
    kept = totals_of_day(harbor.location, day)["tenders"]["cash"]
    return {"in": kept["in"], "out": kept["out"]}


def test_c2_payment_of_a_closed_day_is_not_reversed_until_the_day_is_opened_again(harbor, ethan, yesterday):
    """C-2: refused after the close; re-opening the day frees it, and the next version has it."""
    payment = a_payment(harbor, ethan.account, 10000, on=yesterday)
    closed = a_closed_day(harbor, yesterday)

    with pytest.raises(Refusal, match="closed"):
        reverse_payment(payment, by=harbor.rita, reason="Typed twice")
    payment.refresh_from_db()
    assert payment.status == "paid"

    reopen_day(harbor.location, yesterday, by=harbor.olga, reason="A payment was typed twice")
    reverse_payment(payment, by=harbor.rita, reason="Typed twice")
    a_count(harbor, yesterday)
    again = close_day(harbor.location, yesterday, by=harbor.adam, reason="For a test")

    assert (again.version, cash(harbor, yesterday)) == (2, {"in": 10000, "out": 10000})
    closed.refresh_from_db()
    assert closed.snapshot["tenders"]["cash"]["in"] == 10000
    assert closed.snapshot["tenders"]["cash"]["out"] == 0


def test_c3_and_c9_what_goes_back_of_a_closed_day_counts_in_the_open_one(harbor, ethan, yesterday):
    """C-3: sales of 100 + 200 and a return of 100 of the day before make 200; C-9: a correction is of today."""
    before = a_payment(harbor, ethan.account, 10000, on=yesterday)
    closed = a_closed_day(harbor, yesterday)
    today = clock.today(harbor.clinic)
    a_payment(harbor, ethan.account, 10000)
    a_payment(harbor, ethan.account, 20000)

    refund_payment(before, GoingBack(10000, RefundReason.OTHER, notes="Brought back"), by=harbor.olga)

    kept = cash(harbor, today)
    assert (kept["in"], kept["out"], kept["in"] - kept["out"]) == (30000, 10000, 20000)
    closed.refresh_from_db()
    assert closed.snapshot["tenders"]["cash"] | {"in": 10000, "out": 0} == closed.snapshot["tenders"]["cash"]
    assert cash(harbor, yesterday) == {"in": 10000, "out": 0}
    assert Posting.objects.get(kind="refund").business_date == today
