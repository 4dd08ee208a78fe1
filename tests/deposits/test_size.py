"""What the pages of deposits ask does not grow with their rows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinicpay.clinics import clock
from deposits.queries.slips import earlier, items_on, waiting, waits
from tests.deposits.scene import a_deposit, page_of
from tests.deposits.slips import paid, printed
from tests.factories import a_charge, a_patient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("counted")]


def queries_of(act) -> int:
    with CaptureQueriesContext(connection) as asked:
        act()
    return len([query for query in asked if "SAVEPOINT" not in query["sql"]])


def test_retrieve_and_the_run_of_many_rows_ask_as_often_as_of_one(harbor):
    asked = {}
    for size in (1, 12):
        for n in range(size):
            patient = a_patient(harbor, f"Patient {size} {n}")
            a_deposit(harbor, patient, 500)
            a_charge(harbor, patient, 900)
        page = page_of(harbor)
        listed = queries_of(lambda page=page: page.client.get(page.at, page.asked))
        answer = page.apply_all()
        shown = queries_of(lambda page=page, answer=answer: page.client.get(answer["Location"]))
        asked[size] = listed, shown

    assert asked[12] == asked[1]
    assert max(asked[1]) <= 22


def removed(plan: dict) -> float:
    """Pairs of rows that the joins of a plan looked at in vain."""
    here = plan.get("Rows Removed by Join Filter", 0) * plan["Actual Loops"]
    return here + sum(removed(part) for part in plan.get("Plans", ()))


def plans_of(act) -> list[dict]:
    """How the database goes about each SELECT of an act."""
    with CaptureQueriesContext(connection) as asked:
        act()
    found = []
    for query in asked:
        if query["sql"].startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute("explain (analyze, format json) " + query["sql"].replace("%", "%%"))
                found.append(cursor.fetchone()[0][0]["Plan"])
    return found


def test_what_waits_for_the_bank_is_found_by_keys_before_there_are_statistics(harbor):
    """A join compares each payment with each line while the planner takes both for one row: minutes at 1,000."""
    for _ in range(12):
        paid(harbor, 1000)
    slip = printed(harbor)
    for _ in range(12):
        paid(harbor, 1000)
    today = clock.today(harbor.clinic)

    def asked():
        assert len(waiting(harbor.location, today, today)) == 12
        assert waits()[0].count == 12
        assert earlier(harbor.location, today) == 0
        assert len(items_on(slip)) == 12

    plans = plans_of(asked)
    assert len(plans) >= 8
    assert sum(removed(plan) for plan in plans) == 0


def test_the_functions_that_print_look_rows_up_by_keys(harbor):
    """What runs inside the trigger shows no plan of its own; its text keeps the planner from joining."""
    with connection.cursor() as cursor:
        cursor.execute("select prosrc from pg_proc where proname = 'deposits_bankslip_moves'")
        [text] = cursor.fetchone()
    assert "p.id = any(array(" in text
    assert text.count("offset 0") == 2
