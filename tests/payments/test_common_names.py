"""The search for a beginning that very many names have walks the order of the list (S1.29, target 9)."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from payments.models import Payment
from tests.factories import a_patient
from tests.payments.requests import a_request

PLACE = "/c/harbor/payments/"
SORTS = ("", "number", "-amount", "status", "created", "patient", "-patient", "due", "-due")


@pytest.fixture
def many(harbor, monkeypatch):
    """Thirty payments of ten patients, every second one a Ka…; more than three are very many."""
    monkeypatch.setattr("payments.filters.FEW", 3)
    monkeypatch.setattr("clinicpay.ui.paging.CAP", 4)
    monkeypatch.setattr("clinicpay.ui.tables.SIZES", (2,))
    for n in range(10):
        patient = a_patient(harbor, "Kate", f"Kaplan{'abcdefghij'[n]}") if n % 2 else a_patient(harbor, "Anna", "Berg")
        for k in range(3):
            a_request(harbor, patient, 100 + (7 * n + 11 * k) % 13, ("pending", "draft", "failed")[k])
    return sorted(one.number for one in Payment.objects.filter(patient__first_name="Kate"))


@pytest.fixture
def rita(harbor, client):
    client.force_login(harbor.rita.user)
    return client


def shown(client, query: str) -> tuple[list[int], str]:
    """The numbers on a page of the list, and the address of the page after it."""
    page = client.get(f"{PLACE}{query}").content.decode()
    after = re.search(r'href="(\?[^"]*)"[^>]*aria-label="Next page"|aria-label="Next page"[^>]*href="(\?[^"]*)"', page)
    rows = re.findall(r"<tr data-row>.*?PAY-(\d+)</a>", page, re.DOTALL)
    return [int(one) for one in rows], (after[1] or after[2]).replace("&amp;", "&") if after else ""


def walk(client, query: str) -> list[int]:
    """Every number of the list, page by page."""
    seen: list[int] = []
    while query:
        rows, query = shown(client, query)
        seen += rows
    return seen


@pytest.mark.parametrize("sort", SORTS)
def test_s1_29_and_s1_30_each_order_is_walked_to_its_end_as_if_few_were_found(many, rita, monkeypatch, sort):
    found = walk(rita, f"?q=ka&sort={sort}")

    assert sorted(found) == many
    monkeypatch.setattr("payments.filters.FEW", 1000)
    assert walk(rita, f"?q=ka&sort={sort}") == found


def test_last_page_and_the_way_back(many, rita):
    last, _ = shown(rita, "?q=ka&before=")

    assert last == walk(rita, "?q=ka")[-2:]


def test_with_another_filter_too_few_to_walk_for_are_found_all_the_same(many, rita):
    drafts = [one.number for one in Payment.objects.filter(number__in=many, status="draft").order_by("-created_at")]

    assert walk(rita, "?q=ka&status=draft") == drafts
    assert walk(rita, "?q=ka&status=paid") == []


def test_two_beginnings_must_both_fit(many, rita):
    of_one = sorted(one.number for one in Payment.objects.filter(patient__last_name="Kaplanb"))

    assert sorted(walk(rita, "?q=ka kaplanb")) == of_one
    assert sorted(walk(rita, "?q=kap kat")) == many


def test_page_of_it_neither_joins_nor_sorts_what_was_found(many, rita):
    """Control: sorted by name, where one name's payments stand together, they are looked up first."""
    with CaptureQueriesContext(connection) as asked:
        shown(rita, "?q=ka")
    with CaptureQueriesContext(connection) as control:
        shown(rita, "?q=ka&sort=patient")

    (walked,) = [one["sql"] for one in asked if "howmany" in one["sql"]]
    (looked_up,) = [one["sql"] for one in control if "howmany" in one["sql"]]
    assert "IS NOT NULL" in walked.split("ORDER BY")[0]
    assert "IS NOT NULL" not in looked_up


def test_numbers_phones_and_birthdays_are_no_names(many, rita):
    number = many[0]

    assert shown(rita, f"?q=PAY-{number}")[0] == [number]
    assert shown(rita, "?q=555 0100")[0] == []
