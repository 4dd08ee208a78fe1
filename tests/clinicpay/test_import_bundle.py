"""Importing a small practice: what it becomes, and that a fault in any file leaves nothing behind."""

from datetime import date

import pytest

from balances.models import AutoApplyRun, Charge, Entry, Invoice, Posting
from balances.states import EntryKind, Source
from clinicpay.clinics.models import Location
from clinicpay.clinics.queries import all_clinics
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account, Patient
from payments.models import Payment
from payments.states import Method, PaymentStatus
from tests.clinicpay.bundle import LATER, LINE, Bundle, answer, refused
from tests.factories import a_locked_day
from treatments.models import Procedure, TreatmentEvent
from treatments.states import EventState

SLUG = "small-practice"
COMMAND = ("--clinic", SLUG, "--create")


@pytest.fixture
def bundle(db, tmp_path):
    return Bundle(tmp_path)


@pytest.fixture
def imported(bundle, capsys):
    bundle.write()
    report = answer(capsys, "import_synthea", bundle.folder, *COMMAND)
    with clinic_scope(all_clinics()[SLUG]):
        yield report


def test_the_report_counts_what_was_added(imported):
    assert {key: imported[key] for key in imported if key != "skipped"} == {
        "patients": 1, "events": 1, "procedures": 2, "charges": 1, "charges_total": "100.00",
        "payments": 2, "payments_total": "110.00", "outstanding": "0.00", "unapplied": "10.00",
    }  # fmt: skip
    assert {one["what"]: one["count"] for one in imported["skipped"]} == {
        "TRANSFEROUT": 1, "CHARGE of 0.00": 1, "payer NO_INSURANCE": 1,
    }  # fmt: skip
    assert all(one["reason"] for one in imported["skipped"])


def test_a_patient_has_an_account_and_the_insurer_of_the_claims(imported):
    patient = Patient.objects.get()

    assert (patient.account.kind, patient.account.name) == (Account.Kind.PATIENT, "Ethan Park")
    assert [payer.account.name for payer in patient.payers.all()] == ["Aetna"]
    assert not Account.objects.filter(name="NO_INSURANCE").exists()


def test_an_encounter_is_a_closed_event_at_its_organization(imported):
    event = TreatmentEvent.objects.get()

    assert (event.state, event.practitioner.name, event.location.name) == (
        EventState.CLOSED,
        "Dr Jones",
        "Main Street",
    )
    assert [procedure.fee for procedure in Procedure.objects.order_by("line")] == [10000, 0]


def test_a_claim_is_an_invoice_dated_by_the_clinics_own_day(imported):
    invoice = Invoice.objects.get()

    assert (invoice.invoice_date, invoice.due_date) == (date(2023, 1, 27), date(2023, 2, 26))
    assert [(charge.line, charge.amount) for charge in Charge.objects.all()] == [(1, 10000)]


def test_payments_are_paid_with_their_tender_payer_and_receipt(imported):
    copay, insurer = Payment.objects.order_by("number")

    assert (copay.method, copay.payer, copay.status) == (Method.COPAY, None, PaymentStatus.PAID)
    assert (insurer.method, insurer.payer.name, insurer.account) == (Method.TRANSFER, "Aetna", copay.account)
    assert (copay.receipt.business_date, insurer.receipt.business_date) == (
        date(2023, 1, 27),
        date(2023, 2, 10),
    )


def test_money_is_applied_once_both_sides_are_there(imported):
    postings = Posting.objects.filter(entries__kind=EntryKind.ALLOCATE).order_by("business_date")

    assert [posting.business_date for posting in postings] == [date(2023, 1, 27), date(2023, 2, 10)]
    assert {posting.source for posting in postings} == {Source.IMPORT}


def test_a_second_import_adds_nothing(imported, bundle, capsys):
    before = (
        Entry.objects.count(),
        Payment.objects.count(),
        Location.objects.count(),
        AutoApplyRun.objects.count(),
    )

    again = answer(capsys, "import_synthea", bundle.folder, *COMMAND)

    assert [again[key] for key in ("patients", "events", "procedures", "charges", "payments")] == [0] * 5
    assert (again["charges_total"], again["payments_total"]) == ("0.00", "0.00")
    assert (again["outstanding"], again["unapplied"]) == ("0.00", "10.00")
    assert before == (
        Entry.objects.count(), Payment.objects.count(), Location.objects.count(), AutoApplyRun.objects.count()
    )  # fmt: skip


