"""The three cards over the payments list, beside sums that are made another way."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.models import Sum

from balances.checks import CHECKS, measure
from clinicpay.clinics import clock
from clinicpay.clinics.scope import clinic_scope
from clinicpay.tasks import fold_clinic_tallies
from payments.models import Payment, Refund, Tally
from payments.queries import cards
from payments.queries.cards import last_months
from payments.services import fold_tallies, record_return, reverse_refund
from payments.states import MONEY, Method, PaymentStatus, RefundStatus, ReturnReason
from tests.factories import a_patient, a_payment, make_clinic
from tests.payments.requests import a_request, entered_in_error, one_of_each

PLACE = "/c/harbor/payments/"


@pytest.fixture
def full(harbor, client):
    """All nine statuses, returns, a payment of an earlier month, and another clinic that has as much."""
    today = clock.today(harbor.clinic)
    other = make_clinic("elsewhere")
    with clinic_scope(other.clinic):
        one_of_each(other, a_patient(other), due=today - timedelta(1))
    patient = a_patient(harbor)
    one_of_each(harbor, patient, due=today - timedelta(1))
    a_request(harbor, patient, 123, "pending", due_date=today)
    a_payment(harbor, patient.account, 5000, on=today - timedelta(80))
    bounced = a_payment(harbor, patient.account, 600, method=Method.CHEQUE)
    record_return(bounced, 600, by=harbor.bill, reason=ReturnReason.BOUNCED)
    lost = a_payment(harbor, patient.account, 700, method=Method.CARD)
    reverse_refund(
        record_return(lost, 700, by=harbor.bill, reason=ReturnReason.CHARGEBACK), by=harbor.bill, reason="won"
    )
    entered_in_error(harbor, patient, 99)
    client.force_login(harbor.rita.user)
    return harbor


def collected() -> tuple[int, int]:
    """Gross and returned, from the payments and their refunds rather than from the ledger."""
    gross = Payment.objects.filter(status__in=MONEY).aggregate(sum=Sum("amount", default=0))["sum"]
    gone = Refund.objects.filter(status=RefundStatus.SUCCEEDED, reversed_at=None)
    return gross, gone.aggregate(sum=Sum("amount", default=0))["sum"]


def words(client, **asked) -> str:
    page = client.get(PLACE, asked).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_s1_5_the_cards_stand_above_the_list(full, client):
    page = client.get(PLACE).content.decode()

    places = [
        page.index(name) for name in ("Total Collected", "Outstanding", "Status Breakdown", '<table class="table')
    ]
    assert places == sorted(places)


def test_s1_6_total_collected_is_what_was_paid_less_what_went_back(full, client):
    """Reading C4: voided ones are out, refunds and returns are taken off, a return that was won is back in."""
    gross, gone = collected()
    figures = cards(clock.today(full.clinic))

    assert (figures.gross, figures.returned) == (gross, gone) == (30300, 12600)
    assert figures.collected == 17700
    assert "Total Collected $177.00 $303.00 received − $126.00 given back" in words(client)


def test_s1_7_the_trend_has_twelve_months_and_the_present_one_paler(full, client):
    today = clock.today(full.clinic)
    figures = cards(today)
    page = client.get(PLACE).content.decode()

    assert [month for month, _ in figures.months] == last_months(today)
    assert dict(figures.months)[(today - timedelta(80)).replace(day=1)] == 5000
    assert figures.months[-1][1] == 12700
    assert page.count('<g class="now"') == page.count('class="chart') == 2  # for a desk, and for a phone
    assert f"{today:%b} $127.00" in page  # said to screen readers


@pytest.mark.parametrize(
    ("today", "first"), [(date(2026, 1, 31), date(2025, 2, 1)), (date(2026, 12, 1), date(2026, 1, 1))]
)
def test_last_months_end_with_the_running_one(today, first):
    months = last_months(today)

    assert (len(months), months[0], months[-1]) == (12, first, today.replace(day=1))


def test_s1_8_outstanding_is_pending_processing_and_draft_exactly(full, client):
    """Of which overdue under it; what failed is told apart and not among it (C4)."""
    figures = cards(clock.today(full.clinic))
    of = Payment.objects.filter(status__in=["draft", "pending", "processing"])

    assert figures.outstanding.amount == of.aggregate(sum=Sum("amount"))["sum"] == 6123
    assert (figures.outstanding.count, figures.outstanding.late_count, figures.outstanding.late) == (4, 3, 6000)
    said = words(client)
    assert "Outstanding (payments not yet collected) $61.23 4 payments, of which overdue $60.00" in said
    assert "1 failed, $40.00" in said


def test_s1_9_status_breakdown_links_each_of_nine_statuses_to_its_payments(full, client):
    page = client.get(PLACE).content.decode()
    bars = re.findall(r'<li><a href="([^"]+)"><span class="name">([^<]+)</span>.*?<span class="n">(\d+)</span>', page)

    assert [name for _, name, _ in bars] == PaymentStatus.labels
    for url, _, count in bars:
        assert int(count) == Payment.objects.filter(status=url.rpartition("=")[2]).count()
        assert client.get(url).content.decode().count("<tr data-row") == int(count)


def test_link_of_what_is_overdue_leads_to_as_many_payments(full, client):
    page = client.get(PLACE).content.decode()
    (url,) = re.findall(r'href="([^"]*due=overdue[^"]*)">of which', page)

    assert client.get(url.replace("&amp;", "&")).content.decode().count("<tr data-row") == 3


def test_cards_of_an_empty_clinic_are_zero(harbor, client):
    client.force_login(harbor.olga.user)

    assert "Total Collected $0.00" in words(client)


def test_folding_changes_no_figure_and_leaves_one_line_for_each_meaning(full):
    today = clock.today(full.clinic)
    before, figures = Tally.objects.count(), cards(today)

    gone = fold_tallies()
    after = Tally.objects.count()

    assert cards(today) == figures
    assert after < before
    assert gone > before - after
    assert Tally.objects.values("status", "day").distinct().count() == after
    assert fold_tallies() == 0  # nothing is left to do, and nothing is written
    a_payment(full, a_patient(full).account, 4321)
    assert cards(today).gross == figures.gross + 4321  # live lines on top of folded ones


def test_task_folds_one_clinic_and_no_other(full):
    with clinic_scope(make_clinic("third").clinic):
        assert not Tally.objects.exists()
        assert fold_tallies() == 0

    assert fold_clinic_tallies(full.clinic.pk) > 0


def test_ledger_check_recomputes_the_sums(full):
    (check,) = [one for one in CHECKS if one.name == "tallies"]
    fold_tallies()
    with connection.cursor() as cursor:
        found = measure(check, cursor)

    assert (found.differences, found.examples) == (0, [])
    assert found.rows >= 11


def test_page_remembers_for_the_person_whether_the_charts_stand_open(full, client):
    """At the desk they are folded to begin with; others see them."""
    fold = re.compile(r'<details class="trend[^>]*data-remember="([^"]+)" data-kept="(\w+)"( open)?')
    place, kept, is_open = fold.search(client.get(PLACE).content.decode()).groups()
    assert (kept, is_open) == ("closed", None)

    assert client.post(place, {"open": "1"}).status_code == 204

    assert fold.search(client.get(PLACE).content.decode())[2] == "open"
    client.force_login(full.olga.user)
    assert fold.search(client.get(PLACE).content.decode())[2] == "open"
    client.post(place, {"open": ""})
    assert fold.search(client.get(PLACE).content.decode())[2] == "closed"


def test_made_up_part_is_not_remembered(full, client):
    assert client.post("/c/harbor/parts/anything/", {"open": "1"}).status_code == 204

    full.rita.user.refresh_from_db()
    assert full.rita.user.unfolded == ""
