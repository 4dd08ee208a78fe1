"""Keeping what a payer said, and withdrawing what was kept in error."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Benefit, EligibilityCheck, Patient
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can


@dataclass(frozen=True)
class Said:
    """What a check says of one service; see Benefit for the meaning of each field."""

    kind: str
    code: str = ""
    copay: int | None = None
    coinsurance: int | None = None
    on_top: bool = False
    network: str = Benefit.Network.BOTH


@dataclass(frozen=True)
class Answer:
    """What a payer says about a patient; see EligibilityCheck for the meaning of each field."""

    checked_on: date
    payer: str
    active: bool
    plan: str = ""
    member_number: str = ""
    plan_begins: date | None = None
    plan_ends: date | None = None
    deductible: int | None = None
    deductible_left: int | None = None
    out_of_pocket: int | None = None
    out_of_pocket_left: int | None = None
    notes: str = ""
    source: str = EligibilityCheck.Source.MANUAL
    benefits: Sequence[Said] = field(default=())


@transaction.atomic
def keep_check(patient: Patient, answer: Answer, *, by: Actor) -> EligibilityCheck:
    """Keep what a payer said. Raises Refusal for an answer that contradicts itself or comes from the future."""
    require(by, Can.CHECK_BENEFITS)
    _sound(answer, clock.today(by.clinic))
    check, benefits = unsaved(answer)
    check.patient, check.entered_by_id, check.entered_by = patient, by.user_id, by.label[:160]
    check.save(force_insert=True)
    for benefit in benefits:
        benefit.eligibility = check
    Benefit.objects.bulk_create(benefits)
    record("benefits.checked", check, by=by, after=_kept(check, len(benefits)))
    return check


def unsaved(answer: Answer) -> tuple[EligibilityCheck, list[Benefit]]:
    """The rows of an answer, which are not kept yet."""
    fields = asdict(answer)
    said = fields.pop("benefits")
    return EligibilityCheck(**fields), [Benefit(line=line, **one) for line, one in enumerate(said, 1)]


def _sound(answer: Answer, today: date) -> None:
    if answer.checked_on > today:
        raise Refusal("A check can't be dated in the future.")
    if answer.plan_begins and answer.plan_ends and answer.plan_begins > answer.plan_ends:
        raise Refusal("The benefit year ends before it begins.")
    pairs = (
        ("deductible", answer.deductible, answer.deductible_left),
        ("out-of-pocket maximum", answer.out_of_pocket, answer.out_of_pocket_left),
    )
    for words, whole, left in pairs:
        if whole is not None and left is not None and left > whole:
            raise Refusal(f"More is left of the {words} than it is altogether.")
    services = [(one.kind, one.code, one.network) for one in answer.benefits]
    if len(services) != len(set(services)):
        raise Refusal("A service is named twice. Keep one line for each.")


def _kept(check: EligibilityCheck, benefits: int) -> dict[str, Any]:
    shown = {"insurer": check.payer, "insurance_plan": check.plan, "active": check.active, "benefits": benefits}
    left = {"deductible_left": check.deductible_left, "out_of_pocket_left": check.out_of_pocket_left}
    return shown | {"day": check.checked_on.isoformat()} | left


@transaction.atomic
def withdraw_check(check: EligibilityCheck, *, by: Actor, reason: str) -> None:
    """Take a check that was kept in error out of use; it stays to be read, with the reason."""
    require(by, Can.CHECK_BENEFITS)
    check = EligibilityCheck.objects.select_for_update(no_key=True).get(pk=check.pk)
    if check.withdrawn_at:
        raise Refusal("This check was withdrawn already.")
    if not reason.strip():
        raise Refusal("Say why: a reason is kept with every correction.")
    check.withdrawn_at, check.withdrawn_by, check.withdrawn_reason = timezone.now(), by.label[:160], reason
    check.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    record("benefits.withdrawn", check, by=by, after={"withdrawn": True}, reason=reason)


@transaction.atomic
def set_check_days(days: int | None, *, by: Actor) -> None:
    """Say after how many days a check counts as old; None is what the server says."""
    require(by, Can.MANAGE_SETTINGS)
    clinic = Clinic.objects.select_for_update(no_key=True).get(pk=by.clinic.pk)
    before = clinic.check_days
    if before == days:
        return
    clinic.check_days = days
    clinic.save(update_fields=["check_days"])
    record("clinic.check_days_set", clinic, by=by, before={"check_days": before}, after={"check_days": days})