def test_a_longer_export_adds_only_what_is_new(imported, bundle, capsys):
    bundle.lines.append(LINE | {"ID": "t6", "TYPE": "CHARGE", "AMOUNT": "4.00", "FROMDATE": LATER})
    bundle.write()

    again = answer(capsys, "import_synthea", bundle.folder, *COMMAND)

    assert (again["charges"], again["charges_total"], again["unapplied"]) == (1, "4.00", "6.00")
    assert list(Charge.objects.order_by("line").values_list("line", "invoice__number")) == [(1, 1), (2, 1)]


def test_without_allocation_all_money_stays_unapplied(bundle, capsys):
    bundle.write()
    report = answer(capsys, "import_synthea", bundle.folder, *COMMAND, "--no-allocate")
    assert (report["outstanding"], report["unapplied"]) == ("100.00", "110.00")


def test_auto_apply_previews_exactly_what_it_then_does(bundle, capsys):
    bundle.write()
    answer(capsys, "import_synthea", bundle.folder, *COMMAND, "--no-allocate")

    preview = answer(capsys, "auto_apply", "--clinic", SLUG, "--dry-run")
    with clinic_scope(all_clinics()[SLUG]):
        assert not Entry.objects.filter(kind=EntryKind.ALLOCATE).exists()
    done = answer(capsys, "auto_apply", "--clinic", SLUG)
    again = answer(capsys, "auto_apply", "--clinic", SLUG)

    assert preview["run"] is None
    assert done == preview | {"run": done["run"]}
    assert [(one["credit"], one["charge"], one["amount"]) for one in done["decisions"]] == [
        ("PAY-001", "INV-001/1", "20.00"),
        ("PAY-002", "INV-001/1", "80.00"),
    ]
    assert [(one["credit"], one["amount"]) for one in done["skips"]] == [("PAY-002", "10.00")]
    assert (done["allocated"], done["outstanding"], done["unapplied"]) == ("100.00", "0.00", "10.00")
    assert (again["decisions"], again["allocated"]) == ([], "0.00")


def spoil(bundle, name, row, **cells):
    bundle.rows[name][row] |= cells


