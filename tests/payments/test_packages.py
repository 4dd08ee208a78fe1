"""Pages of packages, staged treatments and exceptions, and where balances are said to come from."""

import re
import uuid
from urllib.parse import urlencode

import pytest

from balances.models import BalanceException
from balances.queries import received_credit
from balances.services import complete_event, hold_credit, run_auto_apply
from clinicpay.clinics.addresses import address
from tests.balances.packages import a_package, a_staged, amounts, treatments
from tests.factories import a_charge, a_patient, a_payment, an_event
from tests.payments.desk import words
from treatments.models import Package, PriceItem, TreatmentEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(harbor):
    PriceItem.objects.create(code="D1110", description="Adult cleaning", fee=12000)
    return a_patient(harbor, "Mia", "Stone")


def typed(patient, form):
    """The form as it asks for its preview while it is being filled in."""
    return "?" + urlencode({"patient": patient.ref, "request_key": str(uuid.uuid4())} | form)


@pytest.fixture
def agreed(harbor):
    """Four cleanings as the form sends them."""
    place = {"practitioner": harbor.practitioner.pk, "location": harbor.location.pk, "time": "09:00"}
    pace = {"first_date": "2026-01-31", "every": "1", "unit": "months"}
    return {"name": "4 cleanings", "code": "D1110", "price": "1,000.00", "visits": "4"} | pace | place


@pytest.fixture
def stages(harbor):
    """A crown in two stages as the form sends it, the third row left empty."""
    place = {"practitioner": harbor.practitioner.pk, "location": harbor.location.pk, "time": "09:00"}
    rows = {"stage-TOTAL_FORMS": "3", "stage-INITIAL_FORMS": "0"}
    for number, (title, day, price) in enumerate((("Fit", "2026-03-02", "500.01"), ("Prepare", "2026-02-02", "400"))):
        rows |= {f"stage-{number}-title": title, f"stage-{number}-on": day, f"stage-{number}-price": price}
    return {"name": "Crown", "kind": "staged"} | rows | place


def test_s0_14_reception_agrees_on_a_package_and_each_event_shows_its_part(desk, mia, agreed):
    assert "New package" in desk.words("patient", number=mia.number)
    assert "Mia Stone" in desk.words("package_new", "?q=stone")
    preview = desk.part("package_new", typed(mia, agreed))
    assert "1 of 4" in preview
    assert preview.count("$250.00") == 4
    assert "Price in all $1,000.00" in preview
    response = desk.post("package_new", agreed, f"?patient={mia.ref}")
    assert response.status_code == 302
    package = Package.objects.get()
    assert [str(event.service_at.date()) for event in treatments(package)] == [
        *("2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"),
    ]
    second = treatments(package)[1]
    said = desk.words("treatment", number=second.number)
    assert "TP-001 4 cleanings. Part 2 of 4: $250.00 of $1,000.00" in said
    page = desk.words("package", number=1)
    for words_of_it in ("2 of 4", "Not billed yet $1,000.00", "Dr Petra Jones", "Add a visit", "Cancel the rest"):
        assert words_of_it in page
    assert "TP-001" in desk.words("patient", number=mia.number)


def test_the_same_form_sent_twice_is_one_package(desk, mia, agreed):
    key = {"request_key": str(uuid.uuid4())}
    first, again = (desk.post("package_new", agreed | key, f"?patient={mia.ref}") for _ in range(2))
    assert first["Location"] == again["Location"]
    assert Package.objects.count() == 1


def test_s0_15_a_staged_treatment_has_each_price_typed_and_its_sum_shown(desk, mia, stages):
    preview = desk.part("package_new", typed(mia, stages))
    assert "1 of 2" in preview
    assert "Price in all $900.01" in preview
    assert desk.post("package_new", stages, f"?patient={mia.ref}&kind=staged").status_code == 302
    package = Package.objects.get()
    assert (package.kind, amounts(package)) == ("staged", [400_00, 500_01])
    said = desk.words("treatment", number=treatments(package)[0].number)
    assert "TP-001 Crown. Stage 1 of 2: $400.00 of $900.01" in said


