"""The shell in a browser: the search, the keys, saved views, and what happens when a sign-in or the server is gone."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from clinicpay.clinics.scope import clinic_scope
from tests.browsing import at_work, enter, settled
from tests.factories import a_charge, a_patient, a_receipt
from tests.journeys.conftest import PASSWORD
from tests.journeys.steps import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def clinic(desk, page) -> str:
    """Rita has signed in; Hannah, Hugo and Ethan are patients, and Hannah has paid. The clinic's address."""
    with clinic_scope(desk.clinic):
        hannah = a_patient(desk, "Hannah", "Klein")
        a_patient(desk, "Hugo", "Klein")
        a_patient(desk, "Ethan", "Park")
        a_receipt(desk, hannah.account, 5000, (a_charge(desk, hannah, 10000), 5000))
    sign_in(page, desk)
    return f"/c/{desk.clinic.slug}/"


def forget(page, cookie: str) -> None:
    """Lose one cookie, as when a session ends."""
    kept = [one for one in page.context.cookies() if one["name"] != cookie]
    page.context.clear_cookies()
    page.context.add_cookies(kept)


def sign_in_again(page, desk) -> None:
    page.get_by_label("Email").fill(desk.rita.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_search_is_a_combobox(page, clinic):
    field, options = page.locator("#jump"), page.locator("#jump-list [role=option]")
    page.keyboard.press("/")
    page.keyboard.insert_text("kle")  # at once: a pause would ask for its beginning, too
    expect(options).to_have_count(2)
    expect(field).to_have_attribute("aria-expanded", "true")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", options.nth(1).get_attribute("id"))
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", options.nth(0).get_attribute("id"))
    page.keyboard.press("Escape")
    expect(page.locator("#jump-list")).to_be_hidden()
    expect(field).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/patients/PT-002/")


def test_enter_opens_a_single_hit_and_lists_several(page, clinic):
    page.locator("#jump").fill("kle")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Search").wait_for()
    expect(page.locator(".hits a")).to_have_count(2)
    page.locator("#id_q").fill("nobody at all")
    page.get_by_text("Nothing matches “nobody at all”").wait_for()
    page.locator("#jump").fill("PAY-001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/payments/PAY-001/")


def test_key_of_the_search_loses_no_letter_where_the_bar_hides_it(page, clinic):
    """A phone or a narrow window: the field comes out for the key and goes back behind its sign."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.keyboard.press("/")
    page.keyboard.insert_text("kle")
    expect(page.locator("#jump")).to_have_value("kle")
    expect(page.locator("#jump-list [role=option]")).to_have_count(2)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#jump")).to_be_hidden()


def test_keys_reach_the_lists_own_search_first(page, clinic):
    page.clock.set_fixed_time(datetime.now(UTC))  # the pause between g and p does not decide
    page.goto(f"{clinic}patients/")
    page.keyboard.press("/")
    expect(page.locator("#id_q")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.locator("#jump")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("Search the clinic").wait_for()
    page.keyboard.press("g")  # nothing behind the dialog answers
    page.keyboard.press("p")
    assert page.url.endswith("/patients/")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/payments/")


def test_view_is_saved_opened_renamed_and_removed(page, clinic):
    page.goto(f"{clinic}payments/")
    page.locator("summary", has_text="Status").click()
    page.get_by_label("Paid", exact=True).check()
    page.wait_for_url("**/payments/?status=paid")
    settled(page)
    page.get_by_text("Save view").click()
    page.get_by_label("Name of the view").fill("Money in")
    page.get_by_role("button", name="Save").click()
    views = page.get_by_role("navigation", name="Saved views")
    expect(views.get_by_role("link", name="Money in", exact=True)).to_have_attribute("aria-current", "page")

    views.get_by_role("link", name="All").click()
    page.wait_for_url("**/payments/")
    views.get_by_role("link", name="Money in", exact=True).click()
    page.wait_for_url("**/payments/?status=paid")
    views.get_by_role("link", name="Edit the view").click()
    page.get_by_label("Name of the view").fill("Paid")
    page.get_by_role("button", name="Rename").click()
    views.get_by_role("link", name="Paid", exact=True).wait_for()
    views.get_by_role("link", name="Edit the view").click()
    page.get_by_text("Remove view").first.click()
    page.get_by_role("button", name="Remove view").click()
    page.get_by_text("The view “Paid” was removed.").wait_for()
    expect(views).to_have_count(0)
    assert page.complaints == []


def test_sign_in_that_ended_inside_a_swap_leads_back_to_the_list(page, desk, clinic):
    page.goto(f"{clinic}patients/")
    forget(page, "sessionid")
    page.locator("#id_q").fill("kle")

    page.get_by_role("heading", name="Sign in").wait_for()
    sign_in_again(page, desk)

    page.wait_for_url(lambda url: "?next=" not in url and url.endswith("/patients/"))
    page.get_by_text("Park, Ethan").wait_for()


@pytest.mark.parametrize("lost", ["sessionid", "csrftoken"])
def test_what_was_typed_comes_back_after_the_session_or_its_token_is_lost(page, desk, clinic, lost):
    page.goto(f"{clinic}patients/new/")
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("Last name").fill("Lovelace")
    page.get_by_label("Sex").select_option("F")
    forget(page, lost)
    page.get_by_role("button", name="Save").click()

    if lost == "sessionid":
        page.get_by_role("heading", name="Sign in").wait_for()
        sign_in_again(page, desk)
    else:
        page.get_by_role("link", name="Load the form again").click()

    page.get_by_text("What you had typed is back").wait_for()
    expect(page.get_by_label("First name")).to_have_value("Ada")
    expect(page.get_by_label("Sex")).to_have_value("F")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Ada Lovelace was added").wait_for()
    at_work(page)
    assert page.evaluate("sessionStorage.getItem('draft')") is None


def test_what_was_typed_is_not_shown_to_somebody_else(page, desk, clinic):
    page.goto(f"{clinic}patients/new/")
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("Last name").fill("Lovelace")
    forget(page, "sessionid")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    desk.bill.user.set_password(PASSWORD)
    desk.bill.user.save(update_fields=["password"])

    page.get_by_label("Email").fill(desk.bill.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "?next=" not in url and url.endswith("/patients/new/"))

    at_work(page)
    expect(page.get_by_label("First name")).to_have_value("")
    assert page.evaluate("sessionStorage.getItem('draft')") is None


def test_server_that_is_gone_is_told_in_words(page, clinic):
    page.goto(f"{clinic}patients/")
    page.route("**/patients/?**", lambda route: route.abort())

    page.locator("#id_q").fill("kle")

    page.get_by_role("alert").get_by_text("No connection. Nothing was saved; try again.").wait_for()
    page.get_by_text("Park, Ethan").wait_for()


def test_lost_connection_is_told_and_so_is_its_return(page, clinic):
    page.context.set_offline(True)
    page.get_by_role("alert").get_by_text("nothing can be saved until it is back").wait_for()

    page.context.set_offline(False)

    page.get_by_text("Connected again.").wait_for()
    expect(page.get_by_text("nothing can be saved")).to_have_count(0)


def test_long_name_of_a_clinic_leaves_the_sign_of_who_is_signed_in_round(page, desk):
    """At the narrowest width that shows the clinic's name beside it, with the longest menu."""
    desk.clinic.name = "Riverside Family Dentistry and Oral Surgery of Greater Poughkeepsie"
    with clinic_scope(desk.clinic):
        desk.clinic.save(update_fields=["name"])
    desk.olga.user.set_password(PASSWORD)
    desk.olga.user.save(update_fields=["password"])
    page.set_viewport_size({"width": 1280, "height": 768})
    enter(page, desk.olga.user, PASSWORD, f"/c/{desk.clinic.slug}/today/")

    sign = page.locator(".avatar").evaluate("sign => [sign.offsetWidth, sign.offsetHeight]")

    assert sign == [32, 32]
    expect(page.locator(".account-words")).to_be_visible()


def test_rows_stay_as_roomy_as_chosen(page, clinic):
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Roomy rows").click()
    page.locator("html[data-density=comfortable]").wait_for()
    page.goto(f"{clinic}patients/")

    assert page.locator("tbody tr").first.evaluate("row => row.offsetHeight") == 40
