"""What a sceptic found at the desk, each case as it was done by hand."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from balances.checks import run_checks
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Patient
from clinicpay.staff.roles import Role
from clinicpay.staff.services import invite
from payments.models import Payment
from tests.factories import a_charge, a_patient, a_receipt, an_invoice
from tests.journeys.steps import BACKEND, desk_form, sign_in
from tests.payments.refund_forms import Page
from treatments.models import PriceItem


@pytest.fixture
def owing(desk):
    """A patient who owes 100.00, and the address where reception takes it."""
    with clinic_scope(desk.clinic):
        charge = a_charge(desk, a_patient(desk), 10000)
    return charge, f"/c/{desk.clinic.slug}/patients/PT-001/pay/"


def payments(desk) -> int:
    with clinic_scope(desk.clinic):
        return Payment.objects.count()


@pytest.mark.parametrize("amount", ["60", "100"])
def test_form_sent_again_after_it_paid_most_or_all_gets_the_first_answer(desk, rita, owing, amount):
    """What it asks for no longer fits what is owed, but it was done: neither 409 nor "at most"."""
    charge, address = owing
    sent = desk_form(desk, amount, **{f"apply-{charge.pk}": amount})

    first, again = rita.post(address, sent), rita.post(address, sent)

    assert (first.status_code, first["Location"]) == (again.status_code, again["Location"])
    assert payments(desk) == 1


def test_form_sent_again_with_another_part_is_answered_409(desk, rita, owing):
    charge, address = owing
    sent = desk_form(desk, "100", **{f"apply-{charge.pk}": "100"})
    rita.post(address, sent)

    assert rita.post(address, sent | {f"apply-{charge.pk}": "90"}).status_code == 409
    assert payments(desk) == 1


def test_stale_tab_does_not_take_the_same_money_twice(desk, rita, owing):
    """Two tabs, the charge paid in one: the other says so instead of taking the money unapplied."""
    charge, address = owing
    for_all = {f"apply-{charge.pk}": "100"}
    rita.post(address, desk_form(desk, "100", **for_all))

    answer = rita.post(address, desk_form(desk, "100", **for_all))

    assert answer.status_code == 422
    assert "This was paid in the meantime" in answer.content.decode()
    assert payments(desk) == 1


def test_made_up_charges_and_keys_are_not_read(desk, rita, owing):
    wrong = {f"apply-{'9' * 18}": "5", f"apply-{'9' * 40}": "5", "apply-x": "5", "apply-": "5"}

    answer = rita.post(owing[1], desk_form(desk, "10", **wrong))
    keyless = rita.post(owing[1], desk_form(desk, "10") | {"request_key": "x"})

    assert (answer.status_code, keyless.status_code) == (302, 422)
    assert payments(desk) == 1


def test_charge_of_another_account_is_not_read(desk, rita, owing):
    with clinic_scope(desk.clinic):
        strange = a_charge(desk, a_patient(desk), 5000)

    rita.post(owing[1], desk_form(desk, "10", **{f"apply-{strange.pk}": "10"}))

    with clinic_scope(desk.clinic):
        strange.refresh_from_db()
        assert strange.outstanding == 5000


def test_pages_of_what_was_undone_or_reversed_lead_to_the_payment(desk, rita, owing):
    """From history or a bookmark: no form that can't succeed, and no words that are no longer true."""
    charge, address = owing
    rita.post(address, desk_form(desk, "100", **{f"apply-{charge.pk}": "100"}))
    base = f"/c/{desk.clinic.slug}/payments/PAY-001/"
    with clinic_scope(desk.clinic):
        entry = charge.entries.get(kind="allocate")
    rita.post(f"{base}reverse/", {**Page(rita.get(f"{base}reverse/")).fields, "reason": "Entered twice"})

    undo, reverse = rita.get(f"{base}undo/{entry.pk}/"), rita.get(f"{base}reverse/", follow=True)

    assert (undo.status_code, undo["Location"]) == (302, base)
    assert "PAY-001 is voided: only a Paid payment is reversed." in reverse.content.decode()


