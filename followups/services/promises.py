"""Promises to pay: recorded, cancelled, and judged by what was received and applied in time (F4)."""

from datetime import date

from django.db import transaction
from django.db.models import QuerySet

from balances.ledger import lock_accounts
from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from followups.models import Promise
from followups.services.cases import bring_case, end_promise, follow, paid_of
from followups.states import CaseState, PromiseStatus


@transaction.atomic
def make_promise(account: Account, amount: int, due: date, *, by: Actor, grace: int = 0) -> Promise:
    """Record that `amount` minor units will be paid by a date; the account is followed up from now on.

    A promise that is still open is judged if its time is over, and replaced by this one otherwise. Raises
    Refusal for more than is owed and for a date that has passed.
    """
    require(by, Can.FOLLOW_UP)
    [locked] = lock_accounts([account.pk]).values()
    today = clock.today(by.clinic)
    if amount <= 0:
        raise Refusal("Enter an amount greater than zero.")
    if amount > (owed := locked.owes + locked.planned):
        raise Refusal(f"{locked.name} owes {money.show(owed, by.clinic.currency)}. Nobody can promise more than that.")
    if due < today:
        raise Refusal("A promise is for today or later.")
    for earlier in _open_promises().filter(case__account=locked):
        if earlier.last_day < today:
            _judge(earlier, by)
        else:
            end_promise(earlier, PromiseStatus.CANCELLED, paid_of(earlier, by=by), by=by, reason="Replaced")
    case = follow(locked, CaseState.PROMISED, by=by)
    promise = Promise.objects.create(case=case, amount=amount, due_date=due, grace=grace)
    promise.refresh_from_db(fields=["made_at"])
    record("promise.made", promise, by=by, after={"amount": amount, "due": due.isoformat(), "grace": grace})
    return promise


@transaction.atomic
def cancel_promise(promise: Promise, *, by: Actor, reason: str) -> Promise:
    """Take a promise back before it is judged; the account is due for contact again."""
    require(by, Can.FOLLOW_UP)
    if not reason.strip():
        raise Refusal("Say why the promise is cancelled.")
    [locked] = lock_accounts([promise.case.account_id]).values()
    promise = _still_open(promise)
    end_promise(promise, PromiseStatus.CANCELLED, paid_of(promise, by=by), by=by, reason=reason)
    _contact_again(promise, locked, by)
    return promise


def judge_promises(*, by: Actor, day: date) -> list[Promise]:
    """Judge every open promise whose last day was before `day`, each in a transaction of its own."""
    require(by, Can.FOLLOW_UP)
    over = [one for one in _open_promises().filter(due_date__lt=day) if one.last_day < day]
    return [judged for one in over if (judged := _judge_if_open(one, by))]


@transaction.atomic
def _judge_if_open(promise: Promise, by: Actor) -> Promise | None:
    [locked] = lock_accounts([promise.case.account_id]).values()
    found = _open_promises().filter(pk=promise.pk).first()
    if found is None:
        return None
    _judge(found, by)
    _contact_again(found, locked, by)
    return found


def _judge(promise: Promise, by: Actor) -> None:
    paid = paid_of(promise, by=by)
    if paid >= promise.amount:
        status = PromiseStatus.KEPT
    else:
        status = PromiseStatus.PARTLY_KEPT if paid else PromiseStatus.BROKEN
    end_promise(promise, status, paid, by=by)


def _contact_again(promise: Promise, account: Account, by: Actor) -> None:
    if promise.case.state == CaseState.PROMISED:
        bring_case(account, CaseState.CONTACT_DUE, by=by)


def _open_promises() -> QuerySet[Promise]:
    rows = Promise.objects.filter(status=PromiseStatus.OPEN).select_related("case__account")
    return rows.order_by("case__account", "pk")


def _still_open(promise: Promise) -> Promise:
    found = _open_promises().filter(pk=promise.pk).first()
    if found is None:
        raise Refusal("This promise was judged or cancelled meanwhile.")
    return found
