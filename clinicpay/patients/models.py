"""Accounts (who owes and pays) and patients (who are treated)."""

from django.db import models

from clinicpay.clinics.models import TenantForeignKey, TenantModel, imported_once
from clinicpay.clinics.numbers import Numbered


class Account(Numbered, TenantModel):
    """The responsible party: the unit that owes, pays, and is locked before money moves.

    The five totals (minor units) are moved by the ledger's trigger in the statement that moves
    the money; the application cannot write them.
    """

    KIND = "AC"

    class Kind(models.TextChoices):
        PATIENT = "patient", "Patient"
        GUARDIAN = "guardian", "Guardian"
        THIRD_PARTY = "third_party", "Third party"
        INSURANCE = "insurance", "Insurance"

    kind = models.CharField(max_length=12, choices=Kind, default=Kind.PATIENT)
    name = models.CharField(max_length=160)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    address = models.CharField(max_length=240, blank=True)
    external_ref = models.CharField(max_length=64, blank=True, editable=False)
    owes = models.BigIntegerField(default=0, editable=False)
    planned = models.BigIntegerField(default=0, editable=False)
    unapplied = models.BigIntegerField(default=0, editable=False)
    deposits = models.BigIntegerField(default=0, editable=False)
    held = models.BigIntegerField(default=0, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="patients_account_number"),
            imported_once("patients_account_external"),
            models.CheckConstraint(
                condition=models.Q(owes__gte=0, planned__gte=0, unapplied__gte=0, deposits__gte=0, held__gte=0),
                name="patients_account_totals",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def credit(self) -> int:
        """Free money of the account (minor units): unapplied and deposits; pre-payments are never netted."""
        return self.unapplied + self.deposits

    @property
    def is_payer(self) -> bool:
        """Whether the account pays for patients of others: an insurer or a third party."""
        return self.kind in {self.Kind.INSURANCE, self.Kind.THIRD_PARTY}


class Patient(Numbered, TenantModel):
    """Somebody who is treated; their debt is their account's."""

    KIND = "PT"

    class Sex(models.TextChoices):
        FEMALE = "F", "Female"
        MALE = "M", "Male"
        OTHER = "X", "Other"

    account = TenantForeignKey(Account, related_name="patients")
    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80)
    birth_date = models.DateField(null=True, blank=True)
    sex = models.CharField(max_length=1, choices=Sex, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    address = models.CharField(max_length=240, blank=True)
    search_key = models.CharField(max_length=200, editable=False, db_collation="C")
    external_ref = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "number"], name="patients_patient_number"),
            imported_once("patients_patient_external"),
        ]
        indexes = [
            models.Index(fields=["clinic", "search_key", "id"], name="patients_patient_search"),
            models.Index(fields=["clinic", "account"], name="patients_patient_account"),
            models.Index(fields=["clinic", "birth_date"], name="patients_patient_born"),
        ]

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    def __str__(self) -> str:
        return self.name


class PatientWord(TenantModel):
    """One normalised word by which a patient is found; prefix search stays on an index under the policies."""

    patient = TenantForeignKey(Patient, related_name="words")
    word = models.CharField(max_length=80, db_collation="C")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "word", "patient"], name="patients_word"),
        ]
        indexes = [models.Index(fields=["clinic", "patient"], name="patients_word_patient")]

    def __str__(self) -> str:
        return self.word


class PatientPayer(TenantModel):
    """An insurance or third-party account that pays for a patient."""

    patient = TenantForeignKey(Patient, related_name="payers")
    account = TenantForeignKey(Account, related_name="pays_for")
    member_number = models.CharField(max_length=64, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "patient", "account"], name="patients_payer"),
        ]

    def __str__(self) -> str:
        return f"{self.account} for {self.patient}"
