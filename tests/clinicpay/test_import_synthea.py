"""The whole of Synthea's sample, imported once: every figure of its README, to the cent."""

import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.models import Count, Sum

from balances.models import Entry
from balances.states import EntryKind
from clinicpay.clinics.queries import all_clinics
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account, Patient
from payments.models import Payment
from payments.states import Method
from treatments.models import Procedure

SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "synthea"
SLUG = "synthea-sample"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not SAMPLE.is_dir(), reason="../shared/data/synthea is not here"),
]


def told(*command):
    out = io.StringIO()
    call_command(*(str(word) for word in command), "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture(scope="module")
def report(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return told("import_synthea", SAMPLE, "--clinic", SLUG, "--create")


@pytest.fixture
def sample(report):
    with clinic_scope(all_clinics()[SLUG]):
        yield report


def test_the_figures_are_those_of_the_readme(sample):
    assert (sample["patients"], sample["events"]) == (27, 604)
    assert (sample["procedures"], sample["charges"], sample["charges_total"]) == (
        1545,
        1545 - 127,
        "1092402.73",
    )
    assert (sample["payments"], sample["payments_total"]) == (1843, "1103503.95")
    assert (sample["outstanding"], sample["unapplied"]) == ("0.00", "11101.22")
    assert {one["what"]: one["count"] for one in sample["skipped"]} == {
        "TRANSFERIN": 920, "TRANSFEROUT": 920, "CHARGE of 0.00": 127, "payer NO_INSURANCE": 1,
    }  # fmt: skip


def test_each_tender_has_its_figure(sample):
    tenders = Payment.objects.values_list("method").annotate(Count("pk"), Sum("amount"))
    assert {method: (count, Decimal(total) / 100) for method, count, total in tenders} == {
        Method.COPAY: (445, Decimal("28540.00")),
        Method.CHEQUE: (407, Decimal("456648.32")),
        Method.CASH: (405, Decimal("308144.14")),
        Method.CARD: (402, Decimal("294697.91")),
        Method.TRANSFER: (184, Decimal("15473.58")),
    }


def test_insurers_pay_on_the_patients_accounts(sample):
    by_insurers = Payment.objects.exclude(payer=None)
    assert {payment.method for payment in by_insurers} == {Method.TRANSFER}
    assert by_insurers.count() == 184
    assert Account.objects.filter(kind=Account.Kind.INSURANCE).count() == 9
    assert set(Patient.objects.values_list("account__kind", flat=True)) == {Account.Kind.PATIENT}


def test_rows_of_nothing_are_listed_and_not_charged(sample):
    assert Procedure.objects.filter(fee=0, charges=None).count() == 127
    assert not Procedure.objects.filter(fee__gt=0, charges=None).exists()


def test_numbers_follow_the_dates(sample):
    for model, day in ((Payment, "paid_at"), (Payment, "receipt__business_date")):
        dates = list(model.objects.order_by("number").values_list(day, flat=True))
        assert dates == sorted(dates)


def test_no_money_is_applied_before_it_came_or_was_owed(sample):
    entries = Entry.objects.filter(kind=EntryKind.ALLOCATE).select_related("posting", "credit", "charge__invoice")
    for entry in entries:
        assert entry.posting.business_date == max(entry.credit.received_on, entry.charge.invoice.invoice_date)


def test_the_ledger_agrees(report):
    assert told("check_ledger", "--clinic", SLUG)["ok"] is True


def test_a_second_import_adds_nothing(report):
    again = told("import_synthea", SAMPLE, "--clinic", SLUG, "--create")
    assert [again[key] for key in ("patients", "events", "procedures", "charges", "payments")] == [0] * 5
    assert (again["outstanding"], again["unapplied"]) == ("0.00", "11101.22")


def test_applying_again_finds_nothing_to_do(report):
    again = told("auto_apply", "--clinic", SLUG)
    assert (again["decisions"], again["allocated"], again["unapplied"]) == ([], "0.00", "11101.22")
