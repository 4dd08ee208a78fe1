"""Acts on pre-payments: holding money for something, holding it for something else, letting it go."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from balances.ledger import Books, open_books
from balances.matchable import held_for
from balances.models import Credit, HoldCriteria
from balances.queries import received_credit
from balances.requests import Once
from balances.states import CreditKind
from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.queries import may_pay_for
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from treatments.models import TreatmentEvent


@transaction.atomic
def hold_credit(
    credit: Credit,
    amount: int,
    *,
    by: Actor,
    event: TreatmentEvent | None = None,
    criteria: Mapping[str, Any] | None = None,
    once: Once | None = None,
) -> Credit:
    """Set free money aside as a pre-payment, for a treatment event or other criteria; nothing else uses it by itself.

    `criteria` are fields of HoldCriteria (S3.16, S3.32). Raises Refusal for another account's treatment.
    """
    require(by, Can.HOLD)
    with open_books(credit.account_id, by=by, once=once) as books:
        held = _hold(books, (credit, amount), event, criteria)
        books.record("hold.made", held.payment, after=_kept(held, amount))
        books.answer = {"credit": held.pk}
    return held


@transaction.atomic
def change_hold(
    held: Credit,
    *,
    by: Actor,
    reason: str,
    event: TreatmentEvent | None = None,
    criteria: Mapping[str, Any] | None = None,
    once: Once | None = None,
) -> Credit:
    """Hold what is left of a pre-payment for something else: it is released and held anew, in one act.

    So what was applied of it before keeps what it was held for then (decision 0100). Raises Refusal when nothing
    is left, or nothing would be different.
    """
    require(by, Can.RELEASE)
    with open_books(held.account_id, by=by, once=once) as books:
        left = _left(held)
        was = _kept(held, left)
        books.release(held, left, reason=reason)
        changed = _hold(books, (received_credit(held.payment_id), left), event, criteria)
        now = _kept(changed, left)
        if now == was:
            raise Refusal("It is held for this already. Nothing was changed.")
        books.answer = {"credit": changed.pk}
    before = {"held_for": was["held_for"]}
    record("hold.changed", changed.payment, by=by, before=before, after=now, reason=reason.strip())
    return changed


@transaction.atomic
def release_credit(credit: Credit, amount: int, *, by: Actor, reason: str, once: Once | None = None) -> None:
    """Free part or all of a pre-payment: it is unapplied, or a deposit, as before it was held."""
    require(by, Can.RELEASE)
    if credit.kind != CreditKind.PRE_PAYMENT:
        raise Refusal("Only a pre-payment is released.")
    with open_books(credit.account_id, by=by, once=once) as books:
        books.release(credit, amount, reason=reason)
        books.answer = {"credit": credit.pk}
    record("hold.released", credit.payment, by=by, after=_kept(credit, amount), reason=reason.strip())


def _hold(
    books: Books, part: tuple[Credit, int], event: TreatmentEvent | None, criteria: Mapping[str, Any] | None
) -> Credit:
    credit, amount = part
    if event and not may_pay_for(books.accounts[credit.account_id], event.patient):
        raise Refusal(f"{event.ref} is a treatment of somebody for whom this account doesn't pay.")
    chosen = {name: value for name, value in (criteria or {}).items() if value}
    package = chosen.get("package")
    if package and not may_pay_for(books.accounts[credit.account_id], package.patient):
        raise Refusal(f"{package.ref} is of somebody for whom this account doesn't pay.")
    held = books.hold(credit, amount, event_id=event.pk if event else None)
    if chosen:
        HoldCriteria.objects.create(credit=held, **chosen)
    return held


def _left(held: Credit) -> int:
    """What of a pre-payment is left, read under the account's lock."""
    if held.kind != CreditKind.PRE_PAYMENT:
        raise Refusal("Only what is held as a pre-payment has criteria.")
    left: int = Credit.objects.values_list("available", flat=True).get(pk=held.pk)
    if not left:
        raise Refusal("Nothing is held any more: it was applied, released or refunded in the meantime.")
    return left


def _kept(held: Credit, amount: int) -> dict[str, Any]:
    """What the trail keeps of an act on a pre-payment."""
    return {"amount": amount, "payment": str(held.payment), "held_for": str(held_for(held)) or "nothing named"}
