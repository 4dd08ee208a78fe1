"""What is wrong with a practice's files is told with file, line and column, all of it, and nothing is imported."""

import io
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.imports import sheets
from clinicpay.patients.models import Account
from tests.clinicpay.practice_files import PracticeFiles, faults, imported
from tests.factories import a_locked_day

LONG = "x" * 300
FAULTS = {
    "no id": ("accounts.csv", "A5,patient", ",patient", 6, "account_id", "this cell is empty; expected is an id"),
    "id with blank": ("locations.csv", "L2,River", "L 2,River", 3, "location_id", '"L 2" is not an id of your own'),
    "long id": ("accounts.csv", "A1,p", f"{LONG},p", 2, "account_id", "is not an id of your own: 1 to 50"),
    "twice": ("accounts.csv", "A5,p", "A1,p", 6, "account_id", '"A1" stands twice; the first time in accounts.csv'),
    "twice in two files": (
        "opening_balances.csv", "B2", "C1", 3, "charge_id", '"C1" stands twice; the first time in charges.csv line 2'
    ),
    "unknown account": ("patients.csv", "P3,A2", "P3,A9", 4, "account_id", 'there is no account "A9" in accounts.csv'),
    "unknown patient": ("payers.csv", "P2,", "P9,", 3, "patient_id", 'there is no patient "P9" in patients.csv'),
    "unknown location": ("events.csv", "E3,P3,D2,L2", "E3,P3,D2,L9", 4, "location_id", 'there is no location "L9"'),
    "unknown event": ("charges.csv", "C5,E3", "C5,E9", 6, "event_id", 'there is no event "E9" in events.csv'),
    "unknown charge": (
        "allocations.csv", "M1,C1", "M1,C9", 2, "charge_id",
        'there is no charge "C9" in charges.csv or opening_balances.csv',
    ),
    "kind": ("accounts.csv", "A2,guardian", "A2,mother", 3, "kind", '"mother" is not one of patient, guardian'),
    "no name": ("patients.csv", "P1,A1,Ethan", "P1,A1,", 2, "first_name", "this cell is empty; expected is text"),
    "long name": ("patients.csv", "Grace", LONG, 4, "first_name", "is longer than 80 characters"),
    "sex": ("patients.csv", "2014-10-06,M", "2014-10-06,male", 2, "sex", '"male" is not one of F, M, X'),
    "email": ("accounts.csv", "ethan@example.test", "ethan", 2, "email", '"ethan" is not an email address'),
    "American date": ("events.csv", "2026-03-10", "03/10/2026", 5, "date", '"03/10/2026" is not a date; write it like'),
    "no such day": ("patients.csv", "2016-02-29", "2015-02-29", 3, "birth_date", '"2015-02-29" is not a date'),
    "no date": ("payments.csv", "2026-03-20", "", 4, "date", "this cell is empty; expected is a date"),
    "future event": ("events.csv", "2026-03-10", "2999-01-01", 5, "date", '"2999-01-01" is in the future; today is'),
    "future payment": ("payments.csv", "2026-03-20", "2999-01-01", 4, "date", "is in the future"),
    "future charge": ("charges.csv", "2026-02-10", "2999-01-01", 5, "date", "is in the future"),
    "time": ("events.csv", "14:30", "2:30 pm", 2, "time", '"2:30 pm" is not a time of day; write it like 14:30'),
    "comma": ("payments.csv", "card,100.00", 'card,"100,00"', 2, "amount", '"100,00" is not an amount; write it like'),
    "thousands": ("payments.csv", "card,100.00", 'card,"1,100.00"', 2, "amount", '"1,100.00" is not an amount'),
    "exponent": ("payments.csv", "card,100.00", "card,1e2", 2, "amount", '"1e2" is not an amount'),
    "full width": ("payments.csv", "card,100.00", "card,１００", 2, "amount", '"１００" is not an amount'),
    "third decimal": ("charges.csv", "80.5,", "80.505,", 3, "amount", '"80.505" has more than 2 decimals, which USD'),
    "negative": ("payments.csv", "card,100.00", "card,-100.00", 2, "amount", '"-100.00" is negative'),
    "nothing": ("payments.csv", "card,100.00", "card,0.00", 2, "amount", '"0.00" is not greater than zero'),
    "too much": ("charges.csv", "80.5,", "99999999999.00,", 3, "amount", "more than one amount can be"),
    "currency": ("payments.csv", "100.00,USD", "100.00,EUR", 2, "currency", '"EUR" is not the clinic\'s currency, USD'),
    "method": ("payments.csv", "card", "barter", 2, "method", '"barter" is not one of cash, card'),
    "opening is no tender": ("payments.csv", "card", "opening", 2, "method", '"opening" is not one of cash, card'),
    "held": ("opening_credits.csv", "deposit,50", "pre_payment,50", 2, "kind", "is not one of unapplied, deposit"),
    "insurer owes": ("patients.csv", "P2,A2", "P2,A3", 3, "account_id", 'account "A3" is of kind insurance, which'),
    "no payer": ("payers.csv", "P2,A4", "P2,A1", 3, "account_id", 'account "A1" is neither of kind insurance nor'),
    "same payer": ("payers.csv", "P2,A4,", "P2,A4,\nP2,A4,", 4, "account_id", "stand together twice"),
    "payer of a payment": ("payments.csv", "A2,A4", "A2,A1", 5, "payer_account_id", "neither of kind insurance nor"),
    "patient of another": (
        "payments.csv", "M4,A2,A4,P2", "M4,A2,A4,P1", 5, "account_id",
        'account "A2" is neither the one of patient "P1", "A1", nor listed for them in payers.csv',
    ),
    "event of another": ("payments.csv", "M1,A1,,P1,E1", "M1,A1,,P1,E2", 2, "event_id", '"E2" is another patient'),
    "receipt of two dates": (
        "payments.csv", "2026-01-15,cash", "2026-01-16,cash", 3, "receipt_id", "one account, one location and one date"
    ),
    "invoice of two accounts": (
        "charges.csv", "C6,E4,", "C6,E4,I7", 7, "invoice_id", 'invoice "I7" has lines of another account or location'
    ),
    "more than the payment": (
        "allocations.csv", "M1,C1,100.00", "M1,C1,100.01", 2, "amount",
        'with this line 100.01 of payment "M1" is applied, which is 100.00',
    ),
    "more than the payment in two lines": (
        "allocations.csv", "M2,C2,30.00", "M2,C2,30.01", 4, "amount",
        'with this line 50.01 of payment "M2" is applied, which is 50.00',
    ),
    "more than the charge": (
        "charges.csv", "evaluation,120.00", "evaluation,119.99", 3, "amount",
        'with this line 120.00 of charge "C1" is applied, which is 119.99',
    ),
    "of no payer": (
        "allocations.csv", "M3,B1", "M3,C3", 6, "payment_id",
        'payment "M3" is of account "A3", charge "C3" of "A2"; only a payer that payers.csv lists',
    ),
    "of another account": ("allocations.csv", "M1,C1", "M1,C5", 2, "payment_id", "only a payer that payers.csv lists"),
    "of a debt of nobody's": (
        "opening_balances.csv", "B1,A1,P1", "B1,A1,", 6, "payment_id", 'is of account "A3", charge "B1" of "A1"'
    ),
    "pair twice": ("allocations.csv", "M2,C2,30.00,2026-01-16", "M2,C1,10.00,", 4, "charge_id", "add the amounts"),
    "applied too early": ("allocations.csv", "2026-01-16", "2026-01-14", 4, "date", '14" is before 2026-01-15'),
    "nothing to pay": ("allocations.csv", "K1,C5,25", "K2,C7,5", 8, "amount", 'charge "C7" is applied, which is 0.00'),
}  # fmt: skip

