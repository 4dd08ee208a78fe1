"""Converting debt to a payment plan: terms, their preview, and everything that can be wrong with them (S2.36–S2.38)."""

import re
from datetime import date, timedelta

import pytest
import time_machine

from balances.models import Entry
from followups.models import Plan
from followups.services import bill_next, cancel_plan, request_write_off
from tests.balances.invariants import broken
from tests.factories import a_charge, a_payment
from tests.followups.pages import browser, text_of, value_of
from tests.followups.planned import a_plan, debt_of, plan_page_of

pytestmark = pytest.mark.django_db


def _filled(bill, patient, today, **more) -> dict:
    """The form as its page offers it: all open invoices, with their hidden fields."""
    page = bill.get(plan_page_of(patient)).content.decode()
    return {
        "invoices": re.findall(r'name="invoices" value="([^"]+)"', page),
        "instalment": "30.00",
        "frequency": "monthly",
        "starts_on": str(today),
        "shown": value_of(page, "shown"),
        "request_key": value_of(page, "request_key"),
    } | more


def _preview(bill, patient, today, **more):
    asked = {"invoices": [], "instalment": "30.00", "frequency": "monthly", "starts_on": str(today)} | more
    headers = {"HX-Request": "true", "HX-Target": "plan-preview"}
    return bill.get(plan_page_of(patient), asked, headers=headers)


def test_debt_becomes_a_plan_of_the_same_total(harbor, today, bill, ada):
    """S2.36, S2.37, S2.38, S2.48: amount, frequency, start; all open invoices unless others are chosen."""
    for amount in (7000, 3000):
        a_charge(harbor, ada, amount, on=today - timedelta(days=95))
    assert "Convert to payment plan" in text_of(bill.get(f"/c/harbor/followups/{ada.account.ref}/"))

    answer = bill.post(plan_page_of(ada), _filled(bill, ada, today, instalment="33.33"))

    plan = Plan.objects.get()
    assert answer["Location"] == f"/c/harbor/plans/{plan.ref}/"
    assert (plan.status, plan.frequency, plan.starts_on) == ("active", "monthly", today)
    assert [one.amount for one in plan.instalments.all()] == [3333, 3333, 3333, 1]
    assert debt_of(ada) == (0, 10000)
    page = text_of(bill.get(answer["Location"]))
    assert "Not billed yet $100.00" in page
    assert "On plan" in text_of(bill.get("/c/harbor/invoices/INV-001/"))
    assert not broken()


def test_preview_names_every_date_and_amount_and_the_last_one(harbor, bill, ada):
    """S2.36–S2.38, D-6, D-13: 100.00 at 33.33 from 31 January, a tiny last one that can be merged, never dropped."""
    a_charge(harbor, ada, 10000, on=date(2024, 1, 2))
    with time_machine.travel("2024-01-30T12:00:00-05:00"):
        client = browser(harbor.bill)
        asked = {"invoices": ["INV-001"], "instalment": "33.33", "starts_on": "2024-01-31"}
        text = text_of(_preview(client, ada, None, **asked))
        merged = text_of(_preview(client, ada, None, merge_last="on", **asked))
    for words in ("Jan 31, 2024 $33.33", "Feb 29, 2024 $33.33", "Mar 31, 2024 $33.33", "Apr 30, 2024 $0.01"):
        assert words in text
    assert "Instalments 4: 3 of $33.33 and a last one of $0.01" in text
    assert "The last one is only $0.01" in text
    assert "Months without a day 31 have it on their last day" in text
    assert "Goes on the plan $100.00 Total debt unchanged" in text
    assert "Ends Apr 30, 2024" in text
    assert "The first Jan 31, 2024 at 3:00 AM" in text
    assert "Mar 31, 2024 $33.34" in merged
    assert "Apr 30" not in merged
    assert Plan.objects.count() == 0


def test_case_d2_three_cents_are_two_and_one(harbor, today, bill, ada):
    """D-2"""
    a_charge(harbor, ada, 3, on=today)
    text = text_of(_preview(bill, ada, today, invoices=["INV-001"], instalment="0.02", frequency="weekly"))
    assert "1 of $0.02 and a last one of $0.01" in text


def test_a_plan_of_one_invoice_leaves_the_others(harbor, today, bill, ada):
    first, second = (a_charge(harbor, ada, amount, on=today) for amount in (7000, 3000))
    bill.post(plan_page_of(ada), _filled(bill, ada, today, invoices=[first.invoice.ref]))
    assert debt_of(ada) == (3000, 7000)
    second.refresh_from_db()
    assert second.outstanding == 3000


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"instalment": "0.01", "frequency": "weekly"}, "1,000,000 instalments; a plan has at most 520"),
        ({"instalment": "0.01", "frequency": "weekly"}, "For $10,000.00 it is $19.24 or more"),
        ({"instalment": "10000.01"}, "Only $10,000.00 go on the plan: enter at most that."),
        ({"instalment": "0"}, "greater than zero"),
        ({"instalment": "ten"}, "Enter"),
        ({"instalment": ""}, "Enter an instalment."),
        ({"starts_on": ""}, "Enter a start date."),
        ({"starts_on": "2020-01-31"}, "Jan 31, 2020 is past: a plan starts today or later."),
        ({"starts_on": "9999-12-31"}, "within a year"),
        ({"starts_on": "31.02."}, "Enter a valid date"),
        ({"frequency": "daily"}, "daily is not one of the available choices"),
        ({"invoices": []}, "Choose at least one invoice."),
        ({"invoices": ["INV-999"]}, "INV-999 can’t go on a plan"),
        ({"shown": "rubbish"}, "out of date"),
        ({"request_key": "x"}, "out of date"),
    ],
)
def test_bad_terms_are_answered_in_words_and_change_nothing(harbor, today, bill, ada, wrong, said):
    """S2.36–S2.38: nothing half done"""
    a_charge(harbor, ada, 1_000_000, on=today - timedelta(days=40))
    entries = Entry.objects.count()
    answer = bill.post(plan_page_of(ada), _filled(bill, ada, today) | wrong)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert (Plan.objects.count(), Entry.objects.count(), debt_of(ada)) == (0, entries, (1_000_000, 0))


