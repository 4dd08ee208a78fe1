"""What a night does about an account's debt; the night calls each for one account at a time."""

from datetime import date

from django.db import transaction

from balances.ledger import lock_accounts
from balances.queries import owes_since_before
from balances.states import Source
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from followups.models import Case
from followups.queries import instalments_due, overdue_charges
from followups.services.cases import follow, settle_case
from followups.services.plans import bill_instalment
from followups.states import CaseOutcome, CaseState


@transaction.atomic
def bill_instalments_due(account_id: int, *, by: Actor, day: date) -> int:
    """Bill every instalment of an account that is due by a date, missed ones too; how many (P2, S2.53)."""
    lock_accounts([account_id])  # what somebody bills by hand at this moment is not due any more
    due = list(instalments_due(day).filter(plan__account=account_id))
    for instalment in due:
        bill_instalment(instalment, by=by, source=Source.NIGHTLY)
    return len(due)


@transaction.atomic
def settle_account(account_id: int, *, by: Actor, day: date) -> bool:
    """Close a case whose debt is settled, or open one for debt that is overdue (F1); whether anything was done.

    Debt that a case was opened for in error opens none again.
    """
    require(by, Can.FOLLOW_UP)
    [account] = lock_accounts([account_id]).values()
    newest = Case.objects.filter(account=account).order_by("-pk").first()
    if newest and newest.state != CaseState.CLOSED:
        before = newest.state
        settle_case(account, by=by)
        newest.refresh_from_db(fields=["state"])
        return newest.state != before
    if not overdue_charges(day).filter(account=account).exists() or _in_error(newest):
        return False
    follow(account, CaseState.CONTACT_DUE, by=by)
    return True


def _in_error(case: Case | None) -> bool:
    if case is None or case.outcome != CaseOutcome.IN_ERROR or case.closed_at is None:
        return False
    return owes_since_before(case.account_id, case.closed_at)
