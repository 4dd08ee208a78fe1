"""Reading what payers said."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import QuerySet

from clinicpay.clinics.queries import check_days
from clinicpay.patients.eligibility.service_types import service_name
from clinicpay.patients.models import Benefit, EligibilityCheck, Patient
from clinicpay.ui.words import day_words


def checks_of(patient: Patient) -> QuerySet[EligibilityCheck]:
    """All checks of a patient with their benefits, the most recent first, withdrawn ones among them."""
    rows = EligibilityCheck.objects.filter(patient=patient).order_by("-checked_on", "-pk")
    return rows.prefetch_related("benefits")


def latest_check(patient: Patient) -> EligibilityCheck | None:
    """The most recent check that was not withdrawn (S1.42)."""
    return checks_of(patient).filter(withdrawn_at=None).first()


def warnings(check: EligibilityCheck, today: date) -> list[str]:
    """What makes a check doubtful on a day, in words: its age, or another benefit year (C23)."""
    found = []
    age = (today - check.checked_on).days
    if age > check_days():
        found.append(f"This check is {age} days old: ask the payer again.")
    if check.plan_ends and check.plan_ends < today:
        found.append(f"The benefit year ended on {day_words(check.plan_ends)}: ask the payer again.")
    if check.plan_begins and check.plan_begins > today:
        found.append(f"The benefit year begins on {day_words(check.plan_begins)}.")
    return found


def benefit_name(benefit: Benefit) -> str:
    """What a benefit is about, in words."""
    if benefit.kind == Benefit.Kind.SERVICE:
        return service_name(benefit.code)
    return benefit.code or "any service"


class Shown(NamedTuple):
    """A benefit as a table shows it; the copay is in minor units, the share in words."""

    name: str
    copay: int | None
    share: str
    on_top: bool
    network: str


def shown(benefits: Iterable[Benefit]) -> list[Shown]:
    """Benefits in words, in their order."""
    return [
        Shown(
            benefit_name(one)[:1].upper() + benefit_name(one)[1:],
            one.copay,
            "" if one.coinsurance is None else percent(one.coinsurance),
            one.on_top,
            one.get_network_display(),
        )
        for one in benefits
    ]


def percent(points: int) -> str:
    """Basis points as people write them: 2000 is "20%", 1250 is "12.5%"."""
    return f"{(Decimal(points) / 100).normalize():f}%"


def applying(benefits: Iterable[Benefit], procedure: str, services: Iterable[str]) -> Benefit | None:
    """The benefit for a procedure: its own, else that of its service types in order, else that for any service.

    What holds in the network goes before what holds in and out of it; what holds outside alone is not used.
    """
    asked = [(Benefit.Kind.PROCEDURE, procedure.strip().upper()), *((Benefit.Kind.SERVICE, one) for one in services)]
    inside = {(one.kind, one.code): one for one in reversed(list(benefits)) if one.network == Benefit.Network.IN}
    both = {(one.kind, one.code): one for one in benefits if one.network == Benefit.Network.BOTH}
    known = both | inside
    return next((known[one] for one in [*asked, (Benefit.Kind.ANY, "")] if one in known), None)
