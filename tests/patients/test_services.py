"""Accounts and patients as far as they touch money."""

import pytest
from django.db import DatabaseError, transaction

from balances.services import apply_credit
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account, PatientPayer
from clinicpay.patients.queries import may_pay_for
from clinicpay.patients.services import add_payer, change_patient, open_account, register_patient
from clinicpay.staff.access import Refused
from tests.balances.money import credit_of, totals
from tests.factories import a_charge, a_patient, a_payment


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.mark.parametrize("kind", [Account.Kind.INSURANCE, Account.Kind.THIRD_PARTY])
def test_payer_pays_for_the_patients_that_list_it(harbor, ethan, kind):
    payer = open_account(by=harbor.rita, name="Delta", kind=kind)
    charge = a_charge(harbor, ethan, 500)
    credit = credit_of(a_payment(harbor, payer, 500))
    with pytest.raises(Refusal, match="can't pay for a patient of another"):
        apply_credit(credit, [(charge, 500)], by=harbor.rita)
    add_payer(ethan, payer, by=harbor.rita)
    apply_credit(credit, [(charge, 500)], by=harbor.rita)
    assert totals(ethan.account) == (0, 0)


@pytest.mark.parametrize("kind", [Account.Kind.PATIENT, Account.Kind.GUARDIAN])
def test_ordinary_account_is_no_payer_of_others(harbor, ethan, kind):
    friend = open_account(by=harbor.rita, name="Friend", kind=kind)
    with pytest.raises(Refusal, match="neither an insurer nor a third party"):
        add_payer(ethan, friend, by=harbor.rita)
    assert not may_pay_for(friend, ethan)


def test_payer_listed_past_the_service_still_cannot_pay(harbor, ethan):
    friend = open_account(by=harbor.rita, name="Friend", kind=Account.Kind.GUARDIAN)
    PatientPayer.objects.create(patient=ethan, account=friend)
    credit = credit_of(a_payment(harbor, friend, 500))
    with pytest.raises(Refusal, match="can't pay for a patient of another"):
        apply_credit(credit, [(a_charge(harbor, ethan, 500), 500)], by=harbor.rita)


def test_practitioner_adds_no_patient_account_or_payer(harbor, ethan):
    insurer = open_account(by=harbor.rita, name="Delta", kind=Account.Kind.INSURANCE)
    with pytest.raises(Refused):
        register_patient(by=harbor.petra, first_name="Mia", last_name="Park")
    with pytest.raises(Refused):
        open_account(by=harbor.petra, name="Mia")
    with pytest.raises(Refused):
        add_payer(ethan, insurer, by=harbor.petra)


def test_account_starts_at_zero_and_its_totals_cannot_be_saved(harbor, ethan):
    assert totals(ethan.account) == (0, 0)
    ethan.account.owes = 5
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        ethan.account.save(update_fields=["owes"])


def test_longest_name_that_a_patient_may_have_is_taken(harbor):
    """Both names together are one letter longer than the account's."""
    patient = register_patient(by=harbor.rita, first_name="F" * 80, last_name="L" * 80)
    changed = change_patient(patient, by=harbor.rita, first_name="G" * 80)

    assert patient.account.name == f"{'F' * 80} {'L' * 79}"
    changed.account.refresh_from_db()
    assert changed.account.name == f"{'G' * 80} {'L' * 79}"


def test_correction_that_reaches_the_account_is_in_its_trail(harbor):
    patient = register_patient(by=harbor.rita, first_name="Ethan", last_name="Park", phone="555 0100")

    change_patient(patient, by=harbor.rita, first_name="Ethan", last_name="Parker")
    change_patient(patient, by=harbor.rita, first_name="Ethan", last_name="Parker")

    line = AuditEvent.objects.get(action="account.changed")
    assert (line.before["name"], line.after["name"]) == ("Ethan Park", "Ethan Parker")
