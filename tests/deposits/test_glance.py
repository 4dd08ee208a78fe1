"""Deposits at a glance: money in hand by age, location and method, with its trend (issue 7, item 4)."""

import csv
import io
from datetime import UTC, datetime, timedelta
from zipfile import ZipFile

import pytest

from balances.models import Credit
from balances.queries import received_credit
from balances.services import apply_credit, hold_credit
from balances.states import CreditKind
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from deposits.queries.glance import CANCELLED, Sums, glance, month_ends
from payments.models import Payment
from payments.services import Order, Tender, record_payment
from payments.states import Method
from tests.access.samples import HTMX, Words
from tests.deposits.slips import back, paid
from tests.factories import Clinicful, a_charge, a_patient, a_payment, an_event
from treatments.services import move_event
from treatments.states import EventState

pytestmark = pytest.mark.django_db


def ago(home: Clinicful, days: int):
    return clock.today(home.clinic) - timedelta(days=days)


def seen(home: Clinicful, kind: str = "unapplied"):
    return glance(kind, clock.today(home.clinic))


def for_a_cancelled_treatment(home: Clinicful, amount: int) -> Payment:
    """Money held for a treatment that was cancelled."""
    patient = a_patient(home)
    event = an_event(home, patient, amount, service_at=datetime(2030, 1, 2, 15, tzinfo=UTC))
    order = Order(home.location, [Tender(Method.CARD, amount)], patient=patient, event=event)
    payment = Payment.objects.get(receipt=record_payment(patient.account, order, by=home.itself))
    hold_credit(received_credit(payment.pk), amount, by=home.itself, event=event)
    move_event(event, EventState.CANCELLED, by=home.itself, reason="Moves away")
    return payment


@pytest.mark.parametrize(
    ("days", "bucket"), [(0, 0), (30, 0), (31, 31), (60, 31), (61, 61), (90, 61), (91, 91), (400, 91)]
)
def test_money_stands_in_the_bucket_of_its_age(harbor, days, bucket):
    a_payment(harbor, a_patient(harbor).account, 1000, on=ago(harbor, days))
    assert dict(seen(harbor).ages) == {bucket: Sums(1000, 1)}


def test_money_is_told_by_location_method_and_kind(harbor):
    annex = Location.objects.create(name="Annex")
    paid(harbor, 1000)
    paid(harbor, 300, Method.CHEQUE, location=annex)
    held = paid(harbor, 500)
    hold_credit(received_credit(held.pk), 200, by=harbor.itself, criteria={"procedure": "D2740"})

    found = seen(harbor)

    assert found.total == Sums(1600, 3)
    assert dict(found.locations) == {harbor.location.pk: Sums(1300, 2), annex.pk: Sums(300, 1)}
    assert dict(found.methods) == {"cash": Sums(1300, 2), "cheque": Sums(300, 1)}
    assert found.totals["pre_payment"] == Sums(200, 1)
    assert found.totals["deposit"] == Sums()


def test_what_is_applied_or_reserved_is_not_in_hand(harbor):
    patient = a_patient(harbor)
    payment = a_payment(harbor, patient.account, 1000)
    apply_credit(received_credit(payment.pk), [(a_charge(harbor, patient, 400), 400)], by=harbor.rita)
    back(harbor, payment, 100)
    assert seen(harbor).total == Sums(500, 1)


def test_money_of_a_cancelled_treatment_is_told_apart_and_counts_in_its_kind(harbor):
    for_a_cancelled_treatment(harbor, 700)
    paid(harbor, 100)
    found = seen(harbor, CANCELLED)
    assert found.total == Sums(700, 1)
    assert found.totals["pre_payment"] == Sums(700, 1)
    assert dict(found.methods) == {"card": Sums(700, 1)}


