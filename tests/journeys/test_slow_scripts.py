"""A page whose scripts come late: nothing typed into it goes unheard."""

import time

import pytest

from clinicpay.clinics.scope import clinic_scope
from tests.factories import a_patient, a_payment
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser


def test_what_is_typed_waits_for_the_scripts(desk, page):
    with clinic_scope(desk.clinic):
        ethan = a_patient(desk)
        payment = a_payment(desk, ethan.account, 30000, patient=ethan)
    page.goto(f"/accounts/login/?next=/c/{desk.clinic.slug}/payments/{payment.ref}/hold/")
    page.get_by_label("Email").fill(desk.rita.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.route("**/static/app*", lambda route: (time.sleep(0.7), route.continue_()))
    page.route("**/static/*/htmx*", lambda route: (time.sleep(0.7), route.continue_()))
    page.keyboard.press("Enter")
    page.get_by_label("Procedure code").press_sequentially("d1110")
    page.get_by_text("The money waits until a treatment does.").wait_for()
