"""Acts on bank slips: drafted, changed, printed, voided. None moves money; printing locks what is listed (C-7)."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from balances.refusals import database_refusals
from balances.requests import Once, answer, claim
from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from deposits.models import BankSlip, BankSlipLine
from deposits.queries.slips import MOST, Item, items_on, sums, waiting
from deposits.services.papers import slip_papers
from deposits.states import SlipState
from payments.states import MONEY

CHANGED = "The draft for {} was changed meanwhile. Nothing was saved; look at it again."


@dataclass(frozen=True)
class Wish:
    """What goes to the bank: the numbers that were ticked ("PAY-012", "RF-003"), and cash that is taken out first.

    `seen` is the mark of the draft that was looked at, "" when there was none.
    """

    first: date
    last: date
    refs: frozenset[str]
    cash_out: int = 0
    reason: str = ""
    seen: str = ""


def mark_of(slip: BankSlip | None) -> str:
    """Which version of which draft this is; "" for none."""
    return f"{slip.pk}.{slip.version}" if slip else ""


def seal_of(items: Iterable[Item], slip: BankSlip) -> str:
    """A digest of all that a draft shows: who prints it sends it back, and nothing else is printed."""
    shown = [(one.ref, one.amount, one.payment.status, one.refund and one.refund.state[0]) for one in items]
    text = json.dumps([slip.pk, slip.version, slip.cash_out, shown], default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def draft_slip(location: Location, wish: Wish, *, by: Actor, once: Once | None = None) -> BankSlip:
    """Make the draft of a location, or change it; what isn't ticked is left for the next slip.

    Raises Refusal for nothing ticked, for what doesn't wait there any more, for more cash out than there is,
    and when somebody else has made or changed the draft meanwhile; Repeated for a repeated `once`.
    """
    require(by, Can.BANK)
    _claim(once, by)
    draft = BankSlip.objects.select_for_update(no_key=True).filter(location=location, state=SlipState.DRAFT).first()
    if mark_of(draft) != wish.seen:
        raise Refusal(CHANGED.format(location))
    items = _chosen(location, wish, by)
    before = _told(draft) if draft else {}
    slip = _written(draft or BankSlip(location=location), wish)
    BankSlipLine.objects.bulk_create(_lines(slip, items))
    if draft:
        record("slip.changed", slip, by=by, before=before, after=_told(slip))
    else:
        record("slip.drafted", slip, by=by, after=_told(slip))
    _answer(once, slip)
    return slip


def _chosen(location: Location, wish: Wish, by: Actor) -> list[Item]:
    """What was ticked, as it waits now. Raises Refusal."""
    if wish.last > clock.today(by.clinic):
        raise Refusal("A slip lists what was taken until today.")
    items = [one for one in waiting(location, wish.first, wish.last) if one.ref in wish.refs]
    if gone := sorted(wish.refs - {one.ref for one in items}):
        raise Refusal(f"{_listed(gone)} can’t go on this slip any more. Look at the list again.")
    if not items:
        raise Refusal("Tick what goes to the bank. An empty slip isn’t made.")
    if len(items) > MOST:
        raise Refusal(f"A slip has {MOST:,} lines at most. Choose a shorter span of dates.")
    _check_cash(items, wish.cash_out, wish.reason, by.clinic.currency)
    return items


def _check_cash(items: list[Item], cash_out: int, reason: str, currency: str) -> None:
    found = sums(items)
    if found.cash < 0:
        back, came = money.show(found.refunds, currency), money.show(found.refunds + found.cash, currency)
        raise Refusal(f"{back} was refunded in cash, more than the {came} in cash on this slip. Leave a refund out.")
    if cash_out < 0:
        raise Refusal("Cash taken out can’t be negative.")
    if cash_out > found.cash:
        raise Refusal(f"Only {money.show(found.cash, currency)} in cash is on this slip. Take out less.")
    if cash_out and not reason.strip():
        raise Refusal("Say what the cash was taken out for.")
    if found.total == cash_out:
        raise Refusal("Nothing would go to the bank.")


def _written(slip: BankSlip, wish: Wish) -> BankSlip:
    """The slip as it is wished, without lines."""
    slip.first, slip.last = wish.first, wish.last
    slip.cash_out, slip.cash_out_reason = wish.cash_out, wish.reason.strip()[:240] if wish.cash_out else ""
    if slip.pk is None:
        with database_refusals(), transaction.atomic():
            slip.save()
        return slip
    slip.lines.all().delete()
    slip.version += 1
    slip.save(update_fields=["first", "last", "version", "cash_out", "cash_out_reason"])
    return slip


def _lines(slip: BankSlip, items: list[Item]) -> list[BankSlipLine]:
    return [
        BankSlipLine(
            slip=slip, payment=one.payment, refund=one.refund, method=one.method, amount=one.amount, day=one.day
        )
        for one in items
    ]


@transaction.atomic
def discard_slip(location: Location, *, by: Actor) -> None:
    """Give the draft of a location up; everything on it waits again. Raises Refusal when there is none any more."""
    require(by, Can.BANK)
    slip = _locked_draft(location)
    before = _told(slip)
    slip.state = SlipState.DISCARDED
    slip.save(update_fields=["state"])
    record("slip.discarded", slip, by=by, before=before)


@transaction.atomic
def print_slip(location: Location, *, seal: str, by: Actor, once: Once | None = None) -> BankSlip:
    """Number the draft of a location and make it final: what is on it can't be reversed any more (C-7).

    Raises Refusal when anything on it is not as it was shown or can't go to the bank any more, and
    Repeated with the slip's number for a repeated `once`.
    """
    require(by, Can.BANK)
    _claim(once, by)
    slip = _locked_draft(location)
    items = items_on(slip)
    if unfit := [one.ref for one in items if not is_fit(one)]:
        raise Refusal(f"{_listed(unfit)} can’t go to the bank any more. Change the draft.")
    if seal_of(items, slip) != seal:
        raise Refusal(CHANGED.format(location))
    slip.number, slip.state, slip.day = take(BankSlip.KIND)[0], SlipState.PRINTED, clock.today(by.clinic)
    with database_refusals(), transaction.atomic():
        slip.save(update_fields=["number", "state", "day"])
    slip.refresh_from_db()
    record("slip.printed", slip, by=by, after=_told(slip))
    slip_papers.ask(slip, len(items))
    _answer(once, slip)
    return slip


def is_fit(item: Item) -> bool:
    """Whether the money of a line is still there to be carried to the bank."""
    if item.refund:
        return item.refund.status == "succeeded" and not item.refund.reversed_at
    return item.payment.status in MONEY and not (item.method == "cheque" and is_bounced(item))


def is_bounced(item: Item) -> bool:
    """Whether a cheque was taken back."""
    if item.payment.status == "paid":
        return False
    return bool(item.payment.refunds.filter(kind="return", status="succeeded", reversed_at=None).exists())


@transaction.atomic
def void_slip(slip: BankSlip, *, by: Actor, reason: str, once: Once | None = None) -> BankSlip:
    """Take a printed slip back: it keeps its number and its lines, and what was on it waits for another."""
    require(by, Can.VOID_SLIP)
    _claim(once, by)
    slip = BankSlip.objects.select_for_update(no_key=True, of=("self",)).select_related("location").get(pk=slip.pk)
    if slip.state != SlipState.PRINTED:
        raise Refusal(f"{slip.ref} is {slip.get_state_display().lower()} already.")
    if not reason.strip():
        raise Refusal("Say why the slip is voided.")
    slip.state, slip.void_reason = SlipState.VOIDED, reason.strip()[:500]
    slip.save(update_fields=["state", "void_reason"])
    record("slip.voided", slip, by=by, before=_told(slip), reason=slip.void_reason)
    slip_papers.ask(slip, slip.lines.count())
    _answer(once, slip)
    return slip


def _locked_draft(location: Location) -> BankSlip:
    rows = BankSlip.objects.select_for_update(no_key=True, of=("self",)).select_related("location")
    slip = rows.filter(location=location, state=SlipState.DRAFT).first()
    if slip is None:
        raise Refusal(f"There is no draft for {location} any more: it was printed or discarded meanwhile.")
    return slip


def _claim(once: Once | None, by: Actor) -> None:
    if once:
        claim(once, user_id=by.user_id)


def _answer(once: Once | None, slip: BankSlip) -> None:
    if once:
        answer(once, {"slip": slip.number or 0})


def _listed(refs: list[str]) -> str:
    more = f" and {len(refs) - 5} more" if len(refs) > 5 else ""
    return f"{', '.join(refs[:5])}{more}"


def _told(slip: BankSlip) -> dict[str, object]:
    """What the trail keeps of a slip."""
    found = sums(items_on(slip))
    kept: dict[str, object] = {"location": str(slip.location), "cash": found.cash, "cheques": found.cheques}
    kept |= {"lines": sum(found.counts), "amount": found.total - slip.cash_out}
    return kept | ({"cash_out": slip.cash_out, "cash_out_reason": slip.cash_out_reason} if slip.cash_out else {})
