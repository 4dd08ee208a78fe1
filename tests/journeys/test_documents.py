"""Documents and notes in a real browser: dropped, chosen, refused, removed; the page is not loaded again."""

import pytest
from playwright.sync_api import expect

from clinicpay.clinics.scope import clinic_scope
from payments.models import Document, Note
from tests.browsing import at_work, enter, settled, window
from tests.browsing import opened as page_in
from tests.factories import a_patient, a_payment
from tests.journeys.conftest import PASSWORD
from tests.payments import bring

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CARRIED = """(files) => {
  const carried = new DataTransfer();
  for (const [name, bytes, type] of files) carried.items.add(new File([new Uint8Array(bytes)], name, { type }));
  return carried;
}"""


@pytest.fixture
def payment(desk):
    with clinic_scope(desk.clinic):
        patient = a_patient(desk)
        return a_payment(desk, patient.account, 15000, patient=patient)


@pytest.fixture
def opened(page, desk, payment):
    """The payment's page before Rita."""
    enter(page, desk.rita.user, PASSWORD, f"/c/{desk.clinic.slug}/payments/{payment.ref}/")
    page.get_by_role("heading", name=payment.ref).wait_for()
    page.evaluate("window.samePage = true")
    return page


def drop(page, *files: tuple[str, bytes, str]) -> None:
    """Files from the person's desktop onto the field."""
    carried = page.evaluate_handle(CARRIED, [[name, list(data), kind] for name, data, kind in files])
    at_work(page)
    settled(page)
    zone = page.locator("[data-drop]")
    zone.dispatch_event("dragover", {"dataTransfer": carried})
    expect(zone).to_contain_class("is-over")
    zone.dispatch_event("drop", {"dataTransfer": carried})


def names(desk) -> list[str]:
    with clinic_scope(desk.clinic):
        return list(Document.objects.filter(removed_at=None).order_by("name").values_list("name", flat=True))


def test_S1_92_files_are_dropped_on_the_panel(opened, desk):
    drop(opened, ("scan.png", bring.png(), "image/png"), ("slip.pdf", bring.PDF, "application/pdf"))

    opened.get_by_role("link", name="slip.pdf", exact=True).wait_for()
    opened.get_by_text("2 files attached.").wait_for()
    assert names(desk) == ["scan.png", "slip.pdf"]
    assert opened.evaluate("window.samePage")
    assert opened.complaints == []


def test_S1_93_chosen_file_goes_at_once_and_comes_back_as_it_was(opened, desk):
    opened.locator("input[type=file]").set_input_files(
        {"name": "Ünï “slip”.pdf", "mimeType": "application/pdf", "buffer": bring.PDF}
    )

    link = opened.get_by_role("link", name="Ünï “slip”.pdf", exact=True)
    with opened.expect_download() as given:
        link.click()
    assert given.value.suggested_filename == "Ünï “slip”.pdf"
    assert given.value.path().read_bytes() == bring.PDF
    assert opened.complaints == []


def test_S1_78_what_the_file_is_is_said_before_it_goes(opened, desk):
    """What was chosen in the list goes along with the file, and the next file is asked about anew."""
    opened.get_by_label("What it is").select_option("Cheque")
    drop(opened, ("scan.png", bring.png(), "image/png"))

    opened.get_by_text("Cheque · ").wait_for()
    expect(opened.get_by_label("What it is")).to_have_value("other")
    with clinic_scope(desk.clinic):
        assert Document.objects.get().what == "cheque"
    assert opened.complaints == []


def test_what_is_not_taken_is_said_beside_the_field_and_the_next_file_goes(opened, desk):
    drop(opened, ("logo.svg", bring.SVG, "image/svg+xml"))

    said = opened.get_by_role("alert").filter(has_text="logo.svg")
    said.wait_for()
    expect(said).to_contain_text("is not a PDF, picture")
    drop(opened, ("slip.pdf", bring.PDF, "application/pdf"))
    opened.get_by_role("link", name="slip.pdf", exact=True).wait_for()
    expect(said).to_have_count(0)


def test_file_that_is_too_large_is_not_even_sent(opened, desk):
    opened.locator("input[type=file]").set_input_files(
        {"name": "film.pdf", "mimeType": "application/pdf", "buffer": bring.PDF + b"x" * (11 * 1024 * 1024)}
    )

    opened.get_by_text("Not attached, because larger than 10 MB: film.pdf").wait_for()
    assert names(desk) == []


def test_removed_document_says_who_and_why(opened, desk):
    drop(opened, ("slip.pdf", bring.PDF, "application/pdf"))
    opened.get_by_role("link", name="Remove slip.pdf").click()
    opened.get_by_label("Reason").fill("Belongs to Mia")
    opened.get_by_role("button", name="Remove document").click()

    opened.get_by_text("1 removed").click()
    opened.locator(".files-removed").get_by_text("Belongs to Mia").wait_for()
    assert names(desk) == []


def test_S1_94_note_is_added_without_leaving_the_page(opened, desk):
    opened.get_by_label("Note", exact=True).fill("Called the bank")
    opened.get_by_role("button", name="Add note").click()

    opened.locator(".note-text", has_text="Called the bank").wait_for()
    expect(opened.get_by_label("Note", exact=True)).to_have_value("")
    assert opened.evaluate("window.samePage")
    with clinic_scope(desk.clinic):
        assert Note.objects.count() == 1


def test_without_a_script_the_plain_form_does_the_same(chromium, live_server, desk, payment):
    context = window(chromium, base_url=live_server.url, java_script_enabled=False)
    page = page_in(context)
    desk.rita.user.set_password(PASSWORD)
    desk.rita.user.save(update_fields=["password"])
    try:
        enter(page, desk.rita.user, PASSWORD, f"/c/{desk.clinic.slug}/payments/{payment.ref}/")
        page.locator("input[type=file]").set_input_files(
            {"name": "slip.pdf", "mimeType": "application/pdf", "buffer": bring.PDF}
        )
        page.get_by_role("button", name="Attach").click()
        page.get_by_role("link", name="slip.pdf", exact=True).wait_for()
        assert names(desk) == ["slip.pdf"]
    finally:
        context.close()
