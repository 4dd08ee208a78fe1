"""Naming who else pays for a patient, by keyboard: who only tabs past the choice names nobody."""

import pytest
from playwright.sync_api import expect

from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account
from clinicpay.patients.services import open_account
from tests.factories import a_patient
from tests.journeys.steps import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def test_tab_takes_a_payer_that_was_typed_or_moved_to_and_else_none(page, desk):
    with clinic_scope(desk.clinic):
        ethan = a_patient(desk)
        _delta, zeta = (
            open_account(by=desk.rita, name=name, kind=Account.Kind.INSURANCE) for name in ("Delta", "Zeta")
        )
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/patients/{ethan.ref}/payers/")
    field, chosen = page.locator("#id_payer-ts-control"), page.locator("select[name=payer]")
    options = page.locator(".ts-dropdown").get_by_role("option")

    field.focus()
    expect(options).to_have_count(2)
    page.keyboard.press("Tab")
    expect(page.get_by_label("Name of a new one")).to_be_focused()
    expect(chosen).to_have_value("")

    field.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".ts-dropdown .option.active")).to_contain_text("Zeta")
    page.keyboard.press("Tab")
    expect(chosen).to_have_value(zeta.ref)

    page.reload()
    field.focus()
    page.keyboard.type("zet")
    expect(options).to_have_count(1)
    page.keyboard.press("Tab")
    expect(chosen).to_have_value(zeta.ref)
    assert page.complaints == []
