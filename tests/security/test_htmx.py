"""What a part of a page is told when it can't be had: never a page inside a fragment (E3)."""

import json
import re

import pytest
from django.conf import settings

from tests.access.samples import HTMX

pytestmark = pytest.mark.django_db

LISTS = ("patients", "treatments", "payments")


def _is_page(response) -> bool:
    return b"<html" in response.content


def test_dead_session_reloads_the_sign_in_page(worlds):
    north, _ = worlds
    current = f"http://testserver/c/{north.slug}/payments/?status=paid"

    response = north.browser().get(f"/c/{north.slug}/payments/", headers=HTMX | {"HX-Current-URL": current})

    assert (response.status_code, response.content) == (401, b"")
    assert response["HX-Redirect"] == f"/accounts/login/?next=/c/{north.slug}/payments/%3Fstatus%3Dpaid"


@pytest.mark.parametrize("page", ["/", "/accounts/sessions/"])
def test_dead_session_outside_a_clinic_does_too(worlds, page):
    response = worlds[0].browser().get(page, headers=HTMX)

    assert (response.status_code, response.content) == (401, b"")
    assert response["HX-Redirect"].startswith("/accounts/login/?next=")


def test_next_page_of_another_site_is_not_kept(worlds):
    north, _ = worlds

    response = north.browser().get(
        f"/c/{north.slug}/payments/", headers=HTMX | {"HX-Current-URL": "https://evil.example/c/north/"}
    )

    assert "evil.example" not in response["HX-Redirect"]


def test_stale_form_refreshes_the_page(worlds):
    north, _ = worlds
    browser = north.browser("rita", enforce_csrf_checks=True)

    response = browser.post(f"/c/{north.slug}/patients/new/", headers=HTMX)

    assert (response.status_code, response["HX-Refresh"], response.content) == (403, "true", b"")


def test_wrong_role_is_told_in_a_toast(worlds):
    north, _ = worlds

    response = north.browser("petra").get(f"/c/{north.slug}/payments/", headers=HTMX)

    assert (response.status_code, response.content) == (403, b"")
    said = json.loads(response["HX-Trigger"])["toast"][0]
    assert said["text"] == "You can't see payments and balances. This needs: Reception, Billing, Admin or Owner."


@pytest.mark.urls("tests.tenancy.planted")
def test_broken_view_answers_no_page_to_a_part(worlds):
    north, _ = worlds
    rita = north.browser("rita")

    part = rita.post(f"/c/{north.slug}/planted/raises/", headers=HTMX)
    page = rita.post(f"/c/{north.slug}/planted/raises/")

    assert (part.status_code, page.status_code) == (500, 500)
    assert _is_page(page)
    assert not _is_page(part)


def test_missing_row_answers_no_page_to_a_part(worlds):
    north, _ = worlds

    response = north.browser("rita").get(f"/c/{north.slug}/payments/PAY-999999/", headers=HTMX)

    assert response.status_code == 404
    assert not _is_page(response)


@pytest.mark.parametrize("page", LISTS)
def test_list_answers_a_part_with_its_results_alone(worlds, page):
    north, _ = worlds
    rita, place = north.browser("rita"), f"/c/{north.slug}/{page}/"

    part = rita.get(place, headers=HTMX)
    whole = rita.get(place)
    back = rita.get(place, headers=HTMX | {"HX-History-Restore-Request": "true"})

    assert (_is_page(part), _is_page(whole), _is_page(back)) == (False, True, True)
    assert "HX-Request" in part["Vary"]
    assert "HX-Request" in whole["Vary"]


def test_page_tells_htmx_to_swap_no_error_in(worlds):
    """Whatever an error's body holds, htmx leaves the page as it is; only a form's own errors come in."""
    north, _ = worlds
    page = north.browser("rita").get(f"/c/{north.slug}/patients/").content.decode()

    told = json.loads(re.search(r"name=\"htmx-config\" content='([^']+)'", page)[1])

    assert [rule for rule in told["responseHandling"] if rule["code"] != "204"] == [
        {"code": "[23]..", "swap": True},
        {"code": "422", "swap": True},
        {"code": "...", "swap": False, "error": True},
    ]
    assert told["defaultSettleDelay"] == 0  # a link that is drawn is htmx's at once: no key falls between
    assert (told["allowEval"], told["allowScriptTags"], told["selfRequestsOnly"]) == (False, False, True)


def test_session_ends_by_itself():
    assert settings.SESSION_COOKIE_AGE <= 12 * 3600
