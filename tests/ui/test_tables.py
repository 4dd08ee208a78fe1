from types import SimpleNamespace

import pytest
from django.contrib.sessions.models import Session
from django.template.loader import render_to_string

from clinicpay.ui.tables import Empty, ListTable, column


class PaymentTable(ListTable):
    number = column("Payment", css="mono")
    amount = column("Amount", css="num")
    memo = column("Memo", order_by=None, css="wide-only")
    acts = column("Actions", order_by=None, hidden_label=True)

    row_template = "ui/tests_rows.html"
    noun = "payments"
    empty = Empty("No payments yet", "They appear here.", "Create Payment", "/new/")

    class Meta:
        order_by = "-number"


def rows(count):
    return [{"number": f"PAY-{i:03}", "amount": i % 7, "memo": ""} for i in range(count)]


@pytest.fixture(autouse=True)
def row_template(settings, tmp_path):
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [*settings.TEMPLATES[0]["DIRS"], tmp_path]}]
    (tmp_path / "ui").mkdir()
    (tmp_path / "ui/tests_rows.html").write_text(
        "{% for row in rows %}<tr data-row><td>{{ row.number }}</td></tr>{% endfor %}"
    )


def test_first_page_in_the_default_order(ask):
    table = PaymentTable.of(ask("/p/"), rows(40))

    assert [row["number"] for row in table.drawn][:2] == ["PAY-039", "PAY-038"]
    assert len(table.drawn) == 15
    assert table.paginator.count_label == "40"


def test_headers_sort_and_turn_round(ask):
    table = PaymentTable.of(ask("/p/?sort=amount&status=paid&page=2"), rows(40))
    number, amount, memo, acts = table.headers

    assert (amount.direction, amount.url) == ("ascending", "?sort=-amount&status=paid")
    assert (number.direction, number.url) == ("", "?sort=number&status=paid")
    assert (memo.url, memo.css) == ("", "wide-only")
    assert acts.hidden_label


def test_unknown_sort_keeps_the_default_order(ask):
    assert PaymentTable.of(ask("/p/?sort=password"), rows(3)).drawn[0]["number"] == "PAY-002"


@pytest.mark.parametrize(("asked", "size"), [("50", 50), ("100", 100), ("1000000", 15), ("x", 15), ("", 15)])
def test_page_size_is_one_of_three(ask, asked, size):
    assert PaymentTable.of(ask(f"/p/?per={asked}"), rows(3)).size == size


def test_query_set_is_ordered_by_its_key_last(ask):
    class SessionTable(ListTable):
        expire_date = column("Expires")
        row_template = "ui/tests_rows.html"

    for address, order in (
        ("/?sort=-expire_date", ("-expire_date", "-pk")),
        ("/", ("pk",)),
    ):
        table = SessionTable.__new__(SessionTable)
        table.data = SimpleNamespace(data=Session.objects.order_by(*[o for o in order if "pk" not in o]))
        assert table.ordered().query.order_by == order, address


def test_drawn_table_says_where_it_stands(ask):
    request = ask("/p/?sort=-amount")
    html = render_to_string("ui/table.html", {"table": PaymentTable.of(request, rows(40))}, request)

    assert 'id="results"' in html
    assert html.count("<tr data-row>") == 15
    assert 'aria-sort="descending"' in html
    assert '<input type="hidden" name="sort" value="-amount" form="filters">' in html
    assert "1–15 of <strong>40</strong> payments" in html
    assert 'aria-current="page">1</span>' in html


def test_empty_table_offers_the_first_step(ask):
    request = ask("/p/")
    html = render_to_string("ui/table.html", {"table": PaymentTable.of(request, [])}, request)

    assert "No payments yet" in html
    assert 'href="/new/"' in html
    assert "<table" not in html


def test_empty_table_with_filters_offers_to_clear_them(ask):
    request = ask("/p/?q=x")
    chosen = SimpleNamespace(is_filtered=True, chips=[], clear_url="?")
    html = render_to_string("ui/table.html", {"table": PaymentTable.of(request, []), "filter": chosen}, request)

    assert "No payments match these filters" in html
    assert "No payments yet" not in html


class PrintedTable(PaymentTable):
    prints_whole = True


def test_print_asks_for_all_rows_of_a_list_that_has_more_pages(ask):
    """By pages, the page of the address is told on paper; whole, there is nothing left to ask for."""
    cut, short, plain = (
        PrintedTable.of(ask("/p/?q=kle&page=2&per=50"), rows(60)),
        PrintedTable.of(ask("/p/"), rows(15)),
        PaymentTable.of(ask("/p/"), rows(60)),
    )
    request = ask("/p/?q=kle&rows=all&sort=amount")
    whole = PrintedTable.of(request, rows(60))

    assert (cut.whole, short.whole, plain.whole) == ("?q=kle&rows=all", "", "")
    assert (len(whole.drawn), whole.whole, whole.is_cut) == (60, "", False)
    assert "rows=all" not in whole.headers[0].url + "".join(size.url for size in whole.sizes)
    assert "Not all" not in render_to_string("ui/table.html", {"table": whole}, request)


def test_rows_that_are_not_printed_are_told_on_paper(ask, monkeypatch):
    request = ask("/p/?page=2")
    html = render_to_string("ui/table.html", {"table": PrintedTable.of(request, rows(60))}, request)
    monkeypatch.setattr("clinicpay.ui.tables.WHOLE", 50)
    too_long = PrintedTable.of(ask("/p/?rows=all"), rows(60))

    assert '<p class="print-only">Not all: 16–30 of 60 payments.</p>' in html
    assert 'data-whole="?rows=all"' in html
    assert (len(too_long.drawn), too_long.is_cut, too_long.whole) == (50, True, "")


def test_only_a_list_that_prints_whole_draws_more_than_the_sizes_offer(ask):
    assert PaymentTable.of(ask("/p/?rows=all"), rows(60)).size == 15
