"""The list of payments goes by its indexes: what a page shows beside a row never decides how its rows are found."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinicpay.ui.paging import drawn
from payments.models import Payment
from payments.queries import Parts, payments
from payments.queries.lists import together
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


@pytest.mark.parametrize("sort", ["", "number", "-amount", "status", "created", "-patient", "due", "-due"])
def test_every_order_goes_on_by_keyset_where_a_list_is_long(five, rf, harbor, monkeypatch, sort):
    monkeypatch.setattr("clinicpay.ui.paging.CAP", 3)
    monkeypatch.setattr("clinicpay.ui.tables.SIZES", (2,))
    seen, query = [], f"?sort={sort}"
    while query:
        with CaptureQueriesContext(connection) as asked:
            shown = PaymentTable.of(rf.get(f"/{query}"), payments()).shown
        seen += [line["number"] for line in shown.rows]
        assert len(asked) <= 3  # how many, which, and what is shown of them: nothing is read twice
        query = next((link.url for link in shown.links if link.label == "Next page"), "")

    assert sorted(seen) == [payment.number for payment in five]


def test_first_page_is_counted_and_found_in_one_look(five, rf):
    with CaptureQueriesContext(connection) as asked:
        table = PaymentTable.of(rf.get("/"), payments())

    assert (table.paginator.count, len(table.shown.rows)) == (5, 5)
    assert len(asked) == 2


def test_page_past_the_end_is_the_first(five, rf, monkeypatch):
    monkeypatch.setattr("clinicpay.ui.tables.SIZES", (2,))
    numbers = [
        [line["number"] for line in PaymentTable.of(rf.get("/", {"page": page}), payments()).shown.rows]
        for page in ("1", "2", "9", "no", "-1")
    ]

    newest = [payment.number for payment in reversed(five)]
    assert numbers == [newest[:2], newest[2:4], newest[:2], newest[:2], newest[:2]]


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


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        (Parts(100, free=100), ""),
        (Parts(100, free=40), "part"),
        (Parts(100), "full"),
        (Parts(100, free=40, held=10), "held"),
        (Parts(100, held=100), "held"),
        (Parts(100, reserved=30), "part"),
        (Parts(100, gone=40), "full"),
        (Parts(100, gone=100, status="refunded"), ""),
        (Parts(100, status="pending"), ""),
        (Parts(100, status="voided"), "reversed"),
    ],
)
def test_s3_29_s3_30_and_s3_36_one_function_decides_the_colour(parts, state):
    """Reading C15: red before purple before green before black."""
    assert parts.state == state
    assert together([parts]).state == state


def test_receipt_of_several_payments_has_the_colour_of_their_sum():
    assert together([Parts(100), Parts(50, free=50)]).state == "part"
    assert together([Parts(100), Parts(50, status="voided")]).state == "full"
    assert together([Parts(100, free=100), Parts(50, held=50)]).state == "held"


def test_practitioner_is_told_of_no_payments_where_no_treatment_is_yet(client, harbor):
    client.force_login(harbor.petra.user)
    page = client.get("/c/harbor/treatments/").content.decode()
    assert ("No treatments yet" in page, "payment state" in page) == (True, False)

    client.force_login(harbor.rita.user)
    assert "payment state" in client.get("/c/harbor/treatments/").content.decode()
