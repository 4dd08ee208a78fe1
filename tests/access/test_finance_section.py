"""The Finance section, and the way back to it from each of its pages (S0.10)."""

import re

import pytest

from clinicpay.home.finance import FOLDERS, SECTIONS
from tests.access.samples import IN_CLINIC, named, path_of, right, who_of

pytestmark = pytest.mark.django_db

APPS = ("balances.", "payments.", "deposits.", "followups.", "clinicpay.night", "clinicpay.close", "clinicpay.proof")

ELSEWHERE = {
    *(
        "patients",
        "treatments",
        "packages",
        "today",
        "settings",
        "tasks",
        "account",
        "documents",
        "parties",
        "write-off",
    )
}
"""Folders of these apps' pages that stand beside patients, treatments or settings, and lead back there."""


def folder(one) -> str:
    return one.route.removeprefix("c/<slug:slug>/").partition("/")[0]


INSIDE = [one for one in IN_CLINIC if folder(one) in FOLDERS]


def test_every_page_of_finance_stands_in_the_section_or_elsewhere_for_a_reason():
    left = {folder(one) for one in IN_CLINIC if one.view.__module__.startswith(APPS)} - FOLDERS
    assert left <= ELSEWHERE


@pytest.mark.parametrize("one", INSIDE, ids=named)
def test_s0_10_every_page_of_finance_has_a_way_back(worlds, one):
    """Whatever draws a page of the section says "Back to Finance", to each role that may open it."""
    north, _ = worlds
    who = next(who for who in ("rita", "bill", "olga") if who in who_of(right(one.view, "get")))
    answer = north.browser(who).get(path_of(one, north))
    if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
        return  # a file, a part for htmx, or an act
    page = answer.content.decode()

    assert "<html" not in page or re.search(
        r'<a class="back-to[^>]* href="/c/north/finance/">.*?Back to Finance</a>', page
    )


@pytest.mark.parametrize("who", ["rita", "bill", "adam", "olga"])
def test_s0_10_section_leads_to_each_of_its_pages(worlds, who):
    north, _ = worlds
    browser = north.browser(who)
    page = browser.get("/c/north/finance/").content.decode().partition("<main")[2]
    links = re.findall(r'<li><a href="([^"]+)">', page)

    assert len(links) >= 6
    assert {browser.get(link).status_code for link in links} == {200}


def test_bookkeeping_is_listed_for_nobody_who_may_not_open_it(worlds):
    north, _ = worlds
    page = north.browser("rita").get("/c/north/finance/").content.decode().partition("<main")[2]
    assert "Payments" in page
    assert not any(one.label in page for one in SECTIONS["Keeping it in order"])


def test_s0_27_practitioner_has_no_finance(worlds):
    north, _ = worlds
    petra = north.browser("petra")
    assert petra.get("/c/north/finance/").status_code == 403
    assert "Finance" not in petra.get("/c/north/").content.decode()


@pytest.mark.parametrize("page", ["patients", "treatments", "today", "settings/team"])
def test_pages_outside_the_section_lead_nowhere_else(worlds, page):
    north, _ = worlds
    assert "Back to Finance" not in north.browser("olga").get(f"/c/north/{page}/").content.decode()
