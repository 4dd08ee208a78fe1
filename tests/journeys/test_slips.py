"""Billing brings a location's cash and cheques to the bank, in a browser; an owner takes the slip back."""

import pytest
from playwright.sync_api import expect

from clinicpay.clinics.scope import clinic_scope
from deposits.services.papers import slip_papers
from payments.states import Method
from tests.browsing import enter as enter_at
from tests.deposits.slips import paid
from tests.downloads import pdf_words
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser


def enter(page, desk, who: str, at: str) -> None:
    """Sign in as a member, at a page of the clinic."""
    with clinic_scope(desk.clinic):
        user = desk.members[who].user
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    page.context.clear_cookies()
    enter_at(page, user, PASSWORD, f"/c/{desk.clinic.slug}/{at}")


def test_slip_from_what_waits_to_the_paper_and_back(desk, page):
    """Issue 7, item 5; C-7: choose, hold one back, take cash out with its reason, print, locked, voided by an owner."""
    with clinic_scope(desk.clinic, desk.rita.user):
        kept, cheque, cash = paid(desk, 700), paid(desk, 5000, Method.CHEQUE), paid(desk, 10000)
    enter(page, desk, "bill", "deposits/slips/")
    page.get_by_role("link", name="New slip").first.click()
    page.get_by_label(f"{kept.ref} to the bank").uncheck()
    page.get_by_text("Ticked 2 of 3").wait_for()
    page.get_by_label("Cash taken out").fill("20.00")
    page.get_by_role("button", name="Make the draft").click()
    page.get_by_text("Say what the cash was taken out for.").wait_for()
    expect(page.get_by_label(f"{kept.ref} to the bank")).not_to_be_checked()
    page.get_by_label("Taken out for").fill("Petty cash")
    page.get_by_role("button", name="Make the draft").click()
    page.get_by_text("1 of these days").wait_for()

    page.get_by_role("button", name="Print slip").click()
    page.get_by_text("BS-001 was printed").wait_for()
    answer = page.request.get(page.get_by_role("link", name="Slip as PDF").get_attribute("href"), timeout=0)
    text = pdf_words(answer.body())
    assert all(words in text for words in ("Bank slip BS-001", cash.ref, cheque.ref, "Petty cash", "$130.00"))
    assert kept.ref not in text

    page.goto(f"/c/{desk.clinic.slug}/payments/{cash.ref}/reverse/")
    page.get_by_text(f"{cash.ref} is on bank slip BS-001").wait_for()
    page.get_by_role("combobox", name="Find").fill("BS-1")
    page.get_by_role("option", name="BS-001").click()
    page.get_by_text("Only an owner can void a printed slip.").wait_for()

    enter(page, desk, "olga", "deposits/slips/BS-001/")
    page.get_by_role("link", name="Void this slip").click()
    page.get_by_label("Reason").fill("Wrong bag")
    page.get_by_role("button", name="Void this slip").click()
    page.get_by_text("What was on it is free for").wait_for()
    page.goto(f"/c/{desk.clinic.slug}/deposits/slips/")
    page.get_by_text("Voided", exact=True).last.wait_for()
    assert ["422" in one for one in page.complaints] == [True]  # the form that was refused, and nothing else


def test_long_slip_tells_that_its_paper_is_drawn_until_it_is_there(desk, page, monkeypatch):
    """Its page asks by itself; a worker is played here."""
    monkeypatch.setattr("clinicpay.papers.AT_ONCE", 2)
    with clinic_scope(desk.clinic, desk.rita.user):
        for _ in range(3):
            paid(desk, 1000)
    enter(page, desk, "bill", "deposits/slips/new/")
    page.get_by_role("button", name="Make the draft").click()
    page.get_by_role("button", name="Print slip").click()
    page.get_by_text("The paper of this slip is being drawn").wait_for()
    expect(page.get_by_role("link", name="Slip as PDF")).to_have_count(0)

    with clinic_scope(desk.clinic):
        [waiting] = slip_papers.undrawn()
        facts = slip_papers.to_draw(waiting)
        slip_papers.keep(facts, slip_papers.draw(facts))

    page.get_by_role("link", name="Slip as PDF").wait_for()
    expect(page.get_by_text("The paper of this slip is being drawn")).to_have_count(0)
    assert page.complaints == []


def test_days_that_cross_are_told_beside_the_list(desk, page):
    """The list of slips says it at once, as one types."""
    enter(page, desk, "bill", "deposits/slips/")
    page.get_by_label("Printed from").fill("2026-11-20")
    page.wait_for_url("**on_after=2026-11-20")  # asked for, before the next question takes its place
    page.get_by_label("Printed to").fill("2026-11-01")
    page.get_by_text("The first day is after the last one").wait_for()
    assert page.complaints == []