def test_the_preview_says_what_is_wrong_too(harbor, today, bill, ada):
    a_charge(harbor, ada, 1_000_000, on=today)
    answer = _preview(bill, ada, today, invoices=["INV-001"], instalment="0.01", frequency="weekly")
    assert answer.status_code == 200
    assert "1,000,000 instalments" in text_of(answer)


def test_debt_paid_while_the_plan_is_being_made_is_told(harbor, today, bill, ada):
    """S2.38: the figures that were looked at hold, or nothing is saved."""
    charge = a_charge(harbor, ada, 10000, on=today)
    filled = _filled(bill, ada, today)
    a_payment(harbor, ada.account, 4000, (charge, 4000))

    answer = bill.post(plan_page_of(ada), filled)

    assert answer.status_code == 422
    assert "INV-001 owed $100.00 and owes $60.00 now." in text_of(answer)
    assert (Plan.objects.count(), debt_of(ada)) == (0, (6000, 0))
    page = answer.content.decode()
    again = filled | {"shown": value_of(page, "shown"), "request_key": value_of(page, "request_key")}
    assert bill.post(plan_page_of(ada), again).status_code == 302
    assert debt_of(ada) == (0, 6000)


def test_debt_paid_wholly_while_the_plan_is_being_made_is_told(harbor, today, bill, ada):
    charge = a_charge(harbor, ada, 10000, on=today)
    filled = _filled(bill, ada, today)
    a_payment(harbor, ada.account, 10000, (charge, 10000))
    answer = bill.post(plan_page_of(ada), filled)
    assert answer.status_code == 422
    assert "INV-001 owed $100.00 and owes nothing now" in text_of(answer)
    assert "owes nothing on an invoice" in text_of(answer)
    assert Plan.objects.count() == 0


def test_an_invoice_is_on_one_plan_only(harbor, today, bill, ada):
    """Of two who convert the same debt, the second is told."""
    a_charge(harbor, ada, 10000, on=today)
    first, second = _filled(bill, ada, today), _filled(bill, ada, today)
    assert bill.post(plan_page_of(ada), first).status_code == 302
    answer = bill.post(plan_page_of(ada), second)
    assert answer.status_code == 422
    assert "it was paid, voided or put on a plan" in text_of(answer)
    assert Plan.objects.count() == 1


def test_an_instalment_of_an_active_plan_is_offered_for_no_other(harbor, today, bill, ada):
    plan = a_plan(harbor, ada, today, 9000)
    [invoice] = bill_next(plan, 1, by=harbor.bill, first=1)
    page = bill.get(plan_page_of(ada))
    assert "instalments of an active plan" in text_of(page)
    a_charge(harbor, ada, 500, on=today)
    answer = bill.post(plan_page_of(ada), _filled(bill, ada, today, instalment="1.00", invoices=[invoice.ref]))
    assert answer.status_code == 422
    assert Plan.objects.count() == 1
    cancel_plan(Plan.objects.get(), by=harbor.bill, reason="Again")
    assert bill.post(plan_page_of(ada), _filled(bill, ada, today, instalment="50.00")).status_code == 302
    assert debt_of(ada) == (0, 9500)
    assert not broken()


def test_sent_twice_is_one_plan(harbor, today, bill, ada):
    a_charge(harbor, ada, 10000, on=today)
    filled = _filled(bill, ada, today)
    answers = [bill.post(plan_page_of(ada), filled) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [302] * 3
    assert len({answer["Location"] for answer in answers}) == 1
    assert Plan.objects.count() == 1
    assert bill.post(plan_page_of(ada), filled | {"instalment": "31.00"}).status_code == 409


def test_credit_on_the_account_is_told(harbor, today, bill, ada):
    a_charge(harbor, ada, 10000, on=today)
    a_payment(harbor, ada.account, 2500)
    text = text_of(bill.get(plan_page_of(ada)))
    assert "$25.00 in hand pays nothing yet" in text
    assert "Apply it first" in text


def test_invoice_that_waits_for_its_write_off_is_warned_of(harbor, today, bill, ada):
    """It can go on a plan all the same: then nothing of it is left to give up."""
    waits, other = a_charge(harbor, ada, 10000, on=today), a_charge(harbor, ada, 5000, on=today)
    asked = request_write_off(ada.account, [waits.invoice], by=harbor.bill, reason="Moved abroad")
    said = f"{asked.ref} asks to write off {waits.invoice} and waits for its decision."
    assert said in text_of(bill.get(plan_page_of(ada)))
    assert said in text_of(_preview(bill, ada, today, invoices=[str(waits.invoice)]))
    assert "asks to write off" not in text_of(_preview(bill, ada, today, invoices=[str(other.invoice)]))

    bill.post(plan_page_of(ada), _filled(bill, ada, today))

    assert Plan.objects.count() == 1
