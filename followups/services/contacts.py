"""Contacting who owes: attempts, callbacks, and who is on a case (S2.25–S2.35)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from balances.ledger import lock_accounts, open_books
from balances.requests import Once
from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, Membership
from clinicpay.staff.roles import Can
from clinicpay.ui.words import clock_words, day_words
from followups.models import Attempt, Callback, Case, Promise
from followups.services.cases import bring_case, end_callback, follow, open_case_of
from followups.services.promises import make_promise
from followups.states import AttemptOutcome, CallbackState, CaseState, Channel, PromiseStatus

LEADS_TO = {
    AttemptOutcome.PROMISED: CaseState.PROMISED,
    AttemptOutcome.DISPUTE: CaseState.DISPUTED,
    AttemptOutcome.REFUSED: CaseState.REFUSED,
    AttemptOutcome.NO_PAYMENT: CaseState.CONTACT_DUE,
}
"""Where an outcome brings the case; the others leave it where it is."""

AHEAD = timedelta(days=366)
"""How far ahead a callback is: a later one was mistyped, and would hide the account until then."""


@dataclass(frozen=True)
class Said:
    """What is recorded of a contact; a promise is an amount (minor units) and a date.

    `ends_callback` says that this was the callback that is planned, though its time has not come yet.
    """

    channel: str
    outcome: str
    notes: str = ""
    promised: int = 0
    promised_for: date | None = None
    ends_callback: bool = False


@transaction.atomic
def log_attempt(account: Account, said: Said, *, by: Actor, once: Once | None = None) -> Attempt:
    """Record that somebody was contacted, and what came of it (S2.25); the account is followed up from now on.

    A callback whose time has come is done with it. Raises Refusal when nothing is owed, or for a promise that
    cannot be.
    """
    require(by, Can.FOLLOW_UP)
    with open_books(account.pk, by=by, once=once) as books:
        locked = books.accounts[account.pk]
        promise = _promise(locked, said, by)
        case = _case(locked, LEADS_TO.get(AttemptOutcome(said.outcome)), by)
        _end_due_callbacks(case, locked, by, early=said.ends_callback)
        if case.state == CaseState.PROMISE_BROKEN:
            bring_case(locked, CaseState.CALLBACK_SET if _planned(case) else CaseState.CONTACT_DUE, by=by)
        attempt = Attempt.objects.create(
            case=case, channel=said.channel, outcome=said.outcome, notes=said.notes.strip(), promise=promise
        )
        record("attempt.logged", attempt, by=by, after={"channel": said.channel, "attempt": said.outcome})
        books.answer = {"attempt": attempt.pk}
    return attempt


@transaction.atomic
def confirm_no_payment(account: Account, *, by: Actor) -> Attempt:
    """Log "No payment despite promise", as the night suggests it (F4, S2.55), by the way in which it was promised.

    Raises Refusal when no promise of the account waits for an answer.
    """
    require(by, Can.FOLLOW_UP)
    [locked] = lock_accounts([account.pk]).values()
    case = open_case_of(locked)
    if case is None or case.state != CaseState.PROMISE_BROKEN:
        raise Refusal("No broken promise waits here any more: somebody has logged an attempt, or money came.")
    made = Attempt.objects.filter(promise=_broken(case)).order_by("pk").first()
    return log_attempt(account, Said(made.channel if made else Channel.PHONE, AttemptOutcome.NO_PAYMENT), by=by)


def _broken(case: Case) -> Promise | None:
    """The newest promise of a case that was broken."""
    return case.promises.filter(status=PromiseStatus.BROKEN).order_by("-pk").first()


def _end_due_callbacks(case: Case, account: Account, by: Actor, *, early: bool) -> None:
    for callback in _planned(case):
        if early or callback.due_at <= timezone.now():
            end_callback(callback, CallbackState.DONE, by=by)
    if case.state == CaseState.CALLBACK_SET and not _planned(case):
        bring_case(account, CaseState.CONTACT_DUE, by=by)


def _promise(account: Account, said: Said, by: Actor) -> Promise | None:
    """The promise that an attempt is about: made in it, or broken."""
    if said.outcome == AttemptOutcome.NO_PAYMENT:
        case = open_case_of(account)
        return _broken(case) if case else None
    if said.outcome != AttemptOutcome.PROMISED:
        return None
    if not said.promised or said.promised_for is None:
        raise Refusal("Say how much was promised, and for which day.")
    return make_promise(account, said.promised, said.promised_for, by=by)


@transaction.atomic
def plan_callback(
    account: Account, due_at: datetime, *, by: Actor, member: Membership, note: str = "", seen: str | None = None
) -> Callback:
    """Set a moment at which `member` contacts an account again (S2.33). One that was planned before is replaced.

    `seen` is the id of that one as the person saw it, or nothing; raises Refusal when another is planned by now
    (decisions/0170). The same callback a second time is the first one.
    """
    require(by, Can.FOLLOW_UP)
    lock_accounts([account.pk])
    now = Callback.objects.filter(case__account=account, state=CallbackState.PLANNED).first()
    if now and (now.due_at, now.member_id, now.note) == (due_at, member.pk, note.strip()):
        return now
    refuse_unseen(now, seen)
    return put_callback(account, due_at, by=by, member=member, note=note)


def refuse_unseen(now: Callback | None, seen: str | None) -> None:
    """Nobody replaces, cancels or takes a callback that they have not seen. Raises Refusal."""
    if seen is None or seen == str(now.pk if now else ""):
        return
    if now is None:
        raise Refusal("The callback that was planned here was done or cancelled meanwhile. Look again.")
    at = timezone.localtime(now.due_at)
    words = f"{day_words(at.date())}, {clock_words(at)}, by {now.member.user}"
    raise Refusal(f"Another callback is planned since you opened this page: {words}. Look again.")


def put_callback(account: Account, due_at: datetime, *, by: Actor, member: Membership, note: str) -> Callback:
    """The same for an act that has its own permission, such as a flag."""
    if due_at <= timezone.now():
        raise Refusal("A callback is for a later moment.")
    if due_at > timezone.now() + AHEAD:
        raise Refusal("A callback is for a moment within a year from now.")
    _refuse_stranger(member)
    [locked] = lock_accounts([account.pk]).values()
    case = _case(locked, None, by)
    for earlier in _planned(case):
        end_callback(earlier, CallbackState.CANCELLED, by=by, reason="Replaced")
    if case.state == CaseState.CONTACT_DUE:
        bring_case(locked, CaseState.CALLBACK_SET, by=by)
    callback = Callback.objects.create(case=case, member=member, due_at=due_at, note=note.strip())
    record("callback.planned", callback, by=by, after={"at": due_at.isoformat(), "member": member.label})
    return callback


@transaction.atomic
def cancel_callback(callback: Callback, *, by: Actor, reason: str = "") -> None:
    """Give a callback up; the account is due for contact again. Raises Refusal when it is over."""
    require(by, Can.FOLLOW_UP)
    [locked] = lock_accounts([callback.case.account_id]).values()
    found = Callback.objects.filter(pk=callback.pk, state=CallbackState.PLANNED).select_related("case").first()
    if found is None:
        raise Refusal("This callback was done or cancelled meanwhile.")
    end_callback(found, CallbackState.CANCELLED, by=by, reason=reason)
    if found.case.state == CaseState.CALLBACK_SET:
        bring_case(locked, CaseState.CONTACT_DUE, by=by)


@transaction.atomic
def take_callback(callback: Callback, *, by: Membership) -> Callback:
    """Take a planned callback over, such as one of somebody who has left. Raises Refusal when it is over."""
    require(by, Can.FOLLOW_UP)
    lock_accounts([callback.case.account_id])
    found = Callback.objects.filter(pk=callback.pk, state=CallbackState.PLANNED).select_related("member__user").first()
    if found is None:
        raise Refusal("This callback was done or cancelled meanwhile.")
    before, found.member = found.member.label, by
    found.save(update_fields=["member"])
    record("callback.handed_over", found, by=by, before={"member": before}, after={"member": by.label})
    return found


@transaction.atomic
def put_on_case(account: Account, member: Membership | None, *, by: Actor, seen: str | None = None) -> Case:
    """Say who is on an account's debt, or that nobody is: claimed by oneself, or handed over.

    `seen` is the membership's id of who was on it as the person saw it, or nothing; raises Refusal when that has
    changed, so that of two who claim an account the second is told (decisions/0170).
    """
    require(by, Can.FOLLOW_UP)
    if member:
        _refuse_stranger(member)
    [locked] = lock_accounts([account.pk]).values()
    case = _case(locked, None, by)
    if case.worker_id == (member.pk if member else None):
        return case
    if seen is not None and seen != str(case.worker_id or ""):
        who = f"{case.worker.user} is on it" if case.worker else "Nobody is on it any more"
        raise Refusal(f"{who} since you opened this page. Look again before you change that.")
    before = case.worker.label if case.worker else ""
    case.worker = member
    case.save(update_fields=["worker"])
    record("case.handed_over", case, by=by, before={"member": before}, after={"member": member.label if member else ""})
    return case


def _case(account: Account, to: CaseState | None, by: Actor) -> Case:
    """The open case of a locked account, brought to a state; opened if there is none. Raises Refusal without debt."""
    found = open_case_of(account)
    if found is None and not account.owes:
        raise Refusal(f"{account.name} owes nothing, so there is nothing to follow up.")
    return found if found and to is None else follow(account, to or CaseState.CONTACT_DUE, by=by)


def _refuse_stranger(member: Membership) -> None:
    if not member.can(Can.FOLLOW_UP):
        raise Refusal(f"{member} does not follow up debt. Choose somebody of billing, an admin or an owner.")


def _planned(case: Case) -> list[Callback]:
    return list(case.callbacks.filter(state=CallbackState.PLANNED).select_related("case"))
