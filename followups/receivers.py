"""What follows when an account's money moves, inside the same transaction."""

from typing import Any

from django.dispatch import receiver

from balances.signals import account_changed
from clinicpay.patients.models import Account
from clinicpay.staff.models import Actor
from followups.services import settle_plans


@receiver(account_changed, dispatch_uid="followups.settle")
def settle(account: Account, by: Actor, **_: Any) -> None:
    """Plans complete when their debt is gone."""
    settle_plans(account, by=by)