def test_trend_is_what_was_in_hand_at_each_months_end(harbor):
    """Computed from the ledger by business date: 10.00 two months ago, 4.00 of it applied now, 3.00 since."""
    patient, today = a_patient(harbor), clock.today(harbor.clinic)
    long_ago = (today.replace(day=1) - timedelta(days=1)).replace(day=1) - timedelta(days=1)
    payment = a_payment(harbor, patient.account, 1000, on=long_ago)
    apply_credit(received_credit(payment.pk), [(a_charge(harbor, patient, 400), 400)], by=harbor.rita)
    paid(harbor, 300)

    ends = month_ends("unapplied", today)

    assert [left for _, left in ends] == [0] * 9 + [1000, 1000, 900]
    assert ends[-1][0] == today.replace(day=1)


def test_trend_knows_what_is_older_than_a_year(harbor):
    a_payment(harbor, a_patient(harbor).account, 1000, on=ago(harbor, 800))
    assert [left for _, left in month_ends("unapplied", clock.today(harbor.clinic))] == [1000] * 12


@pytest.fixture
def page(client, harbor):
    def get(query: str = "", who: str = "adam", name: str = "deposits_overview", **more):
        client.force_login(getattr(harbor, who).user)
        return client.get(address(harbor.clinic, name) + query, **more)

    return get


def test_each_number_leads_to_its_list(harbor, page):
    old, new = (a_payment(harbor, a_patient(harbor).account, n, on=ago(harbor, n)) for n in (100, 10))
    html = page("?kind=unapplied").content.decode()
    for query in (
        "kind=unapplied&amp;age=91",
        f"kind=unapplied&amp;location={harbor.location.pk}",
        "kind=unapplied&amp;method=cash",
    ):
        assert query in html
    listed = page("?kind=unapplied&age=91").content.decode()
    assert old.ref in listed
    assert new.ref not in listed
    assert 'name="kind" value="unapplied"' in listed


def test_filters_keep_the_tab_and_a_part_brings_its_exports(harbor, page):
    payment = paid(harbor, 1000)
    part = page("?kind=unapplied&method=cash", headers=HTMX).content.decode()
    assert payment.ref in part
    assert "export.csv?kind=unapplied&amp;method=cash" in part
    assert payment.ref not in page("?kind=unapplied&method=card").content.decode()


def test_cancelled_treatment_is_a_click_from_release_and_refund(harbor, page):
    payment = for_a_cancelled_treatment(harbor, 700)
    held = Credit.objects.get(kind=CreditKind.PRE_PAYMENT)
    html = page("?kind=cancelled").content.decode()
    assert address(harbor.clinic, "hold_release", number=payment.number, held=held.pk) in html
    assert address(harbor.clinic, "payment_refund", number=payment.number) in html
    assert "Cancelled" in Words(html).text


def test_nothing_in_hand_is_said(page):
    text = Words(page().content.decode()).text
    assert "Nothing lies here" in text
    assert "By age" not in text


@pytest.mark.parametrize(
    "query", ["?kind=nonsense", "?age=x", "?location=999", "?method=x", "?q=%00", "?sort=x&after=x"]
)
def test_nonsense_in_the_address_is_no_error(harbor, page, query):
    paid(harbor, 1000)
    assert page(query).status_code == 200


def test_reception_is_told_who_may(page):
    answer = page(who="rita")
    assert answer.status_code == 403
    assert "Billing, Admin or Owner" in answer.content.decode()


def test_exports_follow_the_filters(harbor, page):
    payment = a_payment(harbor, a_patient(harbor).account, 1000, on=ago(harbor, 40))
    paid(harbor, 500)
    answer = page("?kind=unapplied&age=31", name="deposits_csv")
    head, row = csv.reader(io.StringIO(answer.getvalue().decode().lstrip("\ufeff")))
    assert head[:2] == ["Payment", "Patient or account"]
    assert (row[0], row[4], row[-1]) == (payment.ref, "40", "10.00")
    book = page("?kind=unapplied", name="deposits_xlsx")
    assert ZipFile(io.BytesIO(book.getvalue())).testzip() is None
