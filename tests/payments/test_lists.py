"""The list of payments goes by its indexes: what a page shows beside a row never decides how its rows are found."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinicpay.ui.paging import drawn
from payments.models import Payment
from payments.queries import payments
from payments.tables import PaymentTable
from tests.factories import a_patient, a_payment


@pytest.fixture
def five(harbor):
    """Five payments of one patient."""
    patient = a_patient(harbor)
    return [a_payment(harbor, patient.account, 1000 + n, patient=patient) for n in range(5)]


def test_rows_of_a_page_are_found_before_anything_is_joined(five):
    with CaptureQueriesContext(connection) as asked:
        rows = drawn(payments()[1:4])
        shown = [(row.number, row.patient.name, row.account.name) for row in rows]

    assert [number for number, *_ in shown] == [five[3].number, five[2].number, five[1].number]
    assert len(asked) == 1
    inner = asked[0]["sql"].split(" IN (", 1)[1]
    assert "JOIN" not in inner.split("LIMIT")[0]
    assert "LIMIT 3" in inner


def test_rows_without_anything_beside_them_are_read_at_once(five):
    with CaptureQueriesContext(connection) as asked:
        assert drawn(Payment.objects.order_by("-pk")[:2]) == [five[4], five[3]]

    assert " IN (" not in asked[0]["sql"]


@pytest.mark.parametrize(
    ("sort", "index"),
    [
        ("", "payments_payment_newest"),
        ("number", "payments_payment_number"),
        ("-amount", "payments_payment_amount"),
        ("status", "payments_payment_status"),
        ("-status", "payments_payment_status"),
        ("created", "payments_payment_newest"),
    ],
)
def test_order_has_an_index(five, rf, sort, index):
    ordered = PaymentTable.of(rf.get("/", {"sort": sort} if sort else {}), payments()).ordered()
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off")
        page = str(ordered.values("pk")[:16].query)
        cursor.execute("explain " + page)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert index in plan
