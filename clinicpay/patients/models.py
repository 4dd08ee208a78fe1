"""Accounts (who owes and pays) and patients (who are treated)."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from clinicpay.clinics.models import TenantForeignKey, TenantModel, imported_once
from clinicpay.clinics.numbers import Numbered


class Account(Numbered, TenantModel):
    """The responsible party: the unit that owes, pays, and is locked before money moves.

    The five totals (minor units) are moved by the ledger's triggers in the statement that moves
    the money; the application cannot write them. `oldest_open` is the date of its oldest open invoice, kept
    likewise: there is one as long as it owes (G3).
    """

    KIND = "AC"

    class Kind(models.TextChoices):
        PATIENT = "patient", "Patient"
        GUARDIAN = "guardian", "Guardian"
        THIRD_PARTY = "third_party", "Third party"
        INSURANCE = "insurance", "Insurance"

    PAYS_FOR_OTHERS = (Kind.INSURANCE, Kind.THIRD_PARTY)

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
    oldest_open = models.DateField(null=True, editable=False)

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
        indexes = [
            models.Index(
                fields=["clinic", "id"],
                condition=models.Q(unapplied__gt=0) | models.Q(deposits__gt=0),
                name="patients_account_free",
            ),
            models.Index(
                fields=["clinic", "oldest_open", "id"],
                condition=models.Q(oldest_open__isnull=False),
                include=["owes"],
                name="patients_account_oldest",
            ),
            models.Index(
                fields=["clinic", "owes", "id"],
                condition=models.Q(oldest_open__isnull=False),
                name="patients_account_owed",
            ),
            models.Index(
                fields=["clinic", "name", "id"],
                condition=models.Q(oldest_open__isnull=False),
                name="patients_account_named",
            ),
            models.Index(fields=["clinic", "id"], condition=~models.Q(kind="patient"), name="patients_account_others"),
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
        return self.kind in self.PAYS_FOR_OTHERS


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
        indexes: ClassVar = [
            models.Index(fields=["clinic", "account", "patient"], name="patients_payer_account"),
        ]

    def __str__(self) -> str:
        return f"{self.account} for {self.patient}"


def _none_or_from_zero(*names: str) -> models.Q:
    """What was said is not negative."""
    condition = models.Q()
    for name in names:
        condition &= models.Q(**{name: None}) | models.Q(**{f"{name}__gte": 0})
    return condition


def _none_or_at_most(part: str, whole: str) -> models.Q:
    """What was said of a part fits into what was said of the whole."""
    return models.Q(**{part: None}) | models.Q(**{whole: None}) | models.Q(**{f"{part}__lte": models.F(whole)})


class EligibilityCheck(TenantModel):
    """What a payer said on a day about a patient's insurance; never changed, only withdrawn (S1.42, C23).

    Amounts are minor units; an empty one was not said. `plan_begins` and `plan_ends` bound the benefit year.
    """

    class Source(models.TextChoices):
        MANUAL = "manual", "Entered by hand"
        X12 = "x12", "X12 271 file"

    patient = TenantForeignKey(Patient, related_name="checks")
    source = models.CharField(max_length=6, choices=Source, default=Source.MANUAL)
    checked_on = models.DateField()
    payer = models.CharField(max_length=160)
    plan = models.CharField(max_length=160, blank=True)
    member_number = models.CharField(max_length=64, blank=True)
    active = models.BooleanField()
    plan_begins = models.DateField(null=True, blank=True)
    plan_ends = models.DateField(null=True, blank=True)
    deductible = models.BigIntegerField(null=True, blank=True)
    deductible_left = models.BigIntegerField(null=True, blank=True)
    out_of_pocket = models.BigIntegerField(null=True, blank=True)
    out_of_pocket_left = models.BigIntegerField(null=True, blank=True)
    notes = models.TextField(blank=True)
    entered_by_id = models.BigIntegerField(null=True, editable=False)
    entered_by = models.CharField(max_length=160, editable=False)
    entered_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_by = models.CharField(max_length=160, blank=True, editable=False)
    withdrawn_reason = models.CharField(max_length=500, blank=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None, withdrawn_reason="")
                | (models.Q(withdrawn_at__isnull=False) & ~models.Q(withdrawn_reason="")),
                name="patients_eligibilitycheck_withdrawn",
            ),
            models.CheckConstraint(
                condition=_none_or_from_zero("deductible", "deductible_left", "out_of_pocket", "out_of_pocket_left")
                & _none_or_at_most("deductible_left", "deductible")
                & _none_or_at_most("out_of_pocket_left", "out_of_pocket"),
                name="patients_eligibilitycheck_amounts",
            ),
            models.CheckConstraint(
                condition=_none_or_at_most("plan_begins", "plan_ends"), name="patients_eligibilitycheck_year"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "patient", "-checked_on", "-id"], name="patients_check_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.payer} {self.plan}".strip()


class Benefit(TenantModel):
    """What the patient pays for one service of a check: a copay (minor units), a co-insurance, or both.

    `coinsurance` is the patient's share in basis points: 2000 is 20 %. The copay stands instead of deductible
    and co-insurance unless it comes `on_top`. An empty `code` is every service without a line of its own.
    """

    class Kind(models.TextChoices):
        ANY = "any", "Any service"
        SERVICE = "service", "Service type"
        PROCEDURE = "procedure", "Procedure"

    class Network(models.TextChoices):
        IN = "in", "In network"
        OUT = "out", "Out of network"
        BOTH = "both", "In and out"

    eligibility = TenantForeignKey(EligibilityCheck, related_name="benefits")
    line = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=9, choices=Kind)
    code = models.CharField(max_length=15, blank=True)
    copay = models.BigIntegerField(null=True, blank=True)
    coinsurance = models.IntegerField(null=True, blank=True)
    on_top = models.BooleanField(default=False)
    network = models.CharField(max_length=4, choices=Network, default=Network.BOTH)

    class Meta(TenantModel.Meta):
        ordering = ["line"]
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "eligibility", "line"], name="patients_benefit_line"),
            models.UniqueConstraint(
                fields=["clinic", "eligibility", "kind", "code", "network"], name="patients_benefit_service"
            ),
            models.CheckConstraint(
                condition=models.Q(copay__isnull=False) | models.Q(coinsurance__isnull=False),
                name="patients_benefit_says",
            ),
            models.CheckConstraint(
                condition=_none_or_from_zero("copay", "coinsurance")
                & (models.Q(coinsurance=None) | models.Q(coinsurance__lte=10_000)),
                name="patients_benefit_amounts",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="any", code="") | (~models.Q(kind="any") & ~models.Q(code="")),
                name="patients_benefit_code",
            ),
        ]

    def __str__(self) -> str:
        return self.code or self.get_kind_display()
