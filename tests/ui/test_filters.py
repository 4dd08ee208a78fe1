import django_filters
from django.contrib.sessions.models import Session
from django.template.loader import render_to_string

from clinicpay.ui.filters import ListFilter


class SessionFilter(ListFilter):
    q = django_filters.CharFilter(label="Search", method="search")
    status = django_filters.MultipleChoiceFilter(
        label="Status", field_name="session_key", choices=[("paid", "Paid"), ("failed", "Failed")]
    )
    due = django_filters.DateFromToRangeFilter(label="Due", field_name="expire_date")
    more = ("due",)

    class Meta:
        model = Session
        fields = ["q", "status", "due"]

    def search(self, rows, name, value):
        return rows.filter(session_key__startswith=value)


def made(ask, address):
    return SessionFilter.of(ask(address), Session.objects.all())


def test_chips_name_what_is_set_and_lead_out_of_it(ask):
    chips = made(ask, "/p/?q=par&status=paid&status=failed&due_after=2026-11-01&sort=-due&page=3").chips

    assert [(chip.label, chip.value) for chip in chips] == [
        ("Search", "par"),
        ("Status", "Paid"),
        ("Status", "Failed"),
        ("Due from", "2026-11-01"),
    ]
    assert chips[1].url == "?q=par&status=failed&due_after=2026-11-01&sort=-due"


def test_clear_url_keeps_the_order(ask):
    assert made(ask, "/p/?q=par&status=paid&due_before=2026-11-01&sort=-due&page=3").clear_url == "?sort=-due"


def test_nothing_set_is_not_filtered(ask):
    assert not made(ask, "/p/?q=&status=&sort=due&utm=1").is_filtered


def test_word_that_the_list_does_not_read_is_nothing_to_keep(ask):
    """`?age=90` belongs to another list: here it filters nothing, and no bar of filters may look as if it did."""

    class Grouped(SessionFilter):
        beside = ("show",)

    assert not made(ask, "/p/?age=90").is_known
    assert not made(ask, "/p/?show=late").is_known
    assert made(ask, "/p/?age=90&status=paid").is_known
    assert Grouped.of(ask("/p/?show=late"), Session.objects.all()).is_known


def test_wrong_value_filters_nothing_and_says_so(ask):
    chosen = made(ask, "/p/?status=made-up&due_after=yesterday&q=%00")

    assert chosen.chips == []
    assert len(chosen.refused) == 3

    assert "WHERE" not in str(chosen.qs.query)
    assert set(chosen.form.errors) == {"q", "status", "due"}


def test_days_that_cross_filter_nothing_and_say_so(ask):
    chosen = made(ask, "/p/?due_after=2026-11-20&due_before=2026-11-01")

    assert "WHERE" not in str(chosen.qs.query)
    assert chosen.refused == [
        "Due: The first day is after the last one, so days were not filtered. Change one of them."
    ]
    assert not made(ask, "/p/?due_after=2026-11-01&due_before=2026-11-01").refused


def test_bar_draws_every_field_with_a_name(ask):
    request = ask("/p/?q=par")
    html = render_to_string("ui/filterbar.html", {"filter": made(ask, "/p/?q=par"), "legend": True}, request)

    assert 'action="/p/"' in html
    assert 'for="id_q"' in html
    assert 'value="par"' in html
    assert 'aria-label="Due from"' in html
    assert html.count('type="date"') == 2
    assert 'class="form-select"' in html
    assert "held as pre-payment" in html
