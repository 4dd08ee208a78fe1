"""Apply on a row does what was shown, or nothing (S4.16)."""

import pytest

from balances.services import hold_credit
from payments.services import name_own_fields
from tests.balances.money import credit_of, left
from tests.deposits.scene import page_of
from tests.factories import a_charge, a_patient, a_payment
from treatments.services import set_own_fields

pytestmark = pytest.mark.django_db


def test_money_held_for_something_else_by_now_is_not_applied(harbor):
    """What a treatment is can change while the list is open, and the figures stay the same."""
    name_own_fields(by=harbor.adam, custom_1="Insurance case", custom_2="")
    ethan = a_patient(harbor)
    charge = a_charge(harbor, ethan, 3000)
    set_own_fields(charge.event, by=harbor.rita, custom_1="BC-1", custom_2="")
    money = credit_of(a_payment(harbor, ethan.account, 2000))
    hold_credit(money, 2000, by=harbor.itself, criteria={"custom_1": "BC-1"})
    page = page_of(harbor)
    assert page.invoices == [charge.invoice.ref]

    set_own_fields(charge.event, by=harbor.rita, custom_1="BC-2", custom_2="")
    answer = page.apply(charge.invoice.ref)

    assert "is not what the money is held for any more" in page.client.get(answer["Location"]).content.decode()
    assert left(charge) == [3000]
