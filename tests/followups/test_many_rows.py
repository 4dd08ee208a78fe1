"""Accounts with more rows than a page shows at once, and what is found again: invoices, plans, statements, batches."""

from datetime import timedelta

import pytest

from followups.models import Plan
from followups.queries.statements import Span
from followups.services.statement_runs import Receiver, begin_run, stop_run
from followups.services.statements import Giving, give_statement
from followups.views.queue import SHOWN
from tests.factories import a_charge, an_invoice
from tests.followups.giving_up import asked, at
from tests.followups.pages import text_of
from tests.followups.planned import a_plan

pytestmark = pytest.mark.django_db

SITE = "https://pay.example.test"


def test_panel_lists_the_oldest_invoices_and_all_for_who_asks(harbor, today, bill, ada):
    """S2.22"""
    for age in range(SHOWN + 3):
        a_charge(harbor, ada, 1000, on=today - timedelta(days=age))
    place = f"/c/harbor/followups/{ada.account.ref}/"
    page = text_of(bill.get(place))
    assert f"The oldest {SHOWN}. Show all" in page
    assert f"INV-{SHOWN + 3:03d}" in page
    assert "INV-001" not in page
    page = text_of(bill.get(place + "?all=1"))
    assert "INV-001" in page
    assert "Show all" not in page


def test_plan_is_looked_at_by_a_post_that_saves_nothing(harbor, today, bill, ada):
    """S2.36–S2.38: an address would be too short for a thousand invoices. Without a script the choice stays."""
    for amount in (7000, 3000):
        a_charge(harbor, ada, amount, on=today)
    place = f"/c/harbor/followups/{ada.account.ref}/plan/"
    sent = {"look": "1", "invoices": ["INV-001"], "instalment": "35.00", "frequency": "weekly", "starts_on": today}

    answer = bill.post(place, sent)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Goes on the plan $70.00" in text_of(answer)
    assert 'value="INV-001" aria-label="INV-001" checked' in page
    assert 'value="INV-002" aria-label="INV-002" checked' not in page
    assert not Plan.objects.exists()

    part = bill.post(place, sent, headers={"HX-Request": "true", "HX-Target": "plan-preview"})
    assert "Goes on the plan $70.00" in text_of(part)
    assert "<form" not in part.content.decode()


def test_write_off_names_the_treatments_whose_charges_it_gives_up(harbor, today, bill, ada):
    """S2.42, S0.6: of each invoice, and of what is unbilled on a plan."""
    invoice = an_invoice(harbor, ada, 6000, 4000, on=today - timedelta(days=95), title="Crown, first stage")
    a_plan(harbor, ada, today, 9000)
    page = text_of(bill.get(at(ada)))
    assert f"{invoice.ref}" in page
    assert "TE-001 Crown, first stage" in page
    assert "Without this tick it goes on. TE-002" in page


def test_batch_of_statements_is_found_again(harbor, today, bill, ada):
    """Issue 6 point 9: whoever left the page while it was at work."""
    a_charge(harbor, ada, 9000, on=today)
    run = begin_run([Receiver(ada.account_id, "")], asked="", site=SITE, by=harbor.bill)
    page = bill.get("/c/harbor/followups/statements/")
    assert "SR-001 1 accounts" in text_of(page)
    assert "At work" in text_of(page)
    stop_run(run, by=harbor.bill)
    assert "Stopped" in text_of(bill.get("/c/harbor/followups/statements/"))
    assert bill.get("/c/harbor/find/?q=SR-1")["Location"] == "/c/harbor/statements/SR-001/"


def test_statements_of_an_account_are_all_on_their_own_page(harbor, today, bill, ada):
    a_charge(harbor, ada, 9000, on=today)
    for _ in range(22):
        give_statement(ada.account, Giving(Span(), "", SITE), by=harbor.bill)
    place = f"/c/harbor/followups/{ada.account.ref}/statements/"
    part = text_of(bill.get(place, headers={"HX-Request": "true"}))
    assert "The newest 20. Show more" in part
    assert "ST-001" not in part
    assert "ST-001" in text_of(bill.get(place))


def test_numbers_of_follow_ups_are_found_by_the_top_search(harbor, today, bill, ada, client):
    """ST-, PL- and WO-, for those who follow up."""
    charge = a_charge(harbor, ada, 9000, on=today)
    give_statement(ada.account, Giving(Span(), "", SITE), by=harbor.bill)
    asked(harbor, charge)
    a_plan(harbor, ada, today, 9000)
    for typed, place in (("ST-1", "statements/ST-001/"), ("pl1", "plans/PL-001/"), ("WO-001", "write-offs/WO-001/")):
        assert bill.get(f"/c/harbor/find/?q={typed}")["Location"] == f"/c/harbor/{place}"
    assert "Statements" in text_of(bill.get("/c/harbor/find/?q=1"))
    client.force_login(harbor.rita.user)
    assert "Nothing matches" in text_of(client.get("/c/harbor/find/?q=ST-1"))
