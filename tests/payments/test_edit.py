"""Editing a payment that is asked for, also over a page that is out of date (S1.59)."""

import re

import pytest

from payments.services import PaymentRequest, create_payment
from tests.factories import a_patient, an_event
from tests.payments.test_create import form, place


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def rita(client, harbor):
    client.force_login(harbor.rita.user)
    return client


def test_edit_over_an_older_page_is_told_what_stands_now_and_keeps_what_was_typed(rita, harbor, ethan):
    """Two tabs: the amount is lowered in one; the other, which only meant the memo, would have raised it again."""
    payment = create_payment(PaymentRequest(ethan, 10_000, harbor.location, memo="Before"), by=harbor.rita)
    here = place(harbor, f"payments/{payment.ref}/edit/")
    old = _hidden(rita.get(here), "seen")
    rita.post(here, form(harbor, ethan, amount="80", memo="Before", seen=old))

    answer = rita.post(here, form(harbor, ethan, amount="100", memo="Call first", seen=old))

    body = answer.content.decode()
    payment.refresh_from_db()
    assert (answer.status_code, payment.amount, payment.memo) == (422, 8_000, "Before")
    assert "was edited since you opened this page. Nothing was saved. It asks for $80.00" in body
    assert 'value="Call first"' in body
    rita.post(here, form(harbor, ethan, amount="100", memo="Call first", seen=_hidden(answer, "seen")))
    payment.refresh_from_db()
    assert (payment.amount, payment.memo) == (10_000, "Call first")


def _hidden(answer, name) -> str:
    return re.search(rf'name="{name}" value="(\w+)"', answer.content.decode())[1]


def test_edit_page_shows_what_stands(rita, harbor, ethan):
    event = an_event(harbor, ethan, 5_000)
    asked = PaymentRequest(ethan, 12_345, harbor.location, event=event, kind="office_visit", memo="Stands")
    payment = create_payment(asked, by=harbor.rita)
    body = rita.get(place(harbor, f"payments/{payment.ref}/edit/")).content.decode()
    for value in ('value="123.45"', 'value="Stands"', f'value="{event.ref}" selected', 'value="office_visit" selected'):
        assert value in body