IN_ANOTHER_FILE = {"more than the charge": "allocations.csv", "of a debt of nobody's": "allocations.csv"}
"""Where a fault is found that another file makes."""


@pytest.fixture
def files(tmp_path):
    return PracticeFiles(tmp_path)


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_names_file_line_and_column_and_imports_nothing(harbor, files, fault):
    name, old, new, line, column, words = FAULTS[fault]
    files.spoil(name, old, new)

    found = faults(files.folder, "harbor")

    told = {(one["file"], one["line"], one["column"]): one["message"] for one in found}
    assert words in told[IN_ANOTHER_FILE.get(fault, name), line, column], found
    assert not Account.objects.exists()


def test_all_faults_are_told_at_once_in_their_order(harbor, files):
    files.spoil("accounts.csv", "A1,patient,Ethan Park,ethan@example.test", "A1,parent,,nobody")
    files.spoil("payments.csv", "card,100.00", "barter,1e2")

    found = [(one["file"], one["line"], one["column"]) for one in faults(files.folder, "harbor")]

    assert found == [
        ("accounts.csv", 2, "kind"), ("accounts.csv", 2, "name"), ("accounts.csv", 2, "email"),
        ("payments.csv", 2, "method"), ("payments.csv", 2, "amount"),
    ]  # fmt: skip


def test_fault_is_not_told_again_by_the_lines_that_name_its_line(harbor, files):
    files.spoil("patients.csv", "P1,A1,Ethan", "P1,A1,")
    assert len(faults(files.folder, "harbor")) == 1


def test_line_numbers_hold_behind_quoted_line_breaks(harbor, files):
    files.add("patients.csv", "P5,A9,Late,Line,,,,,")
    assert [(one["line"], one["column"]) for one in faults(files.folder, "harbor")] == [(7, "account_id")]


def test_person_reads_them_in_words(harbor, files):
    files.spoil("payments.csv", "card,100.00", "card,-100.00")
    with pytest.raises(CommandError) as caught:
        call_command("import_practice", str(files.folder), "--clinic", "harbor", stderr=io.StringIO())
    assert str(caught.value) == ('Nothing was imported:\npayments.csv line 2, column amount: "-100.00" is negative')


def test_reading_ends_when_there_are_too_many_faults(harbor, files, monkeypatch):
    monkeypatch.setattr(sheets, "LIMIT", 20)
    files.add("accounts.csv", *(f"X{n},parent,Name,,," for n in range(100)))

    found = faults(files.folder, "harbor")

    assert len(found) == 21
    assert "reading ended after 20 faults" in [one["message"] for one in found]


