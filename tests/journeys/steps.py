"""Steps that many ways through the application have in common."""

import uuid

from tests.browsing import loaded
from tests.factories import Clinicful
from tests.journeys.conftest import PASSWORD

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def sign_in(page, desk) -> None:
    """Rita comes to Today by the sign-in page."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(desk.rita.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Today").wait_for()
    loaded(page)


def figure(page, label: str):
    """Where the value under a label stands in the strip of figures."""
    return page.locator(".figure", has_text=label).locator("dd").first


def desk_form(desk: Clinicful, amount: str, **more: str) -> dict[str, str]:
    """What the page that takes a payment sends."""
    tenders = {"tender-TOTAL_FORMS": "0", "tender-INITIAL_FORMS": "0"}
    fixed = {"method": "cash", "location": str(desk.location.pk), "memo": "", "request_key": str(uuid.uuid4())}
    return tenders | fixed | {"amount": amount} | more
