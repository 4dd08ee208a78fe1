"""What is known for an estimate: the latest eligibility check, the base, and the benefit for each line (C23, C24)."""

from dataclasses import dataclass, field, replace
from itertools import chain

from balances.queries import event_charges
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.patients.eligibility.queries import Shown, applying, benefit_name, latest_check, shown, warnings
from clinicpay.patients.eligibility.service_types import OFFICE_VISIT, services_of
from clinicpay.patients.models import Benefit, EligibilityCheck, Patient
from clinicpay.ui.words import day_words
from payments.estimates import Left, Line, Share, Terms, estimate
from payments.states import PaymentType
from treatments.models import TreatmentEvent

ESTIMATED = {PaymentType.PRE_PAYMENT, PaymentType.OFFICE_VISIT}
"""Types of payment that show an estimate (S1.39–S1.41)."""


@dataclass(frozen=True)
class Wanted:
    """What a payment shall be for; `expected` is a charge in minor units that the user foresees."""

    patient: Patient | None = None
    event: TreatmentEvent | None = None
    kind: str = ""
    expected: int | None = None


@dataclass
class Estimated:
    """An estimate with everything that it rests on, or `why_not` there is none."""

    check: EligibilityCheck | None = None
    why_not: str = ""
    warnings: list[str] = field(default_factory=list)
    base: str = ""
    terms: Terms | None = None
    shares: list[Share] = field(default_factory=list)
    benefits: list[Shown] = field(default_factory=list)

    @property
    def total(self) -> int:
        """What the patient will probably pay, in minor units."""
        return sum(share.amount for share in self.shares)

    @property
    def charged(self) -> int | None:
        """All charges together, as far as they are known."""
        bases = [share.line.base for share in self.shares]
        return None if None in bases else sum(base for base in bases if base is not None)

    @property
    def from_treatment(self) -> bool:
        """Whether the linked treatment gave the base: then no expected charge is asked for."""
        return self.base.startswith(_OF_TREATMENT)


_OF_TREATMENT = ("Posted", "Planned")


def work_out(wanted: Wanted, clinic: Clinic) -> Estimated | None:
    """The estimate for a payment; None while no patient is chosen, and for a type that shows none (S1.41)."""
    if wanted.patient is None or wanted.kind not in ESTIMATED:
        return None
    check = latest_check(wanted.patient)
    if check is None:
        return Estimated(
            why_not=f"There is no eligibility check of {wanted.patient.name}, so nothing can be estimated."
        )
    benefits = list(check.benefits.all())
    found = Estimated(check=check, warnings=warnings(check, clock.today(clinic)), benefits=shown(benefits))
    if not check.active:
        day = day_words(check.checked_on)
        found.why_not = f"The plan was not active when it was checked on {day}, so nothing can be estimated."
        return found
    _work(found, wanted, benefits, clinic.currency)
    return found


def _work(found: Estimated, wanted: Wanted, benefits: list[Benefit], currency: str) -> None:
    """Fill in base, terms and shares; or why there are none."""
    assert found.check
    usual = [OFFICE_VISIT] if wanted.kind == PaymentType.OFFICE_VISIT else []
    found.base, lines = _base(wanted, currency)
    chosen = [
        (applying(benefits, code, [*services_of(code), *usual]), code, label, base) for code, label, base in lines
    ]
    worked = _once_a_visit(chosen)
    found.terms = worked[0].terms
    left = Left(found.check.deductible_left, found.check.out_of_pocket_left)
    if worked[0].base is None and found.terms.copay is None and left.out_of_pocket != 0:
        found.why_not = (
            "No charge is known and the check names no copay. Link a treatment or enter the expected charge."
        )
        return
    found.shares = estimate(worked, left, currency)


def _once_a_visit(chosen: list[tuple[Benefit | None, str, str, int | None]]) -> list[Line]:
    """The lines to be shared; those that the benefit of an office visit covers are one: its copay is due once."""
    lines: list[Line] = []
    visit: int | None = None
    for benefit, code, label, base in chosen:
        is_visit = benefit is not None and (benefit.kind, benefit.code) == (Benefit.Kind.SERVICE, OFFICE_VISIT)
        if is_visit and visit is not None and base is not None:
            first = lines[visit]
            lines[visit] = replace(first, label=f"{first.label}, {label}", base=(first.base or 0) + base)
            continue
        visit = len(lines) if is_visit else visit
        lines.append(Line(label, base, _terms(benefit, code or label)))
    return lines


def _terms(benefit: Benefit | None, otherwise: str) -> Terms:
    """A benefit's terms; of a service that the check doesn't name there are none."""
    if benefit is None:
        return Terms(otherwise)
    return Terms(benefit_name(benefit), benefit.copay, benefit.coinsurance, benefit.on_top)


def _base(wanted: Wanted, currency: str) -> tuple[str, list[tuple[str, str, int | None]]]:
    """In words, and as lines of (code, label, amount): the treatment's charges, an expected one, or none (C24)."""
    if wanted.event:
        posted, planned = _charges(wanted.event)
        if posted or planned:
            kinds = " and ".join(kind for kind, rows in (("posted", posted), ("planned", planned)) if rows)
            words = f"{kinds.capitalize()} charges of {wanted.event.ref}"
            return words, [(code, label, amount) for code, label, amount in chain(posted, planned)]
    label = PaymentType(wanted.kind).label
    if wanted.expected:
        return "Expected charge, as entered", [("", label, wanted.expected)]
    return "Copay only: no charge is known", [("", label, None)]


def _charges(event: TreatmentEvent) -> tuple[list[tuple[str, str, int]], list[tuple[str, str, int]]]:
    """What is charged for a treatment, less what was credited; and the fees of what is not charged yet."""
    charges = [charge for charge in event_charges(event.pk) if charge.source_id is None and not charge.voided]
    charged = {charge.procedure_id for charge in charges}
    posted = [(one.code, f"{one.code} {one.description}".strip(), one.amount - one.credited) for one in charges]
    planned = [(one.code, str(one), one.fee) for one in event.procedures.all() if one.pk not in charged]
    return [one for one in posted if one[2]], [one for one in planned if one[2]]
