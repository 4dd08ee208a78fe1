"""What money may pay by hand: charges of its own account, and of patients that list the account as their payer."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet, Sum

from balances.models import Charge
from balances.queries import TARGET_ORDER
from balances.states import ChargeKind
from clinicpay.patients.models import Account, Patient, PatientPayer
from clinicpay.patients.queries import narrowed
from treatments.states import COMPLETED

NOBODY = "none"
"""Stands for the charges of an account that are for no patient."""

MOST_PEOPLE = 60
"""Patients of an insurer that are offered at once; the others are found by name."""


@dataclass(frozen=True)
class Person:
    """A patient whose charges money may pay, and what is open on them (minor units); nobody: the account's own."""

    patient: Patient | None
    open: int = 0

    @property
    def ref(self) -> str:
        """What stands for them in a form or an address."""
        return self.patient.ref if self.patient else NOBODY

    @property
    def name(self) -> str:
        """As lists call them."""
        return self.patient.name if self.patient else "No patient"


@dataclass(frozen=True)
class People:
    """Patients to choose from, and how many there are beside them."""

    rows: list[Person]
    others: int = 0


def people_of(account: Account, *, find: str = "", chosen: Collection[str] = ()) -> People:
    """Whose charges an account's money may pay (S3.20): its family; of a payer's patients those who owe, by name.

    `find` narrows the patients of a payer down; those who are `chosen` already (PT-001) stay among them.
    """
    owed = dict(_sums(_open().filter(account=account)))
    own = [Person(None, owed[None])] if None in owed else []
    if not account.is_payer:
        rows = Patient.objects.filter(Q(account=account) | Q(pk__in=[pk for pk in owed if pk]))
        return People([*(Person(one, owed.get(one.pk, 0)) for one in rows.order_by("search_key", "pk")), *own])
    owed |= dict(_sums(_of_listed(account)))
    rows = Patient.objects.filter(pk__in=[pk for pk in owed if pk]).order_by("search_key", "pk")
    wanted = rows.filter(number__in=_numbers(chosen))
    found = narrowed(rows, find) if find.strip() else rows
    people = {one.pk: one for one in [*wanted, *found[:MOST_PEOPLE]]}
    shown = sorted(people.values(), key=lambda one: (one.search_key, one.pk))
    return People([*(Person(one, owed[one.pk]) for one in shown), *own], rows.count() - len(shown))


def charges_of(account: Account, people: Iterable[Person]) -> QuerySet[Charge]:
    """Open charges of these people that the account's money may pay, in the order in which money pays them (S3.21)."""
    patients = [one.patient for one in people if one.patient]
    accounts = {account.pk, *(one.account_id for one in patients if account.is_payer)}
    whose = Q(patient__in=[one.pk for one in patients])
    if any(one.patient is None for one in people):
        whose |= Q(patient=None, account=account)
    return _told(_open().filter(whose, account__in=accounts))


def charges_on(account: Account) -> QuerySet[Charge]:
    """All open charges that an account's money may pay, in the order in which money pays them."""
    if not account.is_payer:
        return _told(_open().filter(account=account))
    ids = _of_listed(account).values("pk").union(_open().filter(account=account).values("pk"))
    return _told(Charge.objects.filter(pk__in=ids))


def payable_among(account: Account, charge_ids: Collection[int]) -> list[Charge]:
    """Those of these billed charges that the account's money may pay, also what is paid or void by now."""
    rows = list(_told(Charge.objects.filter(pk__in=list(charge_ids), invoice__isnull=False)))
    listed: set[int | None] = set()
    if account.is_payer:
        payers = PatientPayer.objects.filter(account=account, patient__in=[row.patient_id for row in rows])
        listed = set(payers.values_list("patient", flat=True))
    return [row for row in rows if row.account_id == account.pk or row.patient_id in listed]


def origin(charge: Charge) -> str:
    """What a charge comes from, in words (S3.1–S3.4); its event is loaded."""
    if charge.kind != ChargeKind.PROCEDURE:
        return {ChargeKind.OFFICE: "Office charge", ChargeKind.INSTALMENT: "Plan instalment"}[ChargeKind(charge.kind)]
    if charge.event is None:
        return "Charge"
    return "Completed treatment" if charge.event.state in COMPLETED else "Treatment in progress"


def _open() -> QuerySet[Charge]:
    return Charge.objects.filter(outstanding__gt=0, invoice__isnull=False)


def _of_listed(account: Account) -> QuerySet[Charge]:
    """Open charges of the patients that list a payer; by way of their accounts, which the index of open ones knows."""
    listed = PatientPayer.objects.filter(account=account).values("patient")
    homes = Patient.objects.filter(pk__in=listed).values("account")
    return _open().filter(account__in=homes, patient__in=listed)


def _told(rows: QuerySet[Charge]) -> QuerySet[Charge]:
    return rows.select_related("invoice", "event", "patient").order_by(*TARGET_ORDER)


def _sums(rows: QuerySet[Charge]) -> QuerySet[Charge, tuple[int | None, int]]:
    return rows.order_by().values_list("patient").annotate(Sum("outstanding"))


def _numbers(refs: Iterable[str]) -> list[int]:
    found = (ref.removeprefix(f"{Patient.KIND}-") for ref in refs)
    return [int(digits) for digits in found if digits.isascii() and digits.isdigit() and len(digits) < 19]
