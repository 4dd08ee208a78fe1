"""A practice that moves to us: what its files become, to the cent, and that a second import adds nothing."""

import io
import json
from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command

from balances.models import Charge, Credit, Entry, Invoice
from balances.queries import clinic_totals
from balances.services import undo_allocation
from balances.states import ChargeKind, CreditKind, EntryKind, Source
from clinicpay.clinics.models import Location
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account, Patient
from payments.models import Payment, Receipt
from payments.states import Method, PaymentStatus
from tests.clinicpay.practice_files import PracticeFiles, imported
from tests.factories import a_locked_day
from treatments.models import Procedure, TreatmentEvent

ADDED = {
    "dry_run": False, "accounts": 5, "patients": 4, "events": 5, "procedures": 7,
    "charges": 6, "charges_total": "628.00", "payments": 4, "payments_total": "380.00",
    "opening_balances": 2, "opening_balances_total": "145.25",
    "opening_credits": 2, "opening_credits_total": "62.34",
    "allocations": 7, "allocated_total": "395.00",
    "outstanding": "378.25", "unapplied": "22.34", "deposits": "25.00",
    "skipped": [{"what": "charges of 0.00", "count": 1, "reason": "listed on their events; nothing is owed for them"}],
}  # fmt: skip
"""628.00 + 145.25 - 395.00 is owed; 380.00 + 62.34 - 395.00 is in hand."""

TABLES = (Account, Patient, TreatmentEvent, Procedure, Invoice, Charge, Receipt, Payment, Credit, Entry, Location)


@pytest.fixture
def files(tmp_path):
    return PracticeFiles(tmp_path)


@pytest.fixture
def sample(harbor, files):
    return imported(files.folder, "harbor")


def _counts():
    return {model.__name__: model.objects.count() for model in TABLES}


def test_figures_are_those_of_the_files(sample):
    assert sample == ADDED


def test_ledger_agrees_afterwards(sample):
    out = io.StringIO()
    call_command("check_ledger", "--clinic", "harbor", "--json", stdout=out)
    assert json.loads(out.getvalue())["ok"] is True


def test_second_import_adds_nothing(sample, files):
    before = _counts()

    again = imported(files.folder, "harbor")

    assert _counts() == before
    assert {key: value for key, value in again.items() if isinstance(value, int)} == dict.fromkeys(
        ("dry_run", "accounts", "patients", "events", "procedures", "charges", "payments", "opening_balances",
         "opening_credits", "allocations"), 0
    )  # fmt: skip
    assert (again["outstanding"], again["unapplied"], again["deposits"]) == ("378.25", "22.34", "25.00")
    assert {one["what"]: one["count"] for one in again["skipped"] if one["reason"] == "imported before"} == {
        "accounts": 5, "patients": 4, "events": 5, "procedures": 7, "payments": 4, "opening balances": 2,
        "opening credits": 2, "allocations": 7,
    }  # fmt: skip


def test_second_import_redoes_nothing_that_people_have_undone(sample, files, harbor):
    entry = Entry.objects.get(kind=EntryKind.ALLOCATE, credit__payment__external_ref="M4")
    undo_allocation(entry.pk, by=harbor.rita, reason="Not theirs")

    again = imported(files.folder, "harbor")

    assert again["allocations"] == 0
    assert again["unapplied"] == "52.34"


def test_longer_bundle_adds_only_what_is_new(sample, files):
    files.add("charges.csv", "C8,E4,,,D9972,Whitening,10.00,")
    files.add("payments.csv", "M5,A1,,P1,,L1,,2026-04-01,cash,15.00,,")
    files.add("allocations.csv", "M5,C8,10.00,", "M5,C2,5.00,")

    again = imported(files.folder, "harbor")

    assert (again["charges"], again["payments"], again["allocations"]) == (1, 1, 2)
    assert (again["charges_total"], again["allocated_total"]) == ("10.00", "15.00")


