"""Cases: the work on one account's debt. They close and re-open by themselves with the debt (F1–F3, I7).

Every act locks the account first, so that a case and the debt that it is about never pass each other.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from balances.ledger import lock_accounts
from balances.queries import applied_between, last_act_on_debt, owes_since_before
from balances.refusals import database_refusals
from balances.states import ChargeKind, EntryKind
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from clinicpay.ui.words import day_words
from followups.models import Callback, Case, Plan, Promise, WriteOff
from followups.states import (
    CASE_MOVES,
    CallbackState,
    CaseOutcome,
    CaseState,
    PlanStatus,
    PromiseStatus,
    WriteOffStatus,
)
from payments.services import Consequences

BY_ITS_OWN_ACT = {
    CaseState.PROMISED: "Record the promise: the case follows it.",
    CaseState.WRITE_OFF_REQUESTED: "Ask for the write-off: the case follows it.",
    CaseState.ON_PLAN: "Make the payment plan: the case follows it.",
    CaseState.CLOSED: "Close the case with a reason.",
}
"""States that say that something else was done, which alone moves a case there."""


NOT_IN_ERROR: dict[str, str] = {
    CaseState.WRITE_OFF_REQUESTED: "A write-off is asked for. Have it decided first.",
    CaseState.ON_PLAN: "The debt is on a payment plan. Cancel the plan first.",
}
"""Where a case is worked on by an act that ends it by itself: closing it would hide that."""


@transaction.atomic
def open_case(account: Account, *, by: Actor, reason: str = "") -> Case:
    """Flag an account's debt for follow-up. Raises Refusal when nothing is owed or it is followed up already."""
    require(by, Can.FLAG_FOLLOW_UP)
    [locked] = lock_accounts([account.pk]).values()
    if open_case_of(locked):
        raise Refusal(f"{locked.name} is followed up already.")
    if not locked.owes and not _has_active_plan(locked):
        raise Refusal(f"{locked.name} owes nothing, so there is nothing to follow up.")
    return _begin(locked, CaseState.CONTACT_DUE, by, reason)


@transaction.atomic
def move_case(case: Case, to: CaseState, *, by: Actor, reason: str = "") -> Case:
    """Say what an open case waits for now. Raises Refusal for states that another act brings about."""
    require(by, Can.FOLLOW_UP)
    if to in BY_ITS_OWN_ACT:
        raise Refusal(BY_ITS_OWN_ACT[to])
    case = _locked(case)
    if case.state == CaseState.CLOSED:
        raise Refusal("This follow-up is closed.")
    return _move(case, to, by, reason)


@transaction.atomic
def close_case(case: Case, *, by: Actor, reason: str, seen: str = "") -> Case:
    """Close a case that should not have been opened; one whose debt is settled closes by itself.

    The account stays in the queue while it owes. `seen` is the state that the person saw. Raises Refusal without a
    reason, when it has changed, and for a case that an act of its own has brought where it is.
    """
    require(by, Can.FOLLOW_UP)
    if not reason.strip():
        raise Refusal("Say why this follow-up was opened in error.")
    case = _locked(case)
    if case.state == CaseState.CLOSED:
        raise Refusal("This follow-up is closed already.")
    if case.state in NOT_IN_ERROR:
        raise Refusal(NOT_IN_ERROR[case.state])
    if seen and case.state != seen:
        raise Refusal(f"This follow-up is {case.get_state_display().lower()} now. Nothing was closed; look again.")
    return _close(case, CaseOutcome.IN_ERROR, by, reason)


def bring_case(account: Account, to: CaseState, *, by: Actor) -> Case | None:
    """Move the open case of a locked account, if it has one, to where another act has brought it."""
    case = open_case_of(account)
    return case if case is None or case.state == to else _move(case, to, by)


def follow(account: Account, to: CaseState, *, by: Actor) -> Case:
    """The same for an act that opens a case where there is none: a promise, a plan."""
    return bring_case(account, to, by=by) or _begin(account, to, by)


def settle_case(account: Account, *, by: Actor) -> None:
    """Close a locked account's case when nothing is owed and no plan is active; re-open it when its debt is back.

    New debt opens no case by itself, and a case that was opened in error is not taken up again.
    """
    case = _latest(_cases(account))
    if case is None:
        return
    on_plan = _has_active_plan(account)
    if case.closed_at:
        if (account.owes or on_plan) and owes_since_before(account.pk, case.closed_at):
            _reopen(case, CaseState.ON_PLAN if on_plan else CaseState.CONTACT_DUE, by)
    elif not account.owes and not on_plan:
        _close(case, _outcome(account), by)
    elif _waits_in_vain(case, on_plan=on_plan):
        _move(case, CaseState.ON_PLAN if on_plan else CaseState.CONTACT_DUE, by)


def cases_foreseen(foreseen: Consequences) -> list[str]:
    """What becomes of the follow-up of each account that would owe more, as `settle_case` will decide it (F2)."""
    freed = [one.charge.pk for one in foreseen.undone]
    grown = [one.what for one in foreseen.accounts if one.after > one.before]
    return [_case_of_more(account, freed) for account in grown if isinstance(account, Account)]


def case_foreseen(account: Account, change: int, again: Sequence[int] = ()) -> str:
    """What becomes of an account's follow-up when it owes so much more or less, as `settle_case` will decide it.

    `change` is in minor units; `again` are charges that would be owed again.
    """
    return _case_of_more(account, again) if change > 0 else _case_of_less(account, account.owes + change)


