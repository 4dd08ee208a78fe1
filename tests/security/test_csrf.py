"""No address takes a form that another site has sent (E4)."""

import re

import pytest

from tests.access.samples import ALL, HTMX, named, path_of

pytestmark = pytest.mark.django_db

EXEMPT = {"webhook", "pay"}
"""Addresses called by machines, which sign what they send; and the page of a link, where nobody is signed in."""

GUARDED = [one for one in ALL if one.name not in EXEMPT]


def _forms(page: str) -> list[str]:
    return re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)


@pytest.mark.parametrize("one", GUARDED, ids=named)
def test_form_without_token_is_refused(worlds, one):
    north, _ = worlds
    browser = north.browser("olga", enforce_csrf_checks=True)

    response = browser.post(path_of(one, north))
    part = browser.post(path_of(one, north), headers=HTMX)

    assert response.status_code == 403
    assert "403_csrf.html" in [template.name for template in response.templates]
    assert (part.status_code, part["HX-Refresh"], part.content) == (403, "true", b"")


@pytest.mark.parametrize("one", GUARDED, ids=named)
def test_form_with_changed_token_is_refused(worlds, one):
    north, _ = worlds
    browser = north.browser("olga", enforce_csrf_checks=True)
    browser.get(f"/c/{north.slug}/patients/new/")
    token = browser.cookies["csrftoken"].value
    changed = token[:-1] + ("a" if token[-1] != "a" else "b")

    response = browser.post(path_of(one, north), {"csrfmiddlewaretoken": changed})

    assert response.status_code == 403
    assert "403_csrf.html" in [template.name for template in response.templates]


def test_form_with_its_token_is_taken(worlds):
    """The control: it is the token that was missing."""
    north, _ = worlds
    browser = north.browser("olga", enforce_csrf_checks=True)
    place = f"/c/{north.slug}/patients/new/"
    token = _forms(browser.get(place).content.decode())[0]
    new = {"first_name": "Ethan", "last_name": "Park"}

    assert browser.post(place, new | {"csrfmiddlewaretoken": token}).status_code == 302
    assert browser.post(place, new, headers={"X-CSRFToken": token}).status_code == 302


def test_form_from_another_site_is_refused(worlds):
    north, _ = worlds
    browser = north.browser("olga", enforce_csrf_checks=True)
    place = f"/c/{north.slug}/patients/new/"
    token = _forms(browser.get(place).content.decode())[0]

    response = browser.post(place, {"csrfmiddlewaretoken": token}, headers={"Origin": "https://evil.example"})

    assert response.status_code == 403
