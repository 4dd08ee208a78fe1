"""The scripts of every page and its accessibility, in Chromium over a small gallery of patterns."""

import re
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django import forms
from django.template.loader import render_to_string
from playwright.sync_api import expect

from clinicpay.ui import charts
from clinicpay.ui.forms import ClinicForm, MoneyField, RequestKeyField
from clinicpay.ui.nav import NavItem
from clinicpay.ui.tables import ListTable, column
from tests.ui.browser import desk

__all__ = ["desk"]

HERE = Path(__file__).parent
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

NAV = [
    NavItem("Payments", "cash", "/list/", active=True, key="p"),
    NavItem(
        "Billing",
        "phone-call",
        badge=12,
        children=(NavItem("Follow-ups", url="/followups/", key="f", badge=12),),
    ),
]
ITEMS = [("TE-101", 4500), ("TE-102", 8000), ("INV-007", 2500)]
STATES = ["paid", "pending", "failed", "draft", "refunded", "planned_visit"]
ALLOCATIONS = ["full", "part", "held", ""]


class Payments(ListTable):
    number = column("Payment")
    patient = column("Patient")
    amount = column("Amount", css="num")
    status = column("Status")
    created = column("Created")
    row_template = "gallery/rows.html"
    noun = "payments"
    two_lines = True
    prints_whole = True


class PaymentForm(ClinicForm):
    request_key = RequestKeyField()
    amount = MoneyField(label="Amount")
    method = forms.ChoiceField(choices=[("cash", "Cash")], widget=forms.Select(attrs={"data-combo": ""}))
    memo = forms.CharField(label="Memo", required=False, help_text="Only staff sees it.")


def made(number):
    created = datetime(2026, 11, 1 + number % 20, 12, tzinfo=UTC)
    return {
        "number": f"PAY-{number:03}",
        "patient": "Ethan Park",
        "amount": 24050,
        "left": 3600,
        "allocation": ALLOCATIONS[number % 4],
        "status": STATES[number % 6],
        "created": created,
    }


@pytest.fixture
def gallery(desk, settings, ask, clinic):
    """The gallery's pages on the desk; posting the form without an amount answers 422."""
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [*settings.TEMPLATES[0]["DIRS"], HERE / "gallery"]}]
    person = type("Person", (), {"name": "Rita Moreno", "initials": "RM"})
    member = type("Member", (), {"role_label": "Reception", "user": person})
    frame = {"nav": NAV, "clinic": clinic, "member": member, "search_url": "/search/", "csrf_token": "t" * 32}

    def draw(name, path, **context):
        return render_to_string(f"gallery/{name}.html", frame | context | {"request": ask(path)})

    chart = charts.monthly_bars([("Oct", 119_000), ("Nov", 54_100)], "USD")
    bars = charts.status_bars([("paid", "Paid", 3, "?status=paid", "paid")])
    figures = [{"label": "Outstanding", "value": "$36.00", "note": "3 payments"}]
    table = Payments.of(ask("/list/"), [made(number) for number in range(1, 31)])
    desk.pages["/list/"] = draw("list", "/list/", table=table, trend=chart, bars=bars, figures=figures)
    events = [{"at": datetime(2026, 11, 1, tzinfo=UTC), "text": "Created", "who": "Rita", "icon": "plus"}]
    job = {"done": 3, "total": 8, "text": "Matching", "failed": False, "is_over": True}
    detail = {"events": events, "job": job, "steps": ["Patient", "Amount"], "step": 2}
    desk.pages["/detail/"] = draw("detail", "/detail/", **detail)
    desk.pages["/payments/PAY-003/"] = desk.pages["/detail/"]
    desk.pages["/sheet/"] = draw("sheet", "/sheet/", items=ITEMS)
    blank, wrong = (
        draw("form", "/new/", form=PaymentForm(currency="USD")),
        draw("form", "/new/", form=PaymentForm({"amount": "x", "request_key": str(uuid.uuid4())}, currency="USD")),
    )
    desk.pages["/new/"] = lambda request: {"body": blank} if request.method == "GET" else {"body": wrong, "status": 422}
    return desk