def _case_of_less(account: Account, left: int) -> str:
    case = _latest(Case.objects.filter(account=account))
    if case is None or case.closed_at:
        return f"{account.name} is not followed up, so no follow-up changes."
    if left or _has_active_plan(account):
        return f"{account.name} is followed up ({case.get_state_display().lower()}); that goes on."
    with_it = [
        *(["its promise"] if case.promises.filter(status=PromiseStatus.OPEN).exists() else []),
        *(["its callback"] if case.callbacks.filter(state=CallbackState.PLANNED).exists() else []),
    ]
    ends = f", and {' and '.join(with_it)} with it" if with_it else ""
    return f"The follow-up of {account.name} closes{ends}: nothing is owed any more."


def _case_of_more(account: Account, freed: Sequence[int]) -> str:
    case = _latest(Case.objects.filter(account=account))
    if case is None:
        return f"{account.name} has not been followed up before; a follow-up can be begun from the queue."
    if case.closed_at is None:
        return f"{account.name} is followed up already ({case.get_state_display().lower()}); that goes on."
    if owes_since_before(account.pk, case.closed_at, also=freed):
        closed = f"{day_words(timezone.localtime(case.closed_at).date())} ({case.get_outcome_display().lower()})"
        return f"The follow-up of {account.name}, closed on {closed}, opens again."
    return f"The follow-up of {account.name} stays closed: this debt is newer."


def end_promise(promise: Promise, status: PromiseStatus, paid: int, *, by: Actor, reason: str = "") -> None:
    """Give an open promise its end; `paid` is what came of it, in minor units."""
    promise.status, promise.paid = status, paid
    promise.save(update_fields=["status", "paid"])
    after = {"amount": promise.amount, "paid": paid, "promise": str(status)}
    record("promise.ended", promise, by=by, after=after, reason=reason)


def end_callback(callback: Callback, state: CallbackState, *, by: Actor, reason: str = "") -> None:
    """Give a planned callback its end."""
    callback.state = state
    callback.save(update_fields=["state"])
    record("callback.ended", callback, by=by, after={"callback": str(state)}, reason=reason)


def paid_of(promise: Promise, *, by: Actor) -> int:
    """What has been received and applied since a promise was made, by the end of its last day (minor units)."""
    _, end = clock.day_bounds(by.clinic, promise.last_day)
    return applied_between(promise.case.account_id, promise.made_at, end)


def _cases(account: Account) -> QuerySet[Case]:
    rows = Case.objects.select_for_update(no_key=True, of=["self"])
    return rows.select_related("account", "worker__user").filter(account=account)


def _latest(cases: QuerySet[Case]) -> Case | None:
    """The newest case of an account that was not opened in error."""
    return cases.exclude(outcome=CaseOutcome.IN_ERROR).order_by("-pk").first()


def open_case_of(account: Account) -> Case | None:
    """The open case of a locked account, if it has one."""
    return _cases(account).exclude(state=CaseState.CLOSED).first()


def _locked(case: Case) -> Case:
    """The case as it is now, its account locked before it."""
    [account] = lock_accounts([case.account_id]).values()
    return _cases(account).get(pk=case.pk)


def _begin(account: Account, state: CaseState, by: Actor, reason: str = "") -> Case:
    with database_refusals(), transaction.atomic():
        case = Case.objects.create(account=account, state=state)
    record("case.opened", case, by=by, after={"case": str(state)}, reason=reason)
    return case


def _move(case: Case, to: CaseState, by: Actor, reason: str = "") -> Case:
    if to not in CASE_MOVES[case.state]:
        raise Refusal(f"This follow-up is {case.get_state_display().lower()} already.")
    before, case.state = case.state, to
    case.save(update_fields=["state"])
    record("case.moved", case, by=by, before={"case": before}, after={"case": str(to)}, reason=reason)
    return case


def _close(case: Case, outcome: CaseOutcome, by: Actor, reason: str = "") -> Case:
    for promise in case.promises.filter(status=PromiseStatus.OPEN).select_related("case"):
        paid = paid_of(promise, by=by)
        kept = paid >= promise.amount
        end_promise(promise, PromiseStatus.KEPT if kept else PromiseStatus.CANCELLED, paid, by=by, reason=reason)
    for callback in case.callbacks.filter(state=CallbackState.PLANNED).select_related("case__account"):
        end_callback(callback, CallbackState.CANCELLED, by=by, reason=reason)
    before = case.state
    case.state, case.outcome, case.reason = CaseState.CLOSED, outcome, reason.strip()[:500]
    case.save(update_fields=["state", "outcome", "reason"])
    case.refresh_from_db(fields=["closed_at"])
    record("case.closed", case, by=by, before={"case": before}, after={"outcome": str(outcome)}, reason=case.reason)
    return case


def _reopen(case: Case, to: CaseState, by: Actor) -> None:
    before, case.state, case.outcome = case.outcome, to, ""
    case.save(update_fields=["state", "outcome"])
    record("case.reopened", case, by=by, before={"outcome": before}, after={"case": str(to)})


def _outcome(account: Account) -> CaseOutcome:
    """How the debt came to nothing: by the last act on it."""
    last = last_act_on_debt(account.pk)
    if last and last.kind == EntryKind.WRITE_OFF:
        return CaseOutcome.WRITTEN_OFF
    if last and last.charge and last.charge.kind == ChargeKind.INSTALMENT:
        return CaseOutcome.PLAN_COMPLETED
    return CaseOutcome.RECOVERED


def _waits_in_vain(case: Case, *, on_plan: bool) -> bool:
    if case.state == CaseState.ON_PLAN:
        return not on_plan
    asked = WriteOff.objects.filter(account=case.account_id, status=WriteOffStatus.REQUESTED)
    return case.state == CaseState.WRITE_OFF_REQUESTED and not asked.exists()


def _has_active_plan(account: Account) -> bool:
    return Plan.objects.filter(account=account, status=PlanStatus.ACTIVE).exists()