HEADER = b"location_id,name,address\n"


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 1, "the columns location_id, name, address are missing"),
        (b"location_id,name\n", 1, "the column address is missing"),
        (b"location_id,name,adress\n", 1, 'no column "adress" here; the columns are location_id, name, address'),
        (b"Location_ID,Name,Address\n", 1, 'there is no column "Location_ID", "Name", "Address" here'),
        (b"location_id,name,name,address\n", 1, "two columns have the same name"),
        (HEADER + b"L1,Main Street\n", 2, "2 cells under 3 columns"),
        (HEADER + b"L1,Main Street 1, Oakfield,\n", 2, "4 cells under 3 columns; put a cell that has a comma in it"),
        (b"location_id;name;address\nL1;Main;a;b\n", 2, "4 cells under 3 columns; put a cell that has a semicolon"),
        (HEADER + b"L1,Caf\xe9,\n", 2, "this is not UTF-8 text; save the file as “CSV UTF-8”"),
        ("location_id,name,address\n".encode("utf-16"), 1, "this is not UTF-8 text but UTF-16"),
        (HEADER + b"L1,a\0b,\n", 2, "a NUL character can't be imported"),
        (HEADER + b'L1,"Main" Street,\n', 2, "this is not CSV"),
        (HEADER + b'L1,"Main Street,\nL2,x,\n', 2, "is a quotation mark missing?"),
        (HEADER + b"L1," + b"x" * 200_000 + b",\n", 2, "field larger than field limit"),
    ],
)
def test_file_that_is_no_table_is_refused(harbor, files, content, line, words):
    files.write("locations.csv", content)
    told = {(one["file"], one["line"]): one["message"] for one in faults(files.folder, "harbor")}
    assert words in told["locations.csv", line], told


def test_missing_file_is_named(harbor, files):
    (files.folder / "accounts.csv").unlink()
    assert faults(files.folder, "harbor") == [
        {"file": "accounts.csv", "line": 0, "column": "", "message": "this file is missing"}
    ]


def test_file_that_is_too_large_is_refused(harbor, files, monkeypatch):
    monkeypatch.setattr(sheets, "LARGEST", 100)
    assert "larger than" in str(faults(files.folder, "harbor"))


def test_closed_day_is_refused_with_file_and_line(harbor, files):
    harbor.location.name = "Main Street"
    harbor.location.save(update_fields=["name"])
    a_locked_day(harbor.location, date(2026, 1, 15))

    found = faults(files.folder, "harbor")

    assert {(one["file"], one["line"]) for one in found} == {
        ("charges.csv", 2), ("charges.csv", 3), ("payments.csv", 2), ("payments.csv", 3),
        ("allocations.csv", 2), ("allocations.csv", 3),
    }  # fmt: skip
    assert {one["message"] for one in found} == {
        "2026-01-15 is closed at Main Street; nothing more can be posted on it"
    }
    assert not Account.objects.exists()


def test_money_that_people_have_used_since_is_refused_in_words(harbor, files):
    from balances.models import Charge, Credit
    from balances.services import apply_credit

    imported(files.folder, "harbor")
    credit, charge = Credit.objects.get(payment__external_ref="K2"), Charge.objects.get(external_ref="C2")
    apply_credit(Credit.objects.get(payment__external_ref="M3"), [(charge, 1000)], by=harbor.rita)
    assert credit.available == 1234
    files.add("allocations.csv", "M3,C2,10.00,")

    found = faults(files.folder, "harbor")

    assert "more than the money that is available" in found[0]["message"]


def test_currency_without_decimals_takes_none(db, files):
    from clinicpay.clinics.scope import clinic_scope
    from tests.factories import make_clinic

    tokyo = make_clinic("tokyo", timezone="Asia/Tokyo", currency="JPY")
    with clinic_scope(tokyo.clinic):
        found = faults(files.folder, "tokyo")

    assert '"100.00" has more than 0 decimals, which JPY has' in {one["message"] for one in found}


def test_todays_event_that_is_still_to_come_is_refused(harbor, files, monkeypatch):
    now = clock.local_now(harbor.clinic)
    if now.hour == 23:
        pytest.skip("the last hour of the clinic's day has no later time")
    files.spoil("events.csv", "2026-01-15,14:30", f"{now.date()},23:59")
    assert '"23:59" is in the future' in {one["message"] for one in faults(files.folder, "harbor")}


def test_bad_arguments_end_with_two(harbor, files):
    for arguments in ([str(files.folder / "nowhere"), "--clinic", "harbor"], [str(files.folder), "--clinic", "no"]):
        with pytest.raises(CommandError) as caught:
            call_command("import_practice", *arguments)
        assert caught.value.returncode == 2


def test_dry_run_tells_the_same_faults(harbor, files):
    files.spoil("payments.csv", "card", "barter")
    assert faults(files.folder, "harbor", "--dry-run") == faults(files.folder, "harbor")
    assert Location.objects.count() == 1