FAULTS = {
    "date": ("claims_transactions.csv", 3, {"FROMDATE": "20x3"}, '"20x3" is not a date'),
    "unused date": ("claims_transactions.csv", 0, {"TODATE": "soon"}, '"soon" is not a date'),
    "impossible date": ("patients.csv", 0, {"BIRTHDATE": "2014-02-30"}, '"2014-02-30" is not a date'),
    "future": ("claims_transactions.csv", 0, {"FROMDATE": "2999-01-01T00:00:00Z"}, "is in the future"),
    "amount": ("claims_transactions.csv", 0, {"AMOUNT": "1e5"}, '"1e5" is not an amount'),
    "no amount": ("claims_transactions.csv", 4, {"PAYMENTS": ""}, '"" is not an amount'),
    "negative": ("claims_transactions.csv", 0, {"AMOUNT": "-5.00"}, '"-5.00" is negative'),
    "patient": ("claims_transactions.csv", 2, {"PATIENTID": "p9"}, 'there is no patient "p9"'),
    "encounter": ("claims.csv", 0, {"APPOINTMENTID": "e9"}, 'there is no encounter "e9"'),
    "insurer": ("claims.csv", 0, {"PRIMARYPATIENTINSURANCEID": "i9"}, 'there is no payer "i9"'),
    "type": ("claims_transactions.csv", 1, {"TYPE": "ADJUSTMENT"}, '"ADJUSTMENT" is not one of'),
    "method": ("claims_transactions.csv", 3, {"METHOD": "BARTER"}, '"BARTER" is not one of'),
    "twice": ("claims_transactions.csv", 1, {"ID": "t1"}, '"t1" stands twice'),
    "no id": ("patients.csv", 0, {"Id": ""}, "an id must have 1 to 64 characters"),
    "long code": ("claims_transactions.csv", 0, {"PROCEDURECODE": "1" * 16}, "longer than 15 characters"),
    "no name": ("patients.csv", 0, {"FIRST": ""}, "this cell is empty"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_names_file_line_and_column_and_imports_nothing(bundle, fault):
    name, row, cells, words = FAULTS[fault]
    spoil(bundle, name, row, **cells)
    bundle.write()

    error = refused("import_synthea", bundle.folder, *COMMAND)

    assert error.returncode == 1
    assert f"{name} line {row + 2}, column {next(iter(cells))}: " in str(error)
    assert words in str(error)
    assert SLUG not in all_clinics()


def test_a_missing_column_is_named(bundle):
    bundle.columns["patients.csv"].remove("BIRTHDATE")
    bundle.write()
    assert "patients.csv line 1: the column BIRTHDATE is missing" in str(
        refused("import_synthea", bundle.folder, *COMMAND)
    )


def test_a_missing_file_is_named(bundle):
    bundle.write()
    (bundle.folder / "claims.csv").unlink()
    error = refused("import_synthea", bundle.folder, *COMMAND)
    assert (error.returncode, "claims.csv: this file is missing" in str(error)) == (1, True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "line 1: the column"),
        (b"Id,NAME,ADDRESS,CITY,STATE,ZIP\no1,x\n", "line 2: 2 cells under 6 columns"),
        (b"Id,NAME,ADDRESS,CITY,STATE,ZIP\no1,\xff,,,,\n", "line 2: this is not UTF-8 text"),
        (b"Id,NAME,ADDRESS,CITY,STATE,ZIP\no1,\0,,,,\n", "line 2: a NUL character"),
        (b'Id,NAME,ADDRESS,CITY,STATE,ZIP\no1,"x"y,,,,\n', "line 2: this is not CSV"),
        (b"Id,Id,NAME,ADDRESS,CITY,STATE,ZIP\n", "line 1: two columns have the same name"),
    ],
)
def test_a_file_that_is_no_table_is_refused(bundle, content, words):
    bundle.write()
    (bundle.folder / "organizations.csv").write_bytes(content)
    assert f"organizations.csv {words}" in str(refused("import_synthea", bundle.folder, *COMMAND))


def test_every_fault_is_told_to_a_machine(bundle, capsys):
    spoil(bundle, "patients.csv", 0, BIRTHDATE="x")
    spoil(bundle, "claims_transactions.csv", 0, AMOUNT="x")
    bundle.write()
    error = refused("import_synthea", bundle.folder, *COMMAND, "--json")
    assert error.returncode == 1
    assert capsys.readouterr().out == (
        '{"errors": ["claims_transactions.csv line 2, column AMOUNT: \\"x\\" is not an amount; write it like 1234.50", '
        '"patients.csv line 2, column BIRTHDATE: \\"x\\" is not a date; write it like 2014-10-06"]}\n'
    )


def test_bad_arguments_end_with_two(bundle):
    bundle.write()
    assert refused("import_synthea", bundle.folder / "nowhere", *COMMAND).returncode == 2
    assert refused("import_synthea", bundle.folder, "--clinic", "unknown").returncode == 2
    assert refused("import_synthea", bundle.folder, "--clinic", "not a slug", "--create").returncode == 2
    assert refused("auto_apply", "--clinic", "unknown").returncode == 2
    assert refused("check_ledger", "--clinic", "unknown").returncode == 2


def test_a_closed_day_refuses_the_whole_import(imported, bundle, capsys):
    a_locked_day(Location.objects.get(name="Main Street"), date(2023, 2, 10))
    bundle.lines.append(LINE | {"ID": "t7", "TYPE": "PAYMENT", "METHOD": "CASH", "PAYMENTS": "1.00", "FROMDATE": LATER})
    bundle.write()

    error = refused("import_synthea", bundle.folder, *COMMAND)

    assert (error.returncode, "closed" in str(error)) == (1, True)
    assert Payment.objects.count() == 2
