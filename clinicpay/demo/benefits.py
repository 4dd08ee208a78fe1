"""What insurers said about demo patients: deductibles in part used, copays, an old answer, a plan that has ended."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.patients.eligibility.services import Answer, Said, keep_check
from clinicpay.patients.models import Benefit, Patient
from clinicpay.staff.models import Actor

_ANY, _SERVICE, _PROCEDURE = Benefit.Kind.ANY, Benefit.Kind.SERVICE, Benefit.Kind.PROCEDURE
_IN, _OUT = Benefit.Network.IN, Benefit.Network.OUT


class Policy(NamedTuple):
    """One kind of insurance: how many days ago it was asked about, and what was said (minor units)."""

    ago: int
    plan: str
    said: tuple[Said, ...] = ()
    amounts: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)
    more: dict[str, Any] = {}


PPO = (
    Said(_ANY, coinsurance=2_000, network=_IN),
    Said(_ANY, coinsurance=4_000, network=_OUT),
    Said(_SERVICE, "41", copay=0),
    Said(_SERVICE, "36", coinsurance=5_000, network=_IN),
    Said(_SERVICE, "98", copay=2_500),
    Said(_PROCEDURE, "D3310", copay=5_000, coinsurance=3_000, on_top=True),
)
COPAYS = (Said(_ANY, copay=3_500), Said(_SERVICE, "98", copay=2_000), Said(_SERVICE, "40", copay=7_500))

POLICIES = (
    Policy(4, "PPO Plus", PPO, (150_000, 61_550, 500_000, 310_000)),
    Policy(11, "Copay Select", COPAYS, (0, 0, 300_000, 184_500)),
    Policy(74, "PPO Basic", PPO, (200_000, 200_000, 600_000, 600_000), {"notes": "Asked by phone."}),
    Policy(9, "Family Care", more={"active": False, "notes": "Ended with the job; new insurer to follow."}),
    Policy(2, "PPO Plus", PPO, (150_000, 0, 500_000, 0), {"notes": "The maximum was met in September."}),
)
"""In turn, for those whom the insurer pays for and one more; the others have none."""


def insure(clinic: Clinic, patients: Sequence[Patient], *, by: Actor) -> None:
    """A check for every other patient."""
    today = clock.today(clinic)
    for n, patient in enumerate(patients[::2]):
        keep_check(patient, _answer(POLICIES[n % len(POLICIES)], n, today), by=by)


def _answer(policy: Policy, n: int, today: date) -> Answer:
    deductible, deductible_left, most, most_left = policy.amounts
    day = today - timedelta(days=policy.ago)
    said: dict[str, Any] = {"active": True} | policy.more
    return Answer(
        checked_on=day,
        payer="Beacon Dental Insurance",
        plan=policy.plan,
        member_number=f"BD{700_100 + n * 37}",
        plan_begins=date(day.year, 1, 1),
        plan_ends=date(day.year, 12, 31),
        deductible=deductible,
        deductible_left=deductible_left,
        out_of_pocket=most,
        out_of_pocket_left=most_left,
        benefits=policy.said,
        **said,
    )
