"""The demo's automatic runs: the night of the day on which it was made, and a preview that nobody has applied."""

from balances.services import preview_run
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.night.steps import run_night
from clinicpay.staff.models import ClinicPayItself


def make_a_night(clinic: Clinic) -> None:
    """Last night, over what a year of visits has left in hand; what is taken in later waits for the next."""
    run_night(clinic.pk, clock.today(clinic))


def make_a_preview(by: ClinicPayItself) -> None:
    """What the utility would do with everything that is in hand now, and what it would leave."""
    preview_run(by=by)
