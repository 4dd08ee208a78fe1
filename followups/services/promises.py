"""Promises to pay: recorded, cancelled, and judged by what was received and applied in time (F4)."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import QuerySet

from balances.ledger import lock_accounts
from balances.requests import Once
from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.queries import grace_days
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from followups.models import Case, Promise, PromisePayment
from followups.queries import promises_over
from followups.services.cases import bring_case, end_promise, follow, paid_of
from followups.states import CaseState, PromiseStatus
from payments.models import Receipt
from payments.services import Order, record_payment

PAYABLE = frozenset({PromiseStatus.OPEN, PromiseStatus.BROKEN, PromiseStatus.PARTLY_KEPT})
"""Promises for which money is still to come."""

AHEAD = timedelta(days=366)
"""How far ahead a promise is: a later one was mistyped, and would hide the account until then."""


@transaction.atomic
def make_promise(account: Account, amount: int, due: date, *, by: Actor, grace: int | None = None) -> Promise:
    """Record that `amount` minor units will be paid by a date; the account is followed up from now on.

    A promise that is still open is judged if its time is over, and replaced by this one otherwise. `grace` are
    days, as the clinic chose unless told. Raises Refusal for more than is owed and for a date that has passed.
    """
    require(by, Can.FOLLOW_UP)
    return put_promise(account, amount, due, by=by, grace=grace)


def put_promise(account: Account, amount: int, due: date, *, by: Actor, grace: int | None = None) -> Promise:
    """The same for an act that has its own permission, such as a flag."""
    [locked] = lock_accounts([account.pk]).values()
    today = clock.today(by.clinic)
    if amount <= 0:
        raise Refusal("Enter an amount greater than zero.")
    if amount > (owed := locked.owes + locked.planned):
        raise Refusal(f"{locked.name} owes {money.show(owed, by.clinic.currency)}. Nobody can promise more than that.")
    if due < today:
        raise Refusal("A promise is for today or later.")
    if due > today + AHEAD:
        raise Refusal("A promise is for a day within a year from today.")
    for earlier in _open_promises().filter(case__account=locked):
        if earlier.last_day < today:
            _judge(earlier, by)
        else:
            end_promise(earlier, PromiseStatus.CANCELLED, paid_of(earlier, by=by), by=by, reason="Replaced")
    grace = grace_days() if grace is None else grace
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


def judge_promises(*, by: Actor, day: date, account_id: int | None = None) -> list[Promise]:
    """Judge every open promise, or an account's, whose last day was before `day`, each in a transaction of its own."""
    require(by, Can.FOLLOW_UP)
    rows = promises_over(day) if account_id is None else promises_over(day).filter(case__account=account_id)
    over = [one for one in rows if one.last_day < day]
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
    """A broken promise stays in view until somebody says what came of it (F4)."""
    if promise.case.state == CaseState.PROMISED:
        broken = promise.status == PromiseStatus.BROKEN
        bring_case(account, CaseState.PROMISE_BROKEN if broken else CaseState.CONTACT_DUE, by=by)


@transaction.atomic
def pay_promise(promise: Promise, order: Order, *, by: Actor, seen: str, once: Once | None = None) -> Receipt:
    """Take money that was promised, as at the desk, and keep on both sides that it belongs together (S2.7).

    `seen` is the promise's status as the person saw it. An open promise is kept at once when what was received and
    applied since it was made reaches it; one that was judged stays as judged. Raises Refusal when it has changed,
    Repeated with the first receipt's number.
    """
    require(by, Can.TAKE_PAYMENT)
    [locked] = lock_accounts([promise.case.account_id]).values()
    found = Promise.objects.get(pk=promise.pk)
    receipt = record_payment(locked, order, by=by, once=once)  # first of all, so that a second arrival is one
    if found.status != seen or seen not in PAYABLE:
        raise Refusal(f"This promise is {found.get_status_display().lower()} now. Nothing was recorded; look again.")
    PromisePayment.objects.create(promise=found, receipt=receipt)
    record("promise.paid", found, by=by, after={"amount": order.amount})
    _settle_paid(found, by)
    return receipt


def _settle_paid(promise: Promise, by: Actor) -> None:
    """What money that was taken for a promise changes; paying everything has closed its case already."""
    case = Case.objects.select_related("account").get(pk=promise.case_id)
    promise = Promise.objects.select_related("case__account").get(pk=promise.pk)
    if promise.status == PromiseStatus.OPEN:
        if (paid := paid_of(promise, by=by)) >= promise.amount:
            end_promise(promise, PromiseStatus.KEPT, paid, by=by)
            _contact_again(promise, case.account, by)
    elif case.state == CaseState.PROMISE_BROKEN:
        bring_case(case.account, CaseState.CONTACT_DUE, by=by)


def _open_promises() -> QuerySet[Promise]:
    rows = Promise.objects.filter(status=PromiseStatus.OPEN).select_related("case__account")
    return rows.order_by("case__account", "pk")


def _still_open(promise: Promise) -> Promise:
    found = _open_promises().filter(pk=promise.pk).first()
    if found is None:
        raise Refusal("This promise was judged or cancelled meanwhile.")
    return found
