"""What follows when an account's money moves, inside the same transaction."""

from typing import Any

from django.dispatch import receiver

from balances.signals import account_changed
from clinicpay.patients.models import Account
from clinicpay.staff.models import Actor
from followups.queries import ever_followed
from followups.services import settle_case, settle_plans


@receiver(account_changed, dispatch_uid="followups.settle")
def settle(accounts: list[Account], by: Actor, **_: Any) -> None:
    """Plans complete when their debt is gone; then a case closes, or opens again with its debt (F1, F2)."""
    followed = ever_followed(accounts)
    for account in accounts:
        if account.pk in followed:
            settle_plans(account, by=by)
            settle_case(account, by=by)
