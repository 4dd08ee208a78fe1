"""The payments page: its columns, orders, filters, search and export (S1.5–S1.30)."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.patients.models import Account
from clinicpay.patients.services import change_patient, open_account
from clinicpay.staff.saved_views import save_view
from payments.models import Payment
from payments.states import PaymentStatus
from tests.factories import a_patient, a_payment, a_receipt, an_event, make_clinic
from tests.payments.requests import a_request, one_of_each

PLACE = "/c/harbor/payments/"
COLUMNS = ["Payment ID", "Patient", "Amount", "Status", "Due Date", "Treatment", "Created", "Memo"]


@pytest.fixture
def rita(harbor, client):
    """Reception, signed in."""
    client.force_login(harbor.rita.user)
    return client


@pytest.fixture
def some(harbor):
    """Four payments that differ in everything that the list sorts by."""
    anna, zoe = a_patient(harbor, "Anna", "Berg"), a_patient(harbor, "Zoë", "Abel")
    today, now = clock.today(harbor.clinic), timezone.now()
    event = an_event(harbor, anna, 5000)
    return [
        a_request(harbor, zoe, 90000, "pending", due_date=today + timedelta(1), created_at=now - timedelta(4)),
        a_request(harbor, anna, 5000, "draft", event=event, memo="Crown", created_at=now - timedelta(3)),
        a_request(harbor, anna, 20000, "failed", due_date=today - timedelta(1), created_at=now - timedelta(2)),
        a_payment(harbor, zoe.account, 700),  # on the account, for no patient
    ]


def cells(page: str) -> list[list[str]]:
    """The words of each row, cell by cell, as they are seen."""
    page = re.sub(r'<span class="(visually-hidden|glyph)".*?</span>', "", page, flags=re.DOTALL)
    rows = re.findall(r"<tr data-row>(.*?)</tr>", page, re.DOTALL)
    return [[re.sub(r"<[^>]+>", "", one).strip() for one in re.findall(r"<td[^>]*>(.*?)</td>", row)] for row in rows]


def refs(client, query: str = "", **asked) -> list[str]:
    answer = client.get(f"{PLACE}{query}", asked or None)
    assert answer.status_code == 200
    return [row[0] for row in cells(answer.content.decode())]


def ref(*payments) -> list[str]:
    return [payment.ref for payment in payments]


def test_s1_10_payments_is_in_the_main_menu_of_those_who_see_money(harbor, rita):
    entry = f'href="{PLACE}"'

    menu = rita.get("/c/harbor/today/").content.decode().partition("</nav>")[0]
    rita.force_login(harbor.petra.user)
    practitioners = rita.get("/c/harbor/today/").content.decode()

    assert "Payments" in menu.partition(entry)[2].partition("</a>")[0]
    assert entry not in practitioners
    assert rita.get(PLACE).status_code == 403


def test_s1_11_list_is_paginated_and_lists_all(harbor, rita):
    patient = a_patient(harbor)
    made = [a_request(harbor, patient, 100 + n) for n in range(40)]

    pages = [refs(rita, page=number) for number in (1, 2, 3)]

    assert [len(page) for page in pages] == [15, 15, 10]
    assert sorted(one for page in pages for one in page) == sorted(ref(*made))


def test_s1_12_to_s1_19_columns_are_exactly_the_named_ones(harbor, rita, some):
    page = rita.get(PLACE).content.decode()
    head = re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([^<]+)', page)
    rows = {row[0]: row for row in cells(page)}

    assert head == COLUMNS
    number, patient, amount, status, due, treatment, created, memo = rows[some[1].ref]
    assert re.fullmatch(r"PAY-\d{3,}", number)  # S1.12
    assert (patient, amount, status) == ("Anna Berg", "$50.00", "Draft")  # S1.13 to S1.15
    assert (due, treatment, memo) == ("–", some[1].event.ref, "Crown")  # S1.16, S1.17, S1.19
    assert created == f"{some[1].created_at.astimezone(clock.zone(harbor.clinic)):%b %-d, %Y}"  # S1.18
    assert rows[some[0].ref][5] == ""  # no treatment: blank
    assert rows[some[3].ref][1] == "Zoë Abel"  # the account's name where there is no patient


def test_s1_17_treatment_links_to_its_page_and_s1_60_row_to_the_payment(rita, some):
    page = rita.get(PLACE).content.decode()

    assert f'href="/c/harbor/treatments/{some[1].event.ref}/"' in page
    assert f'<a data-open href="{PLACE}{some[1].ref}/">' in page


def test_memo_waits_for_wide_screens_and_a_phone_gets_two_lines(rita, some):
    page = rita.get(PLACE).content.decode()

    assert re.search(r'<th scope="col" class="wide-only">Memo', page)
    assert page.count('class="cut wide-only"') == 4
    assert 'class="table table-hover list-table two-lines"' in page
    assert all(f'{mark}"' in page for mark in ("m1", "m1e", "m2", "m2e"))


def test_overdue_due_date_is_said_and_red(rita, some):
    page = rita.get(PLACE).content.decode()

    assert page.count('class="late"><time') == 1
    assert '</time><span class="visually-hidden"> overdue</span>' in page


ORDERS = {
    "created": [0, 1, 2, 3],  # S1.23
    "amount": [3, 1, 2, 0],  # S1.24: by number, so 7.00 stands before 50.00
    "status": [1, 2, 3, 0],  # S1.26: draft, failed, paid, pending
    "number": [0, 1, 2, 3],
}


@pytest.mark.parametrize(("sort", "order"), ORDERS.items())
def test_s1_23_24_26_orders_go_up_and_down(rita, some, sort, order):
    upwards = ref(*(some[at] for at in order))

    assert refs(rita, sort=sort) == upwards
    assert refs(rita, sort=f"-{sort}") == upwards[::-1]


def test_s1_25_order_by_due_date_has_none_last_up_and_down(rita, some):
    assert refs(rita, sort="due")[:2] == ref(some[2], some[0])
    assert refs(rita, sort="-due")[:2] == ref(some[0], some[2])
    assert sorted(refs(rita, sort="due")[2:]) == sorted(refs(rita, sort="-due")[2:]) == sorted(ref(some[1], some[3]))


def test_s1_27_order_by_patient_goes_by_last_name_without_accents(harbor, rita, some):
    names = [row[1] for row in cells(rita.get(PLACE, {"sort": "patient"}).content.decode())]

    assert names == ["Zoë Abel", "Anna Berg", "Anna Berg", "Zoë Abel"]  # the last is an account, by its first word
    assert refs(rita, sort="-patient") == refs(rita, sort="patient")[::-1]


def test_order_by_patient_follows_a_corrected_name(harbor, rita, some):
    anna = some[1].patient
    details = {name: getattr(anna, name) for name in ("first_name", "birth_date", "sex", "email", "phone", "address")}
    change_patient(anna, by=harbor.rita, last_name="Aalto", **details)

    keys = dict(Payment.objects.values_list("number", "name_key"))

    assert keys[some[1].number] == keys[some[2].number] == "aalto anna"
    assert refs(rita, sort="patient")[:2] == ref(some[1], some[2])


def test_name_of_an_account_without_patient_is_kept_too(harbor):
    insurer = open_account(by=harbor.itself, kind=Account.Kind.INSURANCE, name="Béacon Dental")
    payment = a_payment(harbor, insurer, 100)
    assert Payment.objects.get(pk=payment.pk).name_key == "beacon dental"

    insurer.name = "Zenith"
    insurer.save(update_fields=["name"])

    assert Payment.objects.get(pk=payment.pk).name_key == "zenith"


def test_header_says_the_order_and_leads_to_the_other_way(rita, some):
    page = rita.get(PLACE, {"sort": "due", "status": "pending"}).content.decode()

    assert re.search(r'aria-sort="ascending"><a class="sort"[^>]*href="\?[^"]*sort=-due', page)
    assert "status=pending" in re.search(r'href="(\?[^"]*sort=-due[^"]*)"', page)[1]


def test_s1_20_filter_bar_narrows_and_shows_what_is_set(rita, some):
    page = rita.get(PLACE, {"status": "draft"}).content.decode()

    assert 'aria-label="Filters"' in page
    assert 'aria-label="Remove filter Status: Draft"' in page
    assert ">Clear all</a>" in page


def test_s1_21_filter_by_status_has_exactly_nine_values(harbor, rita):
    made = one_of_each(harbor, a_patient(harbor))
    boxes = re.findall(
        r'type="checkbox" name="status" value="(\w+)"[^>]*><span[^>]*>([^<]+)', rita.get(PLACE).content.decode()
    )

    assert boxes == PaymentStatus.choices
    assert {label for _, label in boxes} == {
        *("Draft", "Pending", "Processing", "Paid", "Failed", "Cancelled", "Refunded", "Partially Refunded", "Voided")
    }
    for status, payment in made.items():
        assert refs(rita, status=status) == ref(payment)
    assert set(refs(rita, "?status=draft&status=voided")) == set(ref(made["draft"], made["voided"]))


def test_s1_22_filter_by_location_is_that_of_the_linked_treatment(harbor, rita):
    """Not where the payment was taken."""
    patient, there = a_patient(harbor), Location.objects.create(name="Main Street")
    linked = a_request(harbor, patient, 100, event=an_event(harbor, patient, 100, location=there))
    Payment.objects.get(pk=a_request(harbor, patient, 200).pk)
    a_receipt(harbor, patient.account, 300, location=there)

    assert refs(rita, location=there.pk) == ref(linked)
    assert refs(rita, location=harbor.location.pk) == []
    assert "Main Street" in rita.get(PLACE, {"location": there.pk}).content.decode()


def test_location_of_another_clinic_is_refused(rita, some):
    strange = make_clinic("strange").location

    page = rita.get(PLACE, {"location": strange.pk}).content.decode()

    assert len(cells(page)) == 4  # filters nothing, and says so
    assert f"Treatment location: Select a valid choice. {strange.pk} is not one of the available choices." in page
    assert "Remove filter" not in page


DUE = {"today": [0], "week": [0, 1, 2], "overdue": [-1, -8, -9]}


@pytest.fixture
def due(harbor, monkeypatch):
    """Payments due today, this week and earlier; on a Wednesday, so that yesterday is of this week."""
    monkeypatch.setattr(clock, "today", lambda _clinic: datetime(2026, 11, 18, tzinfo=UTC).date())
    patient, today = a_patient(harbor), clock.today(harbor.clinic)
    made = {days: a_request(harbor, patient, 100, due_date=today + timedelta(days)) for days in (-8, -1, 0, 2, 4, 5)}
    made[-9] = a_request(harbor, patient, 100, "failed", due_date=today - timedelta(9))
    made[None] = a_request(harbor, patient, 100)
    a_request(harbor, patient, 100, "cancelled", due_date=today - timedelta(9))
    return made


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ({"due": "today"}, [0]),
        ({"due": "week"}, [-1, 0, 2, 4]),  # Monday to Sunday
        ({"due": "overdue"}, [-9, -8, -1]),  # draft, pending, processing or failed, due before today (G4)
        ({"due": "range", "due_on_after": "2026-11-20", "due_on_before": "2026-11-22"}, [2, 4]),
        ({"due": "range", "due_on_after": "2026-11-22"}, [4, 5]),
        ({"due": "range", "due_on_before": "2026-11-09"}, [-9, "cancelled"]),
    ],
    ids=str,
)
def test_due_menu(rita, due, asked, days):
    found = set(refs(rita, **asked))

    due["cancelled"] = Payment.objects.get(status="cancelled")
    assert found == set(ref(*(due[day] for day in days)))


def test_dates_of_the_due_menu_count_only_while_it_says_between(rita, due):
    asked = {"due": "today", "due_on_after": "2020-01-01"}

    page = rita.get(PLACE, asked).content.decode()

    assert len(cells(page)) == 1
    assert "Remove filter Due from" not in page


def test_created_range_waits_behind_more_and_goes_by_the_clinics_days(harbor, rita):
    patient = a_patient(harbor)
    late = a_request(harbor, patient, 100, created_at=datetime(2026, 3, 3, 4, 30, tzinfo=UTC))  # 2 March, 23:30 there
    a_request(harbor, patient, 100, created_at=datetime(2026, 3, 3, 5, 30, tzinfo=UTC))

    assert refs(rita, created_after="2026-03-02", created_before="2026-03-02") == ref(late)


@pytest.mark.parametrize("typed", ["PAY-{:03d}", "pay-{}", "{}"])
def test_s1_28_search_finds_by_payment_id(rita, some, typed):
    assert refs(rita, q=typed.format(some[2].number)) == ref(some[2])


@pytest.mark.parametrize("typed", ["berg", "anna b", "ANNA", "ber ann"])
def test_s1_29_search_finds_by_patient_name(rita, some, typed):
    assert refs(rita, q=typed) == ref(some[2], some[1])


def test_search_for_a_common_beginning_finds_all_of_it(harbor, rita, some, monkeypatch):
    """With more patients than are looked up one by one."""
    monkeypatch.setattr("payments.filters.FEW", 0)

    assert refs(rita, q="b") == ref(some[2], some[1])


@pytest.mark.parametrize("typed", ["beacon", "Dental bea", "AC-{:03d}"])
@pytest.mark.parametrize("few", [0, 200])
def test_s1_29_search_finds_what_a_payer_sent_by_the_name_that_stands_in_the_column(
    harbor, rita, some, typed, few, monkeypatch
):
    """With many patients of the name and with few; "con" is in the name, but no word of it begins so."""
    a_patient(harbor, "Bea", "Dental")
    monkeypatch.setattr("payments.filters.FEW", few)
    insurer = open_account(by=harbor.itself, kind=Account.Kind.INSURANCE, name="Beacon Dental Insurance")
    sent = a_payment(harbor, insurer, 700)

    assert refs(rita, q=typed.format(insurer.number)) == ref(sent)
    assert refs(rita, q="con") == []


def test_s1_30_filters_order_search_and_page_stand_in_the_address(harbor, rita):
    patient = a_patient(harbor, "Maya", "Okafor")
    for n in range(33):
        a_request(harbor, patient, 100 + n, "pending" if n % 3 else "draft")
    page = rita.get(PLACE, {"q": "okafor", "status": "pending", "sort": "-amount"}).content.decode()
    (following,) = set(re.findall(r'href="(\?[^"]*page=2[^"]*)" hx-get', page))

    asked = parse_qs(urlsplit(following.replace("&amp;", "&")).query)
    second = refs(rita, following.replace("&amp;", "&"))

    assert asked == {"q": ["okafor"], "status": ["pending"], "sort": ["-amount"], "page": ["2"]}
    assert len(second) == 7
    assert set(second) < set(ref(*Payment.objects.filter(status="pending")))


def test_saved_view_keeps_the_new_filters(harbor, rita, some):
    save_view(harbor.rita, page="payments", name="Late", query="due=overdue&status=pending&status=failed&sort=-due")

    page = rita.get(PLACE).content.decode()
    (url,) = re.findall(r'class="cut-tab" href="([^"]+)"', page)

    assert refs(rita, urlsplit(url.replace("&amp;", "&")).query.join(["?", ""])) == ref(some[2])


def test_wrong_words_in_the_address_are_no_error(rita, some):
    query = "?status=x&due=never&due_on_after=yesterday&created_after=1&location=x&sort=memo&page=no&q=%00"

    assert len(refs(rita, query)) == 4


def test_empty_list_says_so_and_a_filtered_one_offers_to_clear(rita):
    assert "No payments yet" in rita.get(PLACE).content.decode()
    page = rita.get(PLACE, {"status": "paid"}).content.decode()
    assert "No payments match these filters" in page
    assert "Clear filters" in page


def test_part_for_htmx_has_the_rows_and_the_export_but_no_cards(rita, some):
    part = rita.get(PLACE, {"status": "draft"}, headers={"HX-Request": "true"}).content.decode()

    assert len(cells(part)) == 1
    assert "Total Collected" not in part
    assert 'id="list-actions" hx-swap-oob="true"' in part
    assert f'href="{PLACE}export.csv?status=draft"' in part
