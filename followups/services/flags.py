"""Flagging a balance with what happens next: all that reception does about debt (S0.7, S0.32)."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from balances.ledger import lock_accounts
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, Membership
from clinicpay.staff.roles import Can
from followups.models import Callback, Promise
from followups.queries.flags import NOT_FLAGGED, flags_of
from followups.services.contacts import put_callback
from followups.services.promises import put_promise


@dataclass(frozen=True)
class Next:
    """What happens next with a balance: `member` calls at `due_at`, or `promised` minor units come by a day."""

    member: Membership | None = None
    due_at: datetime | None = None
    promised: int = 0
    promised_for: date | None = None
    note: str = ""


@transaction.atomic
def flag_debt(account: Account, what: Next, *, by: Actor) -> Callback | Promise:
    """Put an account on the list of those who are followed up, with a callback or a promise.

    There is one follow-up at most (S0.23): raises Refusal while another callback or promise is agreed, without
    debt, and for what is neither.
    """
    require(by, Can.FLAG_FOLLOW_UP)
    [locked] = lock_accounts([account.pk]).values()
    if agreed := flags_of([locked.pk], by.clinic).get(locked.pk, NOT_FLAGGED).dated:
        said = f"{agreed.label} {agreed.text}".strip()
        raise Refusal(f"{locked.name} is followed up already: {said}. One follow-up is enough.")
    if what.promised and what.promised_for:
        return put_promise(locked, what.promised, what.promised_for, by=by)
    if what.due_at is None or what.member is None:
        raise Refusal("Say what happens next: a callback, or what was promised for which day.")
    return put_callback(locked, what.due_at, by=by, member=what.member, note=what.note)