@pytest.mark.parametrize("path", ["/list/", "/detail/", "/new/", "/sheet/"])
@pytest.mark.parametrize("dark_phone", [False, True], ids=["light desk", "dark phone"])
def test_page_has_no_accessibility_violation(gallery, path, dark_phone):
    page = gallery.open(path, dark=dark_phone, phone=dark_phone, trusted=True)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    page.evaluate((HERE / "vendor/axe-core/axe.min.js").read_text())

    found = page.evaluate("axe.run()")["violations"]

    assert [(wrong["id"], [node["target"] for node in wrong["nodes"]]) for wrong in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("path", ["/list/", "/detail/", "/new/", "/sheet/"])
def test_page_breaks_no_rule_of_the_policy(gallery, path):
    page = gallery.open(path)

    assert page.evaluate("document.documentElement.classList.contains('js')")
    assert page.evaluate("typeof htmx") == "object"
    assert gallery.complaints == []


def test_rows_are_compact_and_fifteen_stand_above_the_fold(gallery):
    page = gallery.open("/list/")

    assert page.evaluate("document.querySelector('tbody tr').offsetHeight") == 31
    assert page.evaluate("document.querySelector('.figures').offsetHeight") == 72
    assert page.evaluate("document.querySelectorAll('tbody tr')[13].getBoundingClientRect().bottom") < 768


def test_keyboard_moves_through_rows_and_pages(gallery):
    page = gallery.open("/list/")
    page.context.clock.set_fixed_time(datetime(2026, 11, 1, tzinfo=UTC))  # the pause between g and p does not decide

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "PAY-002"

    page.keyboard.press("/")
    page.keyboard.type("jn?")
    expect(page.locator("#jump")).to_have_value("jn?")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_contain_text("Create Payment")
    expect(page.locator("#shortcuts")).to_contain_text("Follow-ups")
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
    page.keyboard.press("Control+n")
    assert page.url.endswith("/list/")
    with page.expect_navigation():
        page.keyboard.press("n")
    assert page.url.endswith("/new/")
    page.keyboard.press("g")
    with page.expect_navigation():
        page.keyboard.press("p")
    assert page.url.endswith("/list/")


def test_click_on_a_row_opens_its_link(gallery):
    page = gallery.open("/list/")

    page.locator("tbody tr").nth(2).locator("td").nth(1).click()
    page.wait_for_url("**/payments/PAY-003/")


def stand(fields, *values) -> None:
    """Each field has its value."""
    for at, value in enumerate(values):
        expect(fields.nth(at)).to_have_value(value)


def test_sheet_keeps_the_remainder_and_suggests_from_the_top(gallery):
    page = gallery.open("/sheet/")
    left, applies = page.locator("[data-left]"), page.locator("[data-apply]")

    expect(left).to_have_text("Nothing stays unapplied")
    page.fill("#id_amount", "1,000.5")
    expect(left).to_have_text("$850.50 stays unapplied")
    page.fill("#id_amount", "100")
    stand(applies, "45.00", "55.00", "")
    page.fill("[name='TE-102']", "20.05")
    expect(left).to_have_text("$34.95 stays unapplied")
    page.fill("#id_amount", "60")
    expect(applies.nth(1)).to_have_value("20.05")
    expect(left).to_have_text("$5.05 more than there is")
    assert not page.evaluate("document.querySelector('[data-money-sheet]').checkValidity()")
    page.fill("[name='TE-102']", "80.01")
    expect(applies.nth(1)).to_have_attribute("title", "At most $80.00.")
    page.click("text=Clear All")
    expect(left).to_have_text("$60.00 stays unapplied")
    page.click("text=Suggest")
    stand(applies, "45.00", "15.00", "")
    expect(page.locator("[data-applied-total]")).to_have_text("$60.00")


def test_tenders_add_up_to_the_amount(gallery):
    page = gallery.open("/sheet/")
    total = page.locator("[data-tenders-total]")

    expect(total).to_have_text("$50.00 still to enter")
    page.click("text=Add another tender")
    page.keyboard.type("50")
    expect(total).to_have_text("$150.00 in total")
    expect(page.locator("[name='tender-1']")).to_have_count(1)
    page.fill("[name='tender-1']", "60")
    expect(total).to_have_text("$10.00 too much")
    page.locator("[data-remove-tender]").nth(1).click()
    expect(total).to_have_text("$50.00 still to enter")


def test_form_is_sent_once_and_shows_its_first_error(gallery):
    page = gallery.open("/new/")
    held, pressed = [], []

    def hold(route) -> None:
        """No answer until both clicks are made: the second one would be the next page's."""
        held.append(route)
        if pressed:
            route.fallback()

    page.route("**/new/", hold)
    page.fill("[name=amount]", "x")
    with page.expect_navigation():
        page.get_by_role("button", name="Record").dblclick()
        pressed.append(True)
        for route in list(held):
            route.fallback()

    assert [asked for asked in gallery.asked if asked[0] == "POST"] == [("POST", "/new/")]
    expect(page.locator("[name=amount]")).to_be_focused()


def test_amount_is_written_in_full_when_left(gallery):
    page = gallery.open("/new/")

    page.fill("[name=amount]", "1,234.5")
    page.keyboard.press("Tab")

    expect(page.locator("[name=amount]")).to_have_value("1234.50")


def test_unsaved_changes_warn_before_leaving(gallery):
    page = gallery.open("/new/")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))

    page.get_by_label("Memo").press_sequentially("half")
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_url("**/list/")

    assert asked == ["beforeunload"]


