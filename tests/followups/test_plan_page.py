"""A plan on its page and in the list: what is paid, late, left; billing by hand; its end (S2.3, S2.53, S2.54)."""

import csv
import io
import re
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine

from balances.services import apply_credit
from clinicpay.clinics import clock
from followups.models import Instalment, Plan
from followups.services import bill_next, cancel_plan
from followups.states import Frequency, InstalmentStatus
from tests.balances.invariants import broken
from tests.balances.money import credit_of
from tests.factories import a_patient, a_payment
from tests.followups.pages import browser, text_of, value_of
from tests.followups.planned import a_plan, debt_of, plan_page_of

pytestmark = pytest.mark.django_db


def test_plan_page_shows_paid_late_and_what_is_left(harbor, today, bill, ada):
    """S2.3, S2.39, S2.53: its scheduled invoices, and when it bills by itself, on the clinic's clock."""
    plan = a_plan(harbor, ada, today, 9000)
    first, second = bill_next(plan, 2, by=harbor.bill, first=1)
    money = a_payment(harbor, ada.account, 4000)
    apply_credit(credit_of(money), [(first.charges.get(), 3000), (second.charges.get(), 1000)], by=harbor.rita)
    with time_machine.travel(clock.noon(harbor.clinic, today + timedelta(days=40))):
        text = text_of(browser(harbor.bill).get(f"/c/harbor/plans/{plan.ref}/"))
    assert "Paid INV-002" in text
    assert "Late INV-003 $20.00" in text
    assert "Scheduled next" in text
    assert "Paid $40.00" in text
    assert "Not billed yet $30.00" in text
    assert "at 03:00 of its date, on the clinic’s clock (America/New_York)" in text
    assert "Next: instalment 3, $30.00, on " in text


def test_invoice_now_bills_the_next_and_the_night_leaves_it(harbor, today, bill, ada):
    """S2.54, P2: once, by hand or by night."""
    plan = a_plan(harbor, ada, today, 9000)
    url = f"/c/harbor/plans/{plan.ref}/bill/"
    page = bill.get(url).content.decode()
    asked = {"count": "1", "first": value_of(page, "first"), "request_key": value_of(page, "request_key")}
    for _ in range(2):
        assert bill.post(url, asked)["Location"] == f"/c/harbor/plans/{plan.ref}/"
    assert debt_of(ada) == (3000, 6000)
    late = bill.post(url, asked | {"request_key": str(uuid4())})
    assert late.status_code == 422
    assert "Instalment 1 of PL-001 was billed meanwhile. Nothing was billed now." in text_of(late)
    assert debt_of(ada) == (3000, 6000)


def test_paying_ahead_bills_the_next_ones_with_their_dates(harbor, today, bill, ada):
    plan = a_plan(harbor, ada, today, 9000)
    url = f"/c/harbor/plans/{plan.ref}/bill/"
    assert "The next 3: $90.00, until" in text_of(bill.get(url))
    bill.post(url, {"count": "3", "first": "1", "request_key": str(uuid4())})
    assert debt_of(ada) == (9000, 0)
    dues = [(one.due_date, one.invoice.due_date) for one in Instalment.objects.select_related("invoice")]
    assert all(due == billed for due, billed in dues)
    assert "has every instalment invoiced" in text_of(bill.get(url))
    wrong = bill.post(url, {"count": "4", "first": "1", "request_key": str(uuid4())})
    assert wrong.status_code == 422


def test_cancelling_says_what_returns_where_and_asks_why(harbor, today, bill, ada):
    """P4; of two who cancel, the second is told."""
    plan = a_plan(harbor, ada, today, 9000)
    bill_next(plan, 1, by=harbor.bill, first=1)
    url = f"/c/harbor/plans/{plan.ref}/cancel/"
    page = bill.get(url)
    assert "$60.00 to INV-001" in text_of(page)
    assert "$30.00 owed on invoices of instalments" in text_of(page)
    assert bill.post(url, {"ending": "cancelled", "reason": " ", "request_key": str(uuid4())}).status_code == 422
    asked = {"ending": "cancelled", "reason": "Moved away"}
    assert bill.post(url, asked | {"request_key": str(uuid4())}).status_code == 302
    assert debt_of(ada) == (9000, 0)
    second = browser(harbor.olga).post(url, asked | {"request_key": str(uuid4())})
    assert second.status_code == 422
    assert "PL-001 is cancelled already" in text_of(second)
    assert "Moved away" in text_of(bill.get(f"/c/harbor/plans/{plan.ref}/history/"))
    assert not broken()