def test_dry_run_tells_everything_and_keeps_nothing(harbor, files):
    before = _counts()

    told = imported(files.folder, "harbor", "--dry-run")

    assert told == ADDED | {"dry_run": True}
    assert _counts() == before
    assert clinic_totals()["outstanding"] == 0
    assert imported(files.folder, "harbor") == ADDED


def test_dry_run_takes_no_numbers(harbor, files):
    imported(files.folder, "harbor", "--dry-run")
    imported(files.folder, "harbor")
    assert Payment.objects.order_by("number").first().ref == "PAY-001"


def test_location_of_the_same_name_is_used(harbor, files):
    harbor.location.name = "Main Street"
    harbor.location.save(update_fields=["name"])

    imported(files.folder, "harbor")

    assert list(Location.objects.values_list("name", flat=True)) == ["Main Street", "Riverside"]
    assert Payment.objects.filter(location=harbor.location).count() == 5


def test_family_shares_an_account_and_payers_are_listed(sample):
    guardian = Account.objects.get(external_ref="A2")

    assert [patient.first_name for patient in guardian.patients.order_by("first_name")] == ["Grace", "Noah"]
    assert guardian.kind == Account.Kind.GUARDIAN
    payer = Patient.objects.get(external_ref="P1").payers.get()
    assert (payer.account.name, payer.member_number) == ("Beacon Dental Insurance", "XK-4711")


def test_text_is_kept_as_text_on_one_line(sample):
    assert Account.objects.get(external_ref="A5").name == '=HYPERLINK("x")'
    assert Patient.objects.get(external_ref="P4").name == "Chloë O’Brien (née Smith)"


def test_event_is_closed_at_the_clinics_own_time(sample):
    event = TreatmentEvent.objects.get(external_ref="E1")

    assert event.service_at == datetime(2026, 1, 15, 19, 30, tzinfo=UTC)
    assert (event.is_completed, event.discipline) == (True, "General")
    assert TreatmentEvent.objects.get(external_ref="E3").discipline == "Imaging"


def test_lines_of_one_invoice_are_billed_together_by_its_last_date(sample):
    invoice = Invoice.objects.get(external_ref="I7")

    assert invoice.invoice_date == date(2026, 2, 10)
    assert [(one.line, one.amount, one.service_date.day) for one in invoice.charges.order_by("line")] == [
        (1, 9500, 3),
        (2, 4250, 10),
    ]


def test_opening_balance_is_an_office_charge_that_keeps_its_age(sample):
    charge = Charge.objects.select_related("invoice").get(external_ref="B1")

    assert (charge.kind, charge.description, charge.event) == (ChargeKind.OFFICE, "Opening balance", None)
    assert charge.invoice.invoice_date == charge.service_date == date(2025, 6, 30)
    assert charge.entries.get(kind=EntryKind.CHARGE).posting.business_date == date(2025, 6, 30)
    assert charge.outstanding == 4500


def test_opening_credit_is_a_paid_payment_that_is_on_no_receipt(sample):
    payment = Payment.objects.get(external_ref="K1")

    assert (payment.method, payment.status, payment.receipt) == (Method.OPENING, PaymentStatus.PAID, None)
    credit = Credit.objects.get(payment=payment)
    assert (credit.kind, credit.received_on, credit.available) == (CreditKind.DEPOSIT, date(2025, 12, 1), 2500)
    assert Credit.objects.get(payment__external_ref="K2").kind == CreditKind.UNAPPLIED


def test_tenders_of_one_receipt_stand_together(sample):
    receipts = {payment.external_ref: payment.receipt_id for payment in Payment.objects.all()}

    assert receipts["M1"] == receipts["M2"] != receipts["M3"]
    assert Receipt.objects.count() == 3


def test_numbers_follow_the_dates(sample):
    assert list(Payment.objects.order_by("number").values_list("external_ref", flat=True)) == [
        "K2", "K1", "M1", "M2", "M4", "M3",
    ]  # fmt: skip
    dates = list(Invoice.objects.order_by("number").values_list("invoice_date", flat=True))
    assert dates == sorted(dates)