def test_more_stages_keep_what_was_typed(desk, mia, stages):
    page = desk.get("package_new", typed(mia, stages | {"rows": "7"})).content.decode()
    assert 'name="stage-6-title"' in page
    assert 'value="Prepare"' in page
    assert "invalid-feedback" not in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price": "0"}, "greater than zero"),
        ({"price": "-5"}, "greater than zero"),
        ({"price": "1e3"}, "Enter an amount"),
        ({"price": "0.03"}, "too little to split over 4 visits"),
        ({"visits": "0"}, "greater than or equal to 1"),
        ({"visits": "61"}, "less than or equal to 60"),
        ({"first_date": "1926-01-31"}, "Enter a date from"),
        ({"name": ""}, "Fill this in."),
        ({"code": "D9999"}, "Select a valid choice"),
    ],
)
def test_wrong_input_is_said_and_changes_nothing(desk, mia, agreed, change, said):
    response = desk.post("package_new", agreed | change, f"?patient={mia.ref}")
    assert response.status_code == 422
    assert said in words(response)
    assert (Package.objects.count(), TreatmentEvent.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stage-0-price": ""}, "Enter an amount."),
        ({"stage-0-price": "0"}, "greater than zero"),
        ({"stage-1-on": "1826-01-01"}, "Enter a date from"),
        ({f"stage-{n}-{f}": "" for n in (0, 1) for f in ("title", "on", "price")}, "Fill in at least one stage"),
        ({"stage-TOTAL_FORMS": "x"}, "out of date"),
    ],
)
def test_wrong_stages_are_said_and_change_nothing(desk, mia, stages, change, said):
    response = desk.post("package_new", stages | change, f"?patient={mia.ref}&kind=staged")
    assert response.status_code == 422
    assert said in words(response)
    assert Package.objects.count() == 0


def test_a_visit_more_and_the_rest_cancelled_by_the_pages(desk, harbor, mia):
    package = a_package(harbor, mia, 100_00, 3)
    complete_event(treatments(package)[0], by=harbor.rita)
    more = {"title": "Cleaning", "on": "2027-02-02", "time": "10:30"}
    more |= {"practitioner": harbor.practitioner.pk, "location": harbor.location.pk}
    assert desk.post("package_visit", more, number=1).status_code == 302
    assert amounts(package) == [33_33, 22_22, 22_22, 22_23]
    asked = desk.words("package_cancel", number=1)
    assert "$66.67 of the price will never be billed" in asked
    assert desk.post("package_cancel", {"reason": ""}, number=1).status_code == 422
    assert desk.post("package_cancel", {"reason": "Moved away"}, number=1).status_code == 302
    page = desk.words("package", number=1)
    assert "Price in all $33.33 $66.67 of $100.00 was cancelled" in page
    assert "Nothing of TP-001 is left to cancel" in words(desk.post("package_cancel", {"reason": "x"}, number=1))


def test_a_stage_more_brings_its_price(desk, harbor, mia):
    package = a_staged(harbor, mia, 400_00, 300_00)
    more = {"title": "Polish", "on": "2027-02-02", "time": "10:30", "price": ""}
    more |= {"practitioner": harbor.practitioner.pk, "location": harbor.location.pk}
    assert desk.post("package_visit", more, number=1).status_code == 422
    assert desk.post("package_visit", more | {"price": "20.50"}, number=1).status_code == 302
    assert amounts(package) == [400_00, 300_00, 20_50]
    assert "Price in all $720.50" in desk.words("package", number=1)


def test_the_last_visit_is_cancelled_only_with_the_rest(desk, harbor, mia):
    package = a_package(harbor, mia, 100_00, 1)
    response = desk.post("treatment_cancel", {}, number=treatments(package)[0].number)
    assert response.status_code == 409
    assert "last visit of TP-001" in words(response)


@pytest.mark.parametrize("who", ["petra", "bill"])
def test_who_may_not_agree_on_packages(desk, harbor, mia, who):
    a_package(harbor, mia)
    desk.enter(who)
    assert desk.get("package_new", f"?patient={mia.ref}").status_code == 403
    assert desk.post("package_cancel", {"reason": "no"}, number=1).status_code == 403
    assert desk.get("package", number=1).status_code == (403 if who == "petra" else 200)