def test_reversed_receipt_counts_nothing_on_the_patients_pages(desk, rita, owing):
    rita.post(owing[1], desk_form(desk, "77"))
    path = f"/c/{desk.clinic.slug}/payments/PAY-001/reverse/"
    rita.post(path, {**Page(rita.get(path)).fields, "reason": "Entered twice"})

    rita.get(f"/c/{desk.clinic.slug}/today/")  # shows the toasts
    page = rita.get(f"/c/{desk.clinic.slug}/patients/PT-001/").content.decode()
    receipts = rita.get(f"/c/{desk.clinic.slug}/patients/PT-001/receipts/").content.decode()

    assert "R-001 was reversed" in page
    assert "$77.00" not in page
    assert "$77.00" not in receipts


def test_form_without_its_key_says_so(desk, rita, owing):
    """The key is hidden: its error stands above the form."""
    answer = rita.post(owing[1], desk_form(desk, "10") | {"request_key": ""})

    assert "This form is out of date. Load the page again." in answer.content.decode()


def test_too_many_tenders_are_refused_in_words(desk, rita, owing):
    tenders = {
        f"tender-{row}-{name}": value for row in range(10) for name, value in (("method", "cash"), ("amount", "1"))
    }

    answer = rita.post(owing[1], desk_form(desk, "90", **tenders) | {"tender-TOTAL_FORMS": "10"})

    assert "at most 9 further tenders" in answer.content.decode()


@pytest.mark.parametrize("day", ["0001-01-01", "1800-01-01", "9999-12-31"])
def test_treatment_of_another_age_is_refused(desk, rita, day):
    """One at 23:59 on the last day of 9999 stood in UTC's year 10000, and broke every list it was on."""
    with clinic_scope(desk.clinic):
        a_patient(desk)
    sent = {"practitioner": desk.practitioner.pk, "location": desk.location.pk, "service_date": day}

    answer = rita.post(f"/c/{desk.clinic.slug}/treatments/new/?patient=PT-001", sent | {"service_time": "23:59"})

    assert answer.status_code == 422
    assert "Enter a date from" in answer.content.decode()


def test_date_of_birth_that_nobody_has_is_refused(desk, rita):
    sent = {"first_name": "Ada", "last_name": "Lovelace", "birth_date": "1815-12-10"}

    answer = rita.post(f"/c/{desk.clinic.slug}/patients/new/", sent)

    assert answer.status_code == 422
    assert "in the last 130 years" in answer.content.decode()


def test_corrected_name_reaches_the_receipt(desk, rita):
    """A patient's own account bears their name; a guardian's keeps its own."""
    wrong = {"first_name": "Jhon", "last_name": "Smith", "email": "j@example.test"}
    rita.post(f"/c/{desk.clinic.slug}/patients/new/", wrong)
    rita.post(f"/c/{desk.clinic.slug}/patients/PT-001/edit/", wrong | {"first_name": "John", "phone": "555"})

    with clinic_scope(desk.clinic):
        account = Patient.objects.get(number=1).account
        assert (account.name, account.email, account.phone) == ("John Smith", "j@example.test", "555")
        account.kind = "guardian"
        account.save(update_fields=["kind"])
    rita.post(f"/c/{desk.clinic.slug}/patients/PT-001/edit/", wrong | {"first_name": "Johnny"})

    with clinic_scope(desk.clinic):
        account.refresh_from_db()
        assert account.name == "John Smith"


@pytest.mark.parametrize(
    ("typed", "page"),
    [
        ("PAY-001", "payments/PAY-001/"),
        ("pay-1", "payments/PAY-001/"),
        ("PT-1", "patients/PT-001/"),
        ("INV-001", "invoices/INV-001/"),
        ("ethan", "patients/PT-001/"),
    ],
)
def test_search_of_the_top_bar_opens_what_the_number_names(desk, rita, owing, typed, page):
    """It says "Find patient or PAY-…", so it finds both."""
    rita.post(owing[1], desk_form(desk, "10"))

    answer = rita.get(f"/c/{desk.clinic.slug}/find/", {"q": typed})

    assert answer["Location"] == f"/c/{desk.clinic.slug}/{page}"


def test_search_tells_a_practitioner_nothing_of_payments(desk, rita, owing):
    rita.post(owing[1], desk_form(desk, "10"))
    petra = Client()
    petra.force_login(desk.petra.user, backend=BACKEND)

    there, absent = (petra.get(f"/c/{desk.clinic.slug}/find/", {"q": f"PAY-00{n}"}) for n in (1, 2))

    assert (there.status_code, absent.status_code) == (200, 200)
    for answer in (there, absent):
        assert "Nothing matches" in answer.content.decode()


