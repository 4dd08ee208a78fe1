"""Money in hand, applied by hand: what stays after an undo or an overpayment finds its debt."""

import re
import uuid

import pytest

from balances.services import apply_credit
from clinicpay.clinics.scope import clinic_scope
from tests.balances.money import credit_of
from tests.factories import a_charge, a_patient, a_payment


@pytest.fixture
def in_hand(desk):
    """A patient who owes 60.00 and 50.00, has paid 80.00 that nobody has applied, and where it is applied."""
    with clinic_scope(desk.clinic):
        patient = a_patient(desk)
        charges = [a_charge(desk, patient, 6000), a_charge(desk, patient, 5000)]
        a_payment(desk, patient.account, 8000)
    return charges, f"/c/{desk.clinic.slug}/payments/PAY-001/allocate/"


def sent(client, address: str, **parts: str) -> dict[str, str]:
    """What a browser sends of the form as it stands now, with these amounts."""
    page = client.get(address).content.decode()
    return {"request_key": str(uuid.uuid4()), "seen": re.search(r'name="seen" value="([^"]*)"', page)[1], **parts}


def left(desk, charges) -> list[int]:
    with clinic_scope(desk.clinic):
        for charge in charges:
            charge.refresh_from_db()
    return [charge.outstanding for charge in charges]


def test_oldest_charges_come_filled_in_with_what_there_is(rita, in_hand):
    page = rita.get(in_hand[1]).content.decode()

    assert 'value="60.00"' in page
    assert 'value="20.00"' in page


def test_chosen_amounts_are_applied_and_the_rest_stays(desk, rita, in_hand):
    charges, address = in_hand
    form = sent(rita, address, **{f"apply-{charges[1].pk}": "50"})

    first, again = rita.post(address, form), rita.post(address, form)

    assert (first.status_code, again.status_code) == (302, 302)
    assert left(desk, charges) == [6000, 0]


@pytest.mark.parametrize(
    ("amounts", "words"),
    [
        (("60", "21"), "$1.00 more is applied than is available"),
        (("61", ""), "at most $60.00"),
        (("", ""), "Enter what"),
    ],
)
def test_wrong_amounts_are_refused_in_words(desk, rita, in_hand, amounts, words):
    charges, address = in_hand
    parts = {f"apply-{charge.pk}": amount for charge, amount in zip(charges, amounts, strict=True)}

    answer = rita.post(address, sent(rita, address, **parts))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert left(desk, charges) == [6000, 5000]


def test_payment_with_nothing_left_has_no_form(desk, rita):
    with clinic_scope(desk.clinic):
        patient = a_patient(desk)
        charge = a_charge(desk, patient, 8000)
        a_charge(desk, patient, 5000)
        apply_credit(credit_of(a_payment(desk, patient.account, 8000)), [(charge, 8000)], by=desk.rita)

    page = rita.get(f"/c/{desk.clinic.slug}/payments/PAY-001/allocate/").content.decode()

    assert "Nothing is left to apply" in page
    assert "data-apply" not in page
