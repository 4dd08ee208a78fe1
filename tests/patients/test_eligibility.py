"""What insurers say, on the pages: entered, read from a file, looked at, withdrawn; and kept as it was (S1.42, C23)."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.queries import check_days
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.eligibility.forms import carried
from clinicpay.patients.eligibility.queries import latest_check
from clinicpay.patients.eligibility.service_types import services_of
from clinicpay.patients.eligibility.services import Answer, Said, keep_check, set_check_days, withdraw_check
from clinicpay.patients.models import Benefit, EligibilityCheck
from clinicpay.patients.services import change_patient
from clinicpay.staff.access import Refused
from tests.factories import a_patient
from tests.patients.x12_files import SEGMENTS, interchange


@pytest.fixture
def ethan(harbor):
    patient = a_patient(harbor)
    return change_patient(patient, by=harbor.rita, birth_date="1990-02-14")


@pytest.fixture
def rita(client, harbor):
    client.force_login(harbor.rita.user)
    return client


def place(patient, what=""):
    return f"/c/harbor/patients/{patient.ref}/{what}"


def typed(**more):
    """What the form sends: one service with a copay."""
    rows = {
        "benefit-TOTAL_FORMS": "2",
        "benefit-INITIAL_FORMS": "0",
        "benefit-0-service": "98",
        "benefit-0-copay": "25",
    }
    return {"checked_on": "2026-11-02", "payer": "Beacon", "plan": "PPO", "active": "yes"} | rows | more


def answer(home, **more):
    return Answer(**{"checked_on": clock.today(home.clinic), "payer": "Beacon", "active": True} | more)


def test_check_is_entered_by_hand(rita, harbor, ethan):
    row = {
        "benefit-1-code": "d2740",
        "benefit-1-coinsurance": "12.5%",
        "benefit-1-copay": "0",
        "benefit-1-on_top": "on",
    }
    amounts = {"deductible": "1,500", "deductible_left": "0", "out_of_pocket_left": ""}
    sent = rita.post(place(ethan, "benefits/new/"), typed(**row, **amounts))
    assert sent.status_code == 302, sent.content.decode()
    check = latest_check(ethan)
    assert (check.payer, check.source, check.entered_by) == ("Beacon", "manual", harbor.rita.label)
    assert (check.deductible, check.deductible_left, check.out_of_pocket_left) == (150_000, 0, None)
    said = check.benefits.values_list("kind", "code", "copay", "coinsurance", "on_top", "network")
    assert list(said) == [("service", "98", 2_500, None, False, "both"), ("procedure", "D2740", 0, 1_250, True, "both")]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"payer": ""}, "Fill this in."),
        ({"checked_on": "2999-01-01"}, "can’t be dated in the future"),
        ({"active": ""}, "Choose one."),
        ({"deductible": "10", "deductible_left": "11"}, "More is left of the deductible than it is altogether."),
        ({"out_of_pocket": "10", "out_of_pocket_left": "11"}, "More is left of the out-of-pocket maximum"),
        ({"plan_begins": "2026-02-01", "plan_ends": "2026-01-01"}, "ends before it begins"),
        ({"benefit-0-copay": ""}, "Enter a copay, a co-insurance or both."),
        ({"benefit-0-service": ""}, "Choose the service."),
        ({"benefit-0-coinsurance": "101"}, "Enter a share from 0 to 100"),
        ({"benefit-0-coinsurance": "12.345"}, "Enter a share from 0 to 100"),
        ({"benefit-0-coinsurance": "-1"}, "Enter a share from 0 to 100"),
        ({"benefit-0-code": "D2740"}, "Choose a service or enter a procedure’s code, not both."),
        ({"benefit-0-service": "procedure"}, "Enter the procedure’s code."),
        ({"benefit-0-service": "procedure", "benefit-0-code": "D 27"}, "such as D2740 or 99213"),
        ({"benefit-1-service": "98", "benefit-1-copay": "5"}, "A service is named twice."),
        (
            {"benefit-1-service": "any", "benefit-1-coinsurance": "5", "benefit-1-on_top": "on"},
            "copay that comes on top",
        ),
    ],
)
def test_wrong_entry_is_said_and_nothing_is_kept(rita, ethan, wrong, words):
    sent = rita.post(place(ethan, "benefits/new/"), typed(**wrong))
    assert sent.status_code == 422
    assert words.replace("’", "&#x27;") in sent.content.decode().replace("’", "&#x27;")
    assert not EligibilityCheck.objects.exists()


def test_file_is_shown_before_it_is_saved(rita, ethan):
    shown = rita.post(place(ethan, "benefits/read/"), {"file": SimpleUploadedFile("a.271", interchange())})
    assert shown.status_code == 200
    body = shown.content.decode()
    assert "$615.50 remaining of $1,500.00" in body
    assert carried(interchange()) in body
    assert not EligibilityCheck.objects.exists()
    rita.post(place(ethan, "benefits/read/"), {"content": carried(interchange()), "save": "1"})
    check = latest_check(ethan)
    assert (check.source, check.plan, check.benefits.count()) == ("x12", "PPO PLUS", 6)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose a file."),
        ({"file": b""}, "The submitted file is empty."),
        ({"file": b"GIF89a"}, "does not begin with ISA"),
        ({"content": "!!", "save": "1"}, "does not begin with ISA"),
        ({"content": carried(interchange(kind="835")), "save": "1"}, "This is a remittance (835)"),
        ({"content": carried(interchange([*SEGMENTS, "AAA*N**75*C"])), "save": "1"}, "it does not know this member"),
    ],
)
def test_other_files_are_refused_and_nothing_is_kept(rita, ethan, sent, words):
    if "file" in sent:
        sent = {"file": SimpleUploadedFile("a.271", sent["file"])}
    refused = rita.post(place(ethan, "benefits/read/"), sent)
    assert refused.status_code == 422
    assert words in refused.content.decode()
    assert not EligibilityCheck.objects.exists()


def test_file_about_somebody_else_is_refused(rita, harbor):
    maya = a_patient(harbor, "Maya", "Okafor")
    change_patient(maya, by=harbor.rita, birth_date="1990-02-14")
    refused = rita.post(place(maya, "benefits/read/"), {"file": SimpleUploadedFile("a.271", interchange())})
    assert "The file is about ETHAN PARK, born 1990-02-14." in refused.content.decode()
    assert not EligibilityCheck.objects.exists()


def test_panel_shows_the_latest_check_and_warns_of_an_old_one(rita, harbor, ethan, settings):
    assert "No eligibility check yet." in rita.get(place(ethan)).content.decode()
    keep_check(ethan, answer(harbor, plan="PPO", deductible_left=61_550), by=harbor.rita)
    body = rita.get(place(ethan)).content.decode()
    assert "Beacon, PPO" in body
    assert "$615.50" in body
    assert "days old" not in body
    settings.ELIGIBILITY_STALE_DAYS = -1  # as a server would never have it: a check of today is old
    assert "This check is 0 days old: ask the payer again." in rita.get(place(ethan)).content.decode()


def test_newest_is_by_the_day_it_was_checked_on(harbor, ethan):
    today = clock.today(harbor.clinic)
    newest = keep_check(ethan, answer(harbor), by=harbor.rita)
    keep_check(ethan, answer(harbor, checked_on=today - timedelta(days=9)), by=harbor.rita)
    assert latest_check(ethan) == newest
    assert latest_check(a_patient(harbor, "Maya", "Okafor")) is None


def test_check_is_withdrawn_once_with_a_reason_and_stays_to_be_read(rita, harbor, ethan):
    check = keep_check(ethan, answer(harbor), by=harbor.rita)
    where = place(ethan, f"benefits/{check.pk}/withdraw/")
    assert rita.post(where, {"reason": ""}).status_code == 422
    rita.post(where, {"reason": "Another patient’s card"})
    again = rita.post(where, {"reason": "Once more"})
    assert "withdrawn already" in again.content.decode()
    assert latest_check(ethan) is None
    body = rita.get(place(ethan, "benefits/")).content.decode()
    assert "Another patient’s card" in body
    with pytest.raises(Refusal, match="Say why"):
        withdraw_check(keep_check(ethan, answer(harbor), by=harbor.rita), by=harbor.rita, reason=" ")


def test_check_of_another_patient_is_not_found_under_this_one(rita, harbor, ethan):
    check = keep_check(a_patient(harbor, "Maya", "Okafor"), answer(harbor), by=harbor.rita)
    assert rita.get(place(ethan, f"benefits/{check.pk}/withdraw/")).status_code == 404
    assert "Beacon" not in rita.get(place(ethan, f"benefits/new/?from={check.pk}")).content.decode()


def test_correction_begins_with_what_was_said(rita, harbor, ethan):
    said = [Said("procedure", "D2740", copay=5_000, coinsurance=1_250, on_top=True, network="in")]
    check = keep_check(ethan, answer(harbor, deductible_left=0, benefits=said), by=harbor.rita)
    body = rita.get(place(ethan, f"benefits/new/?from={check.pk}")).content.decode()
    for value in ('value="D2740"', 'value="50.00"', 'value="12.5"', 'value="in" selected', 'value="0.00"'):
        assert value in body


def test_practitioner_neither_keeps_nor_withdraws(harbor, ethan):
    with pytest.raises(Refused):
        keep_check(ethan, answer(harbor), by=harbor.petra)
    check = keep_check(ethan, answer(harbor), by=harbor.rita)
    with pytest.raises(Refused):
        withdraw_check(check, by=harbor.petra, reason="Mine")


@pytest.mark.parametrize("change", ["payer", "checked_on", "deductible_left", "patient_id", "active"])
def test_database_changes_nothing_that_was_said(harbor, ethan, change):
    check = keep_check(ethan, answer(harbor, benefits=[Said("any", copay=100)]), by=harbor.rita)
    for rows, column in ((EligibilityCheck.objects.filter(pk=check.pk), change), (Benefit.objects.all(), "copay")):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows.update(**{column: None})
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows._raw_delete("default")  # Django itself would ask for what refers to it


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        ({"kind": "any"}, "patients_benefit_says"),
        ({"kind": "any", "copay": -1}, "patients_benefit_amounts"),
        ({"kind": "any", "coinsurance": 10_001}, "patients_benefit_amounts"),
        ({"kind": "any", "code": "98", "copay": 1}, "patients_benefit_code"),
        ({"kind": "service", "copay": 1}, "patients_benefit_code"),
    ],
)
def test_database_refuses_a_benefit_that_says_nothing_sound(harbor, ethan, row, constraint):
    check = keep_check(ethan, answer(harbor), by=harbor.rita)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Benefit.objects.create(eligibility=check, line=1, **row)


@pytest.mark.parametrize(
    ("code", "services"),
    [
        ("D2740", ("36", "25", "35")),
        ("d0120", ("23", "35")),
        ("D7140", ("40", "35")),
        ("99213", ("98",)),
        ("99999", ()),
        ("D12", ()),
        ("", ()),
    ],
)
def test_procedure_belongs_to_its_service_types(code, services):
    assert services_of(code) == services


def test_clinic_chooses_when_a_check_is_old(harbor, rita, ethan):
    """An admin says after how many days; until then, and when it is emptied, the server's own limit counts."""
    keep_check(ethan, answer(harbor, checked_on=clock.today(harbor.clinic) - timedelta(days=20)), by=harbor.rita)
    page, adam = "/c/harbor/settings/insurance-checks/", Client()
    adam.force_login(harbor.adam.user)

    def is_old() -> bool:
        return "This check is 20 days old: ask the payer again." in rita.get(place(ethan)).content.decode()

    assert not is_old()
    for typed_in, now_old in (("19", True), ("20", False), ("1", True), ("", False)):
        assert adam.post(page, {"days": typed_in}).status_code == 302
        assert is_old() == now_old, typed_in
    lines = AuditEvent.objects.filter(action="clinic.check_days_set").order_by("pk")
    changed = [(line.before["check_days"], line.after["check_days"]) for line in lines]
    assert changed == [(None, 19), (19, 20), (20, 1), (1, None)]
    assert {line.actor_id for line in lines} == {harbor.adam.user_id}
    history = adam.get("/c/harbor/settings/checks/history/").content.decode()
    assert "changed when an insurance check is old" in history


@pytest.mark.parametrize("wrong", ["0", "-1", "367", "1e2", "two", "19.5", "99999999999999999999"])
def test_days_that_are_no_days_change_nothing(harbor, wrong):
    adam = Client()
    adam.force_login(harbor.adam.user)

    assert adam.post("/c/harbor/settings/insurance-checks/", {"days": wrong}).status_code == 422
    assert check_days() == 30


def test_only_who_manages_settings_says_when_a_check_is_old(harbor, rita):
    assert rita.post("/c/harbor/settings/insurance-checks/", {"days": "5"}).status_code == 403
    with pytest.raises(Refused):
        set_check_days(5, by=harbor.bill)
