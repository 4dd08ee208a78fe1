"""An admin clears a location's insurance deposits in a browser: retrieve, one, all, print, history, undo."""

from io import StringIO

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from clinicpay.clinics.scope import clinic_scope
from deposits.plans import seal
from deposits.queries import Criteria, retrieve
from deposits.services import LISTED, Shown, apply_all
from tests.balances.money import left
from tests.browsing import choose, enter, settled
from tests.deposits.scene import a_deposit, an_insurer
from tests.factories import a_charge, a_patient
from tests.journeys.conftest import PASSWORD

pytestmark = pytest.mark.browser


def _prepared(desk):
    with clinic_scope(desk.clinic):
        people = [a_patient(desk, name) for name in ("Ethan", "Mia", "Noah")]
        insurer = an_insurer(desk, "Delta Dental", *people)
        a_deposit(desk, people[0], 2500, account=insurer)
        own = a_patient(desk, "Zoe")
        a_deposit(desk, own, 500)
        a_charge(desk, own, 900)
        desk.adam.user.set_password(PASSWORD)
        desk.adam.user.save(update_fields=["password"])
        return [a_charge(desk, one, 1000) for one in people]


def only_on_paper(page) -> None:
    """What a phone has no room for is on paper all the same."""
    by = page.locator("td.on-paper").last
    expect(by).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(by).to_be_hidden()
    page.emulate_media(media="print")
    expect(by).to_be_visible()
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1366, "height": 768})


def printed_once_it_is_there(page) -> None:
    """A list that was asked for whole asks for the printer by itself, once: its address says it no more."""
    whole = f"{page.url}&rows=all"
    page.add_init_script("window.print = () => { document.documentElement.dataset.printed = 'whole' }")
    page.goto(f"{whole}#print")
    expect(page.locator("html")).to_have_attribute("data-printed", "whole")
    expect(page).to_have_url(whole)


def test_admin_clears_insurance_deposits(desk, page):
    """S4.4, S4.10, S4.16, S4.20, S4.21, S4.29; the ledger agrees at the end."""
    charges = _prepared(desk)
    refs = [charge.invoice.ref for charge in charges]
    enter(page, desk.adam.user, PASSWORD, f"/c/{desk.clinic.slug}/today/")
    page.get_by_role("button", name="Management").click()
    page.get_by_role("link", name="Deposits").click()
    page.get_by_text("Nothing is listed yet").wait_for()

    page.get_by_label("Invoice Location").select_option(label=desk.location.name)
    page.get_by_label("Responsible Party").select_option("insurance")
    page.locator("#party-field label", has_text="Insurance").first.wait_for()
    settled(page)
    choose(page, "#party-field", "Delta", "Delta Dental")
    page.get_by_role("button", name="Retrieve").click()
    page.get_by_role("heading", name="3 open invoices").wait_for()

    page.get_by_role("button", name=f"Apply to {refs[0]}").click()
    page.get_by_role("heading", name="2 open invoices").wait_for()
    page.evaluate("() => { window.print = () => document.body.dataset.printed = 'yes' }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("document.body.dataset.printed") == "yes"
    page.get_by_text("Apply All", exact=True).first.click()
    page.get_by_role("button", name="Apply All").click()
    page.get_by_text("to 2 invoices from 1 deposit").wait_for()
    page.get_by_text("still owes $5.00: its deposits are used up").first.wait_for()

    page.get_by_role("link", name="Allocation History").click()
    page.get_by_text("Operations", exact=True).click()
    page.evaluate("() => { window.print = () => document.body.dataset.printed = 'history' }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("document.body.dataset.printed") == "history"
    only_on_paper(page)
    page.get_by_role("link", name=f"on {refs[0]}").click()
    page.get_by_label("Reason").fill("Wrong invoice")
    page.get_by_role("button", name="Undo allocation").click()
    page.get_by_text("Undone", exact=True).wait_for()
    page.get_by_role("link", name="Exit").click()
    page.wait_for_url("**/today/")

    assert page.complaints == []
    with clinic_scope(desk.clinic):
        assert left(*charges) == [1000, 0, 500]
    out = StringIO()
    call_command("check_ledger", clinic=desk.clinic.slug, stdout=out)
    assert "The ledger agrees." in out.getvalue()


def test_history_of_one_family_opened_from_its_receipts(desk, page):
    """S4.3, S4.22, S4.25, S4.26: View ALL or this family, kept over an undoing; Exit leads back to the receipts."""
    with clinic_scope(desk.clinic):
        mia, zoe = a_patient(desk, "Mia"), a_patient(desk, "Zoe")
        for one in (mia, zoe):
            a_deposit(desk, one, 500)
            a_charge(desk, one, 900)
        asked = Criteria(desk.location)
        apply_all(asked, Shown(LISTED, seal(retrieve(asked, LISTED).rows)), by=desk.adam)
        desk.adam.user.set_password(PASSWORD)
        desk.adam.user.save(update_fields=["password"])
    enter(page, desk.adam.user, PASSWORD, f"/c/{desk.clinic.slug}/patients/{mia.ref}/receipts/")
    page.get_by_text("View", exact=True).click()
    entry = page.get_by_role("link", name="Deposits Reconciliation")
    assert entry.evaluate("link => link.scrollWidth <= link.clientWidth")
    entry.click()
    page.get_by_role("link", name="Allocation History").click()
    expect(page.locator("tr[data-row]")).to_have_count(2)

    page.get_by_label("Patient", exact=True).select_option("family")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.get_by_role("link", name="Undo").click()
    page.get_by_label("Reason").fill("Wrong invoice")
    page.get_by_role("button", name="Undo allocation").click()
    page.get_by_text("Undone", exact=True).wait_for()
    expect(page.get_by_label("Patient", exact=True).locator("option")).to_have_count(3)
    printed_once_it_is_there(page)
    page.get_by_role("link", name="Exit").click()
    page.wait_for_url(f"**/patients/{mia.ref}/receipts/")
    assert page.complaints == []
