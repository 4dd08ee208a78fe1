from datetime import UTC, date, datetime

import pytest
import time_machine
from django.template import Context, Template
from django.utils import timezone

from clinicpay.ui.nav import NavItem, mark_active
from clinicpay.ui.words import day_words, device_words, label, tone

NOW = datetime(2026, 11, 21, 20, 40, tzinfo=UTC)  # 3:40 PM in New York


def drawn(text, clinic, **values):
    return Template("{% load ui %}" + text).render(Context({"clinic": clinic, **values}))


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW, "today 3:40 PM"),
        (datetime(2026, 11, 21, 5, 0, tzinfo=UTC), "today 12:00 AM"),
        (datetime(2026, 11, 21, 4, 59, tzinfo=UTC), "yesterday 11:59 PM"),
        (datetime(2026, 11, 20, 20, 40, tzinfo=UTC), "Nov 20, 2026"),
        (datetime(2026, 11, 22, 4, 0, tzinfo=UTC), "today 11:00 PM"),
        (datetime(2026, 11, 23, 4, 0, tzinfo=UTC), "Nov 22, 2026"),
        (date(2026, 11, 1), "Nov 1, 2026"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_when_speaks_the_clinics_time(clinic, moment, words):
    assert f">{words}</time>" in drawn("{% when moment %}", clinic, moment=moment)


def test_day_of_a_moment_is_the_day_where_the_page_is_read():
    late = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    with timezone.override("America/New_York"):
        assert day_words(late) == "Nov 21, 2026"
        assert day_words(date(2026, 11, 22)) == "Nov 22, 2026"
    with timezone.override("Asia/Tokyo"):
        assert day_words(late) == "Nov 22, 2026"


@time_machine.travel(NOW, tick=False)
def test_when_shows_the_whole_time_on_hover(clinic):
    assert 'title="Saturday, Nov 21, 2026, 3:40 PM EST"' in drawn("{% when moment %}", clinic, moment=NOW)


@time_machine.travel(NOW, tick=False)
def test_printed_page_says_when_by_the_clinics_clock(clinic):
    assert drawn("{% printed_at %}", clinic) == "Nov 21, 2026, 3:40 PM"


def test_when_without_a_moment_is_a_dash(clinic):
    assert "–" in drawn("{% when moment %}", clinic, moment=None)


def test_money_needs_a_currency(clinic):
    assert drawn("{% money 123450 %}", clinic) == "$1,234.50"
    assert drawn("{% money 450 'JPY' %}", None) == "¥450"
    assert drawn("{% money none %}", clinic, none=None) == ""
    with pytest.raises(Exception, match="currency"):
        drawn("{% money 1 %}", None)


@pytest.mark.parametrize(
    ("state", "glyph", "said"),
    [
        ("full", "●", "fully allocated"),
        ("part", "◐", "partly allocated, $36.00 left"),
        ("held", "◆", "held as pre-payment, $36.00 left"),
        ("", "○", "not allocated"),
    ],
)
def test_allocation_never_speaks_by_color_alone(clinic, state, glyph, said):
    html = drawn("{% allocated 6000 state left %}", clinic, state=state, left=3600)

    assert f'data-alloc="{state}"' in html
    assert glyph in html
    assert f'<span class="visually-hidden"> {said}</span>' in html


@pytest.mark.parametrize(
    ("state", "colour"),
    [
        ("paid", "paid"),
        ("pending", "waiting"),
        ("partial", "waiting"),
        ("failed", "failed"),
        ("voided", "quiet"),
        ("no_charge", "quiet"),
        ("partially_refunded", "refunded"),
        ("Pending", "waiting"),
        ("never-heard-of", "quiet"),
    ],
)
def test_tone_of_a_state(state, colour):
    assert tone(state) == colour


def test_pill_has_its_words_and_escapes_them(clinic):
    assert drawn("{% pill 'partially_refunded' %}", clinic) == (
        '<span class="pill pill-refunded">Partially Refunded</span>'
    )
    assert "&lt;b&gt;" in drawn("{% pill 'paid' words %}", clinic, words="<b>")
    assert label("no_charge") == "No Charge"


def test_icon_is_hidden_unless_it_stands_for_words(clinic):
    assert 'aria-hidden="true"' in drawn("{% icon 'cash' %}", clinic)
    assert 'aria-label="Cash"' in drawn("{% icon 'cash' 'Cash' %}", clinic)
    assert "sprite.svg#cash" in drawn("{% icon 'cash' %}", clinic)


def test_long_job_counts_in_thousands_for_people_and_plainly_for_the_browser(clinic):
    job = {"done": 1250, "total": 12000, "text": "Applying", "is_over": True}

    bar = drawn("{% include 'ui/progress.html' %}", clinic, job=job)

    assert '<progress max="12000" value="1250">1,250 of 12,000</progress>' in bar
    assert 'role="status">1,250 of 12,000<' in bar


def test_menu_marks_the_longest_address_and_its_parent():
    items = [
        NavItem("Today", url="/c/h/"),
        NavItem("Payments", url="/c/h/payments/", also=("/c/h/receipts/",)),
        NavItem("Billing", children=(NavItem("Plans", url="/c/h/plans/"), NavItem("Follow-ups", url="/c/h/f/"))),
    ]

    today, payments, billing = mark_active(items, "/c/h/plans/3/")
    assert (today.active, billing.active) == (False, True)
    assert [child.active for child in billing.children] == [True, False]
    assert not payments.active
    assert [item.active for item in mark_active(items, "/c/h/elsewhere/")] == [True, False, False]
    assert [item.active for item in mark_active(items, "/c/h/receipts/R-3/")] == [False, True, False]
    assert not any(item.active for item in mark_active(items, "/accounts/"))


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
            "Chrome on Windows",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile", "Chrome on Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox on Linux"),
        ("", "A browser"),
    ],
)
def test_device_is_told_in_words(agent, device):
    assert device_words(agent) == device