def test_ledger_of_a_clinic_without_a_posting_agrees(desk):
    """Its journal is empty, which was counted as a difference."""
    with clinic_scope(desk.clinic):
        assert [found.check.name for found in run_checks() if found.differences] == []


@pytest.mark.parametrize(("fee", "status"), [("", 422), ("  ", 422), ("0", 302), ("75", 302)])
def test_price_without_a_fee_is_not_taken_for_free(desk, fee, status):
    adam = Client()
    adam.force_login(desk.adam.user, backend=BACKEND)
    with clinic_scope(desk.clinic):
        price = PriceItem.objects.get(code="D1110").pk
    sent = {"description": "Adult cleaning", "fee": fee}

    assert adam.post(f"/c/{desk.clinic.slug}/settings/prices/{price}/", sent).status_code == status
    with clinic_scope(desk.clinic):
        assert PriceItem.objects.get(code="D1110").fee == {"0": 0, "75": 7500}.get(fee, 12000)


def test_link_of_a_used_invitation_asks_for_nothing(desk):
    with clinic_scope(desk.clinic):
        invited = invite("new@desk.test", role=Role.RECEPTION, by=desk.olga)
    stranger, again = Client(), Client()
    stranger.post(invited.path, {"name": "New", "password": "a long enough password 7"})

    answer = again.get(invited.path)

    assert answer.status_code == 410
    assert 'name="password"' not in answer.content.decode()


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_removed_tender_does_not_come_back_with_an_error(page, desk, owing):
    """The second row is wrong and the first was removed: the form comes back with one row, not two."""
    sign_in(page, desk)
    page.goto(owing[1])
    for _ in range(2):
        page.get_by_role("button", name="Split over another tender").click()
    page.locator("[data-tender]").nth(1).fill("x")
    page.locator("[data-remove-tender]").first.click()

    page.get_by_role("button", name="Record payment").click()

    page.get_by_text("Check the further tenders.").wait_for()
    expect(page.locator("[data-tender]")).to_have_count(1)
    expect(page.locator("[data-tender]")).to_have_value("x")
    expect(page.locator("[name=tender-TOTAL_FORMS]")).to_have_value("1")


def test_timeline_of_a_family_says_whose_an_invoice_and_a_payment_are(desk, rita):
    with clinic_scope(desk.clinic):
        ada = a_patient(desk, "Ada", "Park")
        ben = a_patient(desk, "Ben", "Park", account=ada.account)
        an_invoice(desk, ben, 5000)
        a_receipt(desk, ada.account, 1000, patient=ben)
        lone = a_patient(desk, "Cy", "Lone")
        an_invoice(desk, lone, 5000)

    family = rita.get(f"/c/{desk.clinic.slug}/patients/{ada.ref}/").content.decode()
    alone = rita.get(f"/c/{desk.clinic.slug}/patients/{lone.ref}/").content.decode()

    assert family.count("for Ben Park") == 2
    assert "for Cy Lone" not in alone


@pytest.mark.parametrize("keep", ["100", "100.01", "5000"])
def test_keeping_all_of_an_allocation_is_refused_at_its_field(desk, rita, owing, keep):
    charge, address = owing
    rita.post(address, desk_form(desk, "100", **{f"apply-{charge.pk}": "100"}))
    with clinic_scope(desk.clinic):
        entry = charge.entries.get(kind="allocate")
    sent = {"keep": keep, "reason": "Too much", "request_key": desk_form(desk, "1")["request_key"]}

    answer = rita.post(f"/c/{desk.clinic.slug}/payments/PAY-001/undo/{entry.pk}/", sent)

    assert answer.status_code == 422
    assert answer.context["form"].errors == {"keep": ["Keep less than $100.00, which is what is applied."]}


def test_printed_list_and_empty_list_name_the_filters(desk, rita, owing):
    rita.post(owing[1], desk_form(desk, "10"))
    place = f"/c/{desk.clinic.slug}/payments/"

    assert '<p class="print-only">Filters: Status: Paid</p>' in rita.get(place, {"status": "paid"}).content.decode()
    assert "Status: Draft" in rita.get(place, {"status": "draft"}).content.decode()
    assert "print-only" not in rita.get(place).content.decode()