def test_money_is_applied_where_the_files_say_on_their_dates(sample):
    rows = Entry.objects.filter(kind=EntryKind.ALLOCATE).values_list(
        "credit__payment__external_ref", "charge__external_ref", "credit_delta", "posting__business_date",
        "posting__source",
    )  # fmt: skip

    assert set(rows) == {
        ("M1", "C1", -10000, date(2026, 1, 15), Source.IMPORT),
        ("M2", "C1", -2000, date(2026, 1, 15), Source.IMPORT),
        ("M2", "C2", -3000, date(2026, 1, 16), Source.IMPORT),
        ("M3", "C6", -15000, date(2026, 3, 20), Source.IMPORT),
        ("M3", "B1", -4000, date(2026, 3, 20), Source.IMPORT),
        ("M4", "C3", -3000, date(2026, 2, 20), Source.IMPORT),
        ("K1", "C5", -2500, date(2026, 2, 3), Source.IMPORT),
    }


def test_every_page_shows_what_was_imported(sample, client, harbor):
    client.force_login(harbor.rita.user)
    with clinic_scope(harbor.clinic):
        places = [f"patients/{one.ref}/" for one in Patient.objects.all()]
        places += [f"payments/{one.ref}/" for one in Payment.objects.all()]
        places += [f"invoices/{one.ref}/" for one in Invoice.objects.all()]
        places += [f"treatments/{one.ref}/" for one in TreatmentEvent.objects.all()]

    assert {place: client.get(f"/c/harbor/{place}").status_code for place in places} == dict.fromkeys(places, 200)


def test_second_import_after_its_days_were_closed_adds_nothing(sample, files):
    location = Location.objects.get(name="Main Street")
    a_locked_day(location, date(2026, 1, 15))

    assert imported(files.folder, "harbor")["charges"] == 0


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_byte_order_mark_and_windows_lines_are_read(harbor, files, change):
    for file in files.folder.iterdir():
        files.write(file.name, change(file.read_text()))

    assert imported(files.folder, "harbor") == ADDED


def test_semicolons_are_read_as_well(harbor, files):
    import csv

    for file in files.folder.iterdir():
        rows = list(csv.reader(io.StringIO(file.read_text())))
        with file.open("w", newline="") as out:
            csv.writer(out, delimiter=";").writerows(rows)

    assert imported(files.folder, "harbor") == ADDED


def test_columns_may_stand_in_any_order(harbor, files):
    lines = files.text("locations.csv").splitlines()
    assert lines[0] == "location_id,name,address"
    files.write("locations.csv", "address,location_id,name\n,L1,Main Street\n,L2,Riverside\n")

    assert imported(files.folder, "harbor") == ADDED


def test_accounts_and_patients_alone_are_enough(harbor, files):
    for file in files.folder.iterdir():
        if file.name not in {"accounts.csv", "patients.csv"}:
            file.unlink()

    told = imported(files.folder, "harbor")

    assert (told["accounts"], told["patients"], told["outstanding"]) == (5, 4, "0.00")


def test_progress_is_told_on_stderr_and_json_stands_alone(harbor, files):
    out, err = io.StringIO(), io.StringIO()

    call_command("import_practice", str(files.folder), "--clinic", "harbor", "--json", stdout=out, stderr=err)

    assert json.loads(out.getvalue()) == ADDED
    assert "accounts.csv: 5 lines read" in err.getvalue()


def test_person_is_told_in_words(harbor, files):
    out = io.StringIO()

    call_command("import_practice", str(files.folder), "--clinic", "harbor", "--dry-run", stdout=out, stderr=out)

    assert "Would import 5 accounts, 4 patients, 5 events, 6 charges of 628.00, " in out.getvalue()
    assert "Nothing was kept: this was a dry run." in out.getvalue()


def test_it_is_never_in_two_clinics(sample, lakeside):
    with clinic_scope(lakeside.clinic):
        assert Patient.objects.count() == 0