def test_default_is_only_for_what_is_late(harbor, today, bill, ada):
    plan = a_plan(harbor, ada, today, 9000)
    bill_next(plan, 1, by=harbor.bill, first=1)
    url = f"/c/harbor/plans/{plan.ref}/cancel/"
    asked = {"ending": "defaulted", "reason": "Nothing came", "request_key": str(uuid4())}
    assert bill.post(url, asked).status_code == 422
    with time_machine.travel(clock.noon(harbor.clinic, today + timedelta(days=3))):
        assert browser(harbor.bill).post(url, asked).status_code == 302
    assert Plan.objects.get().status == "defaulted"
    assert debt_of(ada) == (9000, 0)


def test_case_d15_only_the_overdue_half_is_followed_up(harbor, today, bill, ada):
    """D-15: the first half is overdue, the second is not: the queue asks for the first alone."""
    plan = a_plan(harbor, ada, today, 10000, instalment=5000)
    bill_next(plan, 1, by=harbor.bill, first=1)
    with time_machine.travel(clock.noon(harbor.clinic, today + timedelta(days=20))):
        client = browser(harbor.bill)
        queue, panel = (text_of(client.get(f"/c/harbor/followups/{tail}")) for tail in ("", f"{ada.account.ref}/"))
    assert "Ada Park $50.00" in queue
    assert "On a plan, not billed $50.00" in panel
    assert "$50.00 late" in panel


def test_list_narrows_sorts_and_leaves_as_files(harbor, today, bill, ada):
    """S2.3"""
    late = a_plan(harbor, ada, today, 9000)
    bill_next(late, 1, by=harbor.bill, first=1)
    ben = a_patient(harbor, "Ben", "Klein")
    ended = a_plan(harbor, ben, today, 500, instalment=100, frequency=Frequency.WEEKLY)
    cancel_plan(ended, by=harbor.bill, reason="Moved")
    with time_machine.travel(clock.noon(harbor.clinic, today + timedelta(days=5))):
        client = browser(harbor.bill)

        def found(**asked) -> list[str]:
            return re.findall(r"data-open[^>]*>(PL-\d+)<", client.get("/c/harbor/plans/", asked).content.decode())

        assert found() == ["PL-002", "PL-001"]
        assert found(sort="total") == ["PL-002", "PL-001"]
        assert found(sort="-total") == ["PL-001", "PL-002"]
        assert found(sort="account") == ["PL-001", "PL-002"]
        for asked in ({"status": "active"}, {"late": "yes"}, {"q": "ada"}, {"q": "INV-001"}, {"q": "INV-002"}):
            assert found(**asked) == ["PL-001"], asked
        for asked in ({"status": "cancelled"}, {"q": "PL-2"}, {"q": "PL-002"}, {"q": ben.account.ref}):
            assert found(**asked) == ["PL-002"], asked
        assert found(q="TE-001") == ["PL-001"]
        assert found(status="?") == ["PL-002", "PL-001"]
        text = text_of(client.get("/c/harbor/plans/"))
        rows = list(csv.DictReader(io.StringIO(_body(client.get("/c/harbor/plans/export.csv?late=yes")))))
    assert "Active plans 1" in text
    assert "Late $30.00 on 1 plan" in text
    assert [(row["Plan"], row["Late"], row["Unbilled"]) for row in rows] == [("PL-001", "30.00", "60.00")]
    assert bill.get("/c/harbor/plans/export.xlsx").status_code == 200


def _body(response) -> str:
    return response.getvalue().decode().lstrip("\ufeff")


def test_no_plans_yet_says_where_one_begins(harbor, bill):
    assert "No payment plans yet" in text_of(bill.get("/c/harbor/plans/"))


def test_agreement_has_schedule_terms_and_lines_to_sign(harbor, today, bill, ada):
    """S2.48"""
    plan = a_plan(harbor, ada, today, 9000)
    answer = bill.get(f"/c/harbor/plans/{plan.ref}/agreement.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_reception_reads_plans_and_makes_none(harbor, today, ada):
    """S2.3"""
    plan = a_plan(harbor, ada, today, 9000)
    rita = browser(harbor.rita)
    page = rita.get(f"/c/harbor/plans/{plan.ref}/")
    assert page.status_code == 200
    assert "Invoice now" not in text_of(page)
    for path in (f"/c/harbor/plans/{plan.ref}/bill/", f"/c/harbor/plans/{plan.ref}/cancel/", plan_page_of(ada)):
        answer = rita.get(path)
        assert answer.status_code == 403
        assert "Billing, Admin or Owner" in text_of(answer)


def test_paid_up_plan_is_completed_on_its_page(harbor, today, bill, ada):
    """S2.3, S2.48"""
    plan = a_plan(harbor, ada, today, 3000)
    [invoice] = bill_next(plan, 1, by=harbor.bill, first=1)
    apply_credit(credit_of(a_payment(harbor, ada.account, 3000)), [(invoice.charges.get(), 3000)], by=harbor.rita)
    text = text_of(bill.get(f"/c/harbor/plans/{plan.ref}/"))
    assert "PL-001 Completed" in text
    assert "Invoice now" not in text
    assert Instalment.objects.get().status == InstalmentStatus.INVOICED
