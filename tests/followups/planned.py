"""Plans that tests of their pages begin with, and what an account owes beside them."""

from datetime import timedelta

from clinicpay.patients.models import Account
from followups.schedule import Terms
from followups.services import start_plan
from followups.states import Frequency
from tests.factories import a_charge


def a_plan(harbor, patient, today, *amounts: int, instalment: int = 3000, frequency=Frequency.MONTHLY):
    """An active plan over a charge for each amount (minor units), begun today."""
    charges = [a_charge(harbor, patient, amount, on=today - timedelta(days=40)) for amount in amounts]
    return start_plan(patient.account, charges, Terms(instalment, frequency, today), by=harbor.bill)


def debt_of(patient) -> tuple[int, int]:
    """What the patient's account owes, and what of its plans is not billed yet."""
    account = Account.objects.get(pk=patient.account_id)
    return account.owes, account.planned


def plan_page_of(patient) -> str:
    """The page at which what the patient's account owes becomes a plan."""
    return f"/c/harbor/followups/{patient.account.ref}/plan/"
