"""A family's payment is allocated in a browser; a second tab that is stale is told what has changed."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from tests.balances.money import left
from tests.browsing import choose, opened, settled, window
from tests.factories import a_charge, a_patient, a_payment
from tests.journeys.steps import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def family(desk):
    """Ethan, Mia and Noah Park owe 60.00, 40.00 and 50.00; 80.00 are in hand."""
    with clinic_scope(desk.clinic):
        ethan = a_patient(desk)
        people = [ethan, *(a_patient(desk, name, account=ethan.account) for name in ("Mia", "Noah"))]
        today = clock.today(desk.clinic)
        owed = zip(people, (6000, 4000, 5000), (3, 2, 1), strict=True)
        charges = [a_charge(desk, who, fee, on=today - timedelta(days=ago)) for who, fee, ago in owed]
        a_payment(desk, ethan.account, 8000)
    return charges


def field(page, charge):
    return page.locator(f"[name=apply-{charge.pk}]")


def test_s3_20_to_s3_28_and_s3_40_family_of_three_is_allocated_and_a_stale_tab_is_told(page, desk, family):
    ethan, mia, noah = family
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/transactions/")
    page.get_by_role("link", name="Ethan Park").wait_for()
    choose(page, ".choose-account", "mia", "Ethan Park")  # an account is found by anybody on it
    page.get_by_role("link", name="Allocate PAY-001").click()
    page.wait_for_url("**/allocate/**")
    stale = opened(page.context)
    stale.goto(page.url)

    expect(page.get_by_role("checkbox", name="Select All")).to_be_checked()
    stand(page, (ethan, "60.00"), (mia, "20.00"), (noah, ""))
    page.get_by_role("checkbox", name="Ethan Park").uncheck()
    field(page, ethan).wait_for(state="detached")
    expect(page.get_by_role("checkbox", name="Select All")).not_to_be_checked()
    stand(page, (mia, "40.00"), (noah, "40.00"))
    settled(page)

    field(page, mia).fill("25")
    page.get_by_text("$15.00 stays unapplied").wait_for()
    page.get_by_role("checkbox", name="Select All").check()
    field(page, ethan).wait_for()
    stand(page, (ethan, "15.00"), (mia, "25.00"), (noah, "40.00"))
    settled(page)

    field(page, noah).fill("41")
    page.get_by_text("$1.00 more than there is").wait_for()
    page.get_by_role("button", name="Clear All").click()
    page.get_by_text("$80.00 stays unapplied").wait_for()
    by_keyboard_alone(page, ethan, mia, noah)
    page.get_by_text("$55.00 applied to 2 charges.").wait_for()
    with clinic_scope(desk.clinic):
        assert left(*family) == [1000, 4000, 4500]

    stale.get_by_role("button", name="OK").click()
    stale.get_by_text("Changed since you opened this page. Nothing was saved.").wait_for()
    stale.get_by_text("$80.00 was available, $25.00 is now.").wait_for()
    stand(stale, (mia, "20.00"))
    with clinic_scope(desk.clinic):
        assert left(*family) == [1000, 4000, 4500]
    assert page.complaints == []


def stand(page, *amounts) -> None:
    """Each field has its amount."""
    for charge, amount in amounts:
        expect(field(page, charge)).to_have_value(amount)


def by_keyboard_alone(page, ethan, mia, noah) -> None:
    """Enter leads from amount to amount and loses nothing; the last one leads to OK."""
    field(page, ethan).focus()
    page.keyboard.type("50")
    page.keyboard.press("Enter")
    expect(field(page, mia)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.type("5")
    expect(page.locator(f'[data-applied-for="apply-{noah.pk}"]')).to_have_text("$5.00")
    page.get_by_text("$25.00 stays unapplied").wait_for()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="OK")).to_be_focused()
    page.keyboard.press("Enter")


def test_enter_in_a_patients_box_or_without_script_saves_nothing(page, desk, family):
    sign_in(page, desk)
    kept = page.context.storage_state()
    context = window(page.context.browser, java_script_enabled=False, storage_state=kept, base_url=page.url)
    plain = opened(context)
    plain.goto(f"/c/{desk.clinic.slug}/payments/PAY-001/allocate/")
    field(plain, family[0]).fill("12.34")
    with plain.expect_navigation():
        field(plain, family[0]).press("Enter")

    stand(plain, (family[0], "12.34"))
    with clinic_scope(desk.clinic):
        assert left(*family) == [6000, 4000, 5000]
    plain.get_by_role("checkbox", name="Mia Park").uncheck()
    plain.get_by_role("button", name="Update the list").last.click()
    expect(field(plain, family[1])).to_have_count(0)
    stand(plain, (family[0], "12.34"))
    plain.get_by_role("button", name="OK").click()
    plain.get_by_text("$12.34 applied to 1 charge.").wait_for()
    with clinic_scope(desk.clinic):
        assert left(*family) == [4766, 4000, 5000]
    context.close()