def test_sending_what_was_typed_asks_nothing(gallery):
    """The form has a field named `method`, as the desk has, which hides the form's own property of that name."""
    page = gallery.open("/new/")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))

    page.get_by_label("Memo").press_sequentially("half")
    with page.expect_navigation():
        page.get_by_role("button", name="Record").click()

    assert asked == []


def test_what_the_browser_refuses_stands_under_the_field(gallery):
    page = gallery.open("/new/")
    page.evaluate("document.querySelector('[name=amount]').form.noValidate = false")
    page.fill("[name=amount]", "")

    page.get_by_role("button", name="Record").click()

    note = page.locator("#id_amount-refused")
    expect(note).to_be_visible()
    expect(note).not_to_be_empty()
    expect(page.locator("[name=amount]")).to_be_focused()
    page.get_by_label("Amount").press_sequentially("1")
    expect(note).to_have_count(0)
    expect(page.locator("[name=amount]")).not_to_have_attribute("aria-invalid", re.compile(""))


def test_theme_follows_the_system_until_somebody_chooses(gallery):
    page = gallery.open("/list/", dark=True)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")

    page.get_by_role("button", name="Switch between light and dark").click()

    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    assert "theme=light" in page.evaluate("document.cookie")


def test_failed_part_is_told_in_words(gallery):
    page = gallery.open("/list/")
    gallery.pages["/list/"] = lambda request: {"status": 503, "body": ""}

    page.get_by_role("link", name="Amount").click()

    expect(page.locator("#toasts .toast-note")).to_contain_text("Nothing was saved")


def test_toast_event_shows_text_and_link(gallery):
    page = gallery.open("/list/")

    page.evaluate(
        "document.body.dispatchEvent(new CustomEvent('toast', {bubbles: true, detail:"
        " {text: '<b>Saved</b>', level: 'success', link: {label: 'PAY-3', url: '/p/'}}}))"
    )

    note = page.locator("#toasts .toast-note")
    expect(note).to_contain_text("<b>Saved</b>")
    expect(note.get_by_role("link")).to_have_attribute("href", "/p/")


def test_print_of_a_list_with_more_pages_asks_for_all_of_it_first(gallery):
    page = gallery.open("/list/")
    page.add_init_script("window.print = () => { document.documentElement.dataset.printed = location.search }")
    page.evaluate("() => { window.print = () => { document.documentElement.dataset.printed = 'a page' } }")

    page.get_by_role("button", name="Print").click()

    expect(page.locator("html")).to_have_attribute("data-printed", "?rows=all")
    expect(page).to_have_url(re.compile(r"/list/\?rows=all$"))


def test_menu_opens_on_a_phone(gallery):
    page = gallery.open("/list/", phone=True)
    expect(page.get_by_role("link", name="Follow-ups")).to_be_hidden()

    page.get_by_role("button", name="Menu").click()

    page.get_by_role("link", name="Follow-ups").wait_for(state="visible")
