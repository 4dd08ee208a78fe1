"""Creating a payment in a browser: the patient by typing, the treatment, the worked estimate, its amount, done."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.eligibility.services import Answer, Said, keep_check
from payments.models import Payment
from tests.browsing import choose, settled
from tests.factories import a_patient, an_event
from tests.journeys.steps import sign_in
from tests.patients.x12_files import interchange

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def hannah(desk):
    """Insured, with a treatment to come; a namesake has none."""
    with clinic_scope(desk.clinic):
        a_patient(desk, "Hanna", "Klee")
        patient = a_patient(desk, "Hannah", "Klein")
        an_event(desk, patient, 100_000, title="Crown")
        day = clock.today(desk.clinic) - timedelta(days=3)
        said = [Said("any", coinsurance=2_000)]
        amounts = {"deductible": 150_000, "deductible_left": 61_550, "out_of_pocket_left": 310_000}
        answer = Answer(day, "Beacon", active=True, plan="PPO Plus", **amounts, benefits=said)
        keep_check(patient, answer, by=desk.rita)
    return patient


PATIENT = "#div_id_patient"


def test_reception_creates_a_payment_from_the_estimate(page, desk, hannah):
    """S1.31, S1.32, S1.34, S1.39, S1.47, S1.48, S1.95, S1.97."""
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/payments/")
    page.keyboard.press("n")
    page.get_by_role("heading", name="Create Payment").wait_for()

    choose(page, PATIENT, "klei", "Hannah Klein")
    page.locator("#id_patient-ts-control:focus").wait_for()
    page.keyboard.type("klei", delay=20)
    page.locator(".ts-dropdown").get_by_role("option", name="Hannah Klein").click()
    settled(page)
    page.get_by_label("Treatment", exact=True).select_option(label="TE-001, Nov 20, 2026, Crown")
    page.get_by_label("Payment Type").select_option(label="Treatment Pre-Payment")
    page.get_by_text("20% of the $384.50 that remain").wait_for()
    page.get_by_role("button", name="Use this amount").click()

    expect(page.locator("#id_amount")).to_have_value("692.40")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("heading", name="PAY-001").wait_for()
    assert page.complaints == []
    with clinic_scope(desk.clinic):
        payment = Payment.objects.get()
        assert (payment.patient, payment.amount, payment.status) == (hannah, 69_240, "draft")
        assert payment.event.ref == "TE-001"


def test_changing_the_patient_takes_the_treatments_and_the_estimate_along(page, desk, hannah):
    """S1.34, S1.41, S1.42: what was somebody else's is gone; so is it for Private Pay."""
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/payments/new/?treatment=TE-001&kind=pre_payment")
    page.get_by_text("Estimated patient responsibility").wait_for()

    page.get_by_label("Payment Type").select_option(label="Private Pay")
    page.get_by_text("Private Pay is not estimated").wait_for()
    page.get_by_label("Payment Type").select_option(label="Office Visit")
    settled(page)
    choose(page, PATIENT, "klee", "Hanna Klee")

    page.get_by_text("There is no eligibility check of Hanna Klee").wait_for()
    expect(page.locator("#id_treatment option")).to_have_count(1)
    assert page.complaints == []


def test_first_error_has_the_focus(page, desk, hannah):
    """S1.38: errors stand under their fields, and typing goes on at the first."""
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/payments/new/")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_text("Choose a patient.").wait_for()
    page.get_by_text("Enter the amount.").wait_for()
    page.locator(f"{PATIENT} .ts-wrapper.focus:not(.input-hidden)").wait_for()
    page.keyboard.type("klein")
    page.locator(".ts-dropdown").get_by_role("option", name="Hannah Klein").click()
    settled(page)
    page.locator("#id_amount").fill("12.5")
    page.get_by_role("button", name="Create and request").click()
    page.get_by_role("heading", name="PAY-001").wait_for()
    with clinic_scope(desk.clinic):
        assert Payment.objects.get().status == "pending"


def test_a_chosen_patient_is_no_longer_asked_for(page, desk, hannah):
    """S1.32, S1.38: once somebody is chosen, neither the words nor the red stay; what else is wrong does."""
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/payments/new/")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_text("Choose a patient.").wait_for()
    expect(page.locator(f"{PATIENT} .is-invalid")).not_to_have_count(0)

    page.locator(f"{PATIENT} .ts-wrapper.focus:not(.input-hidden)").wait_for()
    page.keyboard.type("klein", delay=20)
    page.locator(".ts-dropdown").get_by_role("option", name="Hannah Klein").click()
    settled(page)

    expect(page.get_by_text("Choose a patient.")).to_have_count(0)
    expect(page.locator(f"{PATIENT} :is(.is-invalid, [aria-invalid])")).to_have_count(0)
    expect(page.get_by_text("Enter the amount.")).to_be_visible()


def test_answer_of_an_insurer_is_read_and_used(page, desk):
    """S1.42, S1.97: a 271 file is shown, saved, and the estimate rests on it."""
    with clinic_scope(desk.clinic):
        patient = a_patient(desk)
        patient.birth_date = date(1990, 2, 14)
        patient.save(update_fields=["birth_date"])
    sign_in(page, desk)
    page.goto(f"/c/{desk.clinic.slug}/patients/{patient.ref}/")
    page.get_by_role("link", name="Read a 271 file").click()
    file = page.get_by_label("271 file")
    file.set_input_files({"name": "photo.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n"})
    page.get_by_role("button", name="Read").click()
    page.get_by_text("This is not an X12 file").wait_for()
    page.get_by_label("271 file").set_input_files(
        {"name": "answer.271", "mimeType": "text/plain", "buffer": interchange()}
    )
    page.get_by_role("button", name="Read").click()
    page.get_by_text("$615.50 remaining of $1,500.00").wait_for()
    page.get_by_role("button", name="Save this check").click()

    page.get_by_role("heading", name="Insurance benefits").wait_for()
    page.get_by_role("link", name="Create Payment").click()
    page.get_by_role("heading", name="Create Payment").wait_for()
    page.get_by_label("Payment Type").select_option(label="Office Visit")
    page.get_by_text("BEACON DENTAL INSURANCE, PPO PLUS").wait_for()
    page.get_by_text("$25.00 for Office visit").wait_for()
    # the answer is refused in words with 422, which browsers note
    assert [said for said in page.complaints if "422" not in said] == []