def test_a_practitioner_sees_the_visit_and_no_price(desk, harbor, mia):
    package = a_package(harbor, mia)
    said = desk.enter("petra").words("treatment", number=treatments(package)[0].number)
    assert "Cleanings" in said
    assert "$" not in said
    assert "Where its balance comes from" not in said


def test_money_is_held_for_a_package_and_the_night_says_why(desk, harbor, mia):
    package = a_package(harbor, mia, 100_00, 2)
    payment = a_payment(harbor, mia.account, 90_00, patient=mia)
    assert "Hold for TP-001" in desk.words("package", number=1)
    matches = desk.part("payment_hold", "?package=TP-001", number=payment.number)
    assert "TE-001" in matches
    held = {"amount": "90.00", "package": "TP-001"}
    assert desk.post("payment_hold", held, number=payment.number).status_code == 302
    assert "Package TP-001" in desk.words("package", number=1)
    complete_event(treatments(package)[0], by=harbor.rita)
    said = desk.words("treatment", number=treatments(package)[0].number)
    assert "$90.00 of PAY-001 is held for TP-001, not used yet" in said
    run = run_auto_apply(by=harbor.bill)
    page = desk.enter("bill").words("auto_apply_run", number=run.number)
    assert "it is held for TP-001, which this is" in page
    assert "Paid $50.00" in desk.words("package", number=1)


def test_another_accounts_package_is_not_offered(desk, harbor, mia):
    a_package(harbor, a_patient(harbor, "Leo", "Vance"))
    payment = a_payment(harbor, mia.account, 90_00, patient=mia)
    response = desk.post("payment_hold", {"amount": "90.00", "package": "TP-001"}, number=payment.number)
    assert response.status_code == 422
    assert "Choose a package of this account’s patients" in words(response)


def test_what_is_held_for_a_package_may_be_held_for_something_else(desk, harbor, mia):
    package = a_package(harbor, mia)
    payment = a_payment(harbor, mia.account, 90_00, patient=mia)
    held = hold_credit(received_credit(payment.pk), 90_00, by=harbor.rita, criteria={"package": package})
    page = desk.enter("bill").get("hold_change", number=payment.number, held=held.pk).content.decode()
    assert re.search(r'<option value="TP-001"[^>]* selected', page)


def test_s0_19_reception_flags_an_admin_exception_with_a_note(desk, harbor, mia):
    event = an_event(harbor, mia, 5000)
    assert desk.post("treatment_exception", {"words": " "}, number=event.number).status_code == 422
    assert desk.post("treatment_exception", {"words": "Owner agreed"}, number=event.number).status_code == 302
    assert "Admin exception Owner agreed (Rita)" in desk.words("treatment", number=event.number)
    assert "Lift the admin exception" in desk.words("treatment_exception", number=event.number)
    desk.enter("adam").post("treatment_exception", {"words": "Was paid"}, number=event.number)
    assert "Owner agreed (Rita)" not in desk.words("treatment", number=event.number).split("History")[0]
    assert BalanceException.objects.get().lifted_at
    assert desk.enter("petra").get("treatment_exception", number=event.number).status_code == 403


def test_s0_20_and_s0_32_follow_up_shows_each_balance_with_its_origin_and_context(desk, harbor, mia):
    """Packages, deposits, stages beside each open line, with no cross-reference by hand (S0.16, S0.17, S0.18 too)."""
    package = a_package(harbor, mia)
    complete_event(treatments(package)[0], by=harbor.rita)
    charge = a_charge(harbor, mia, 50_00)
    said = desk.enter("bill").words("follow_up", number=mia.account.number)
    assert "Dr Petra Jones, Harbor Clinic Package TP-001 Cleanings. Part 1 of 4" in said
    assert charge.event.ref in said


def test_s0_25_each_open_line_names_its_treatment(desk, harbor, mia):
    charge = a_charge(harbor, mia, 50_00)
    page = desk.enter("bill").get("follow_up", number=mia.account.number).content.decode()
    assert address(harbor.clinic, "treatment", number=charge.event.number) in page


def test_a_package_is_found_by_its_number(desk, harbor, mia):
    a_package(harbor, mia)
    assert desk.get("find", "?q=TP-001")["Location"] == address(harbor.clinic, "package", number=1)
