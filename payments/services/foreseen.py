"""What giving money of a payment back would do, computed by the code that does it, and done only as it was shown.

Amounts are minor units. What goes back is taken from money in hand first, then from what the payment has
paid, the newest application first (R2); what that re-opens stays owed unless the charge is reduced too (R3).
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from django.db import transaction
from django.db.models import Sum

from balances.ledger import Allocation, open_books
from balances.models import Charge, Credit, Invoice
from balances.queries import first_open_day, in_hand, invoices_with_balance, live_allocations, oldest_open_date
from balances.requests import Once
from balances.states import CreditKind, age_bucket
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import Numbered
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.models import Actor
from payments.models import Payment, Refund
from payments.services.desk import accounts_paid_by
from payments.states import MONEY, REFUND_OPEN, Method, PaymentStatus, RefundStatus, returns_of


@dataclass
class Effects:
    """What giving an amount back does: money taken from hand, and applications undone, (which, how much) each."""

    in_hand: list[tuple[Credit, int]] = field(default_factory=list)
    undone: list[tuple[Allocation, int]] = field(default_factory=list)

    def parts(self) -> list[tuple[Credit, int]]:
        """How much is taken of each credit, once the applications are undone."""
        credits: dict[int, Credit] = {}
        taken: Counter[int] = Counter()
        for credit, amount in [*self.in_hand, *((entry.credit, part) for entry, part in self.undone)]:
            assert credit  # the shape of an allocation
            credits[credit.pk] = credit
            taken[credit.pk] += amount
        return [(credits[pk], amount) for pk, amount in taken.items()]


class Undone(NamedTuple):
    """An application that is undone, all of it or a part; `kept` stays applied."""

    charge: Charge
    amount: int
    kept: int


class Owing(NamedTuple):
    """What an invoice or an account owes, before and after, and how old the oldest of it is then (G1, G2)."""

    what: Invoice | Account
    before: int
    after: int
    days: int = 0

    @property
    def bucket(self) -> str:
        """The ageing bucket in which it stands."""
        return age_bucket(self.days)


@dataclass(frozen=True)
class Consequences:
    """All that somebody has to know before an amount of a payment goes back."""

    payment: Payment
    amount: int
    reduced: bool
    taken: list[tuple[str, int]]
    undone: list[Undone]
    invoices: list[Owing]
    accounts: list[Owing]
    status: PaymentStatus
    left: int
    day: date
    today: date

    @property
    def reduction(self) -> int:
        """By how much charges are reduced."""
        return sum(one.amount for one in self.undone) if self.reduced else 0

    @property
    def reopened(self) -> list[Owing]:
        """The invoices that owe more than before."""
        return [one for one in self.invoices if one.after > one.before]

    @property
    def seal(self) -> str:
        """A digest of everything that is shown: who confirms sends it back, and nothing else is done."""
        shown = [
            *(self.payment.pk, self.amount, self.reduced, self.taken, self.status, self.left, self.day),
            [(one.charge.pk, one.amount, one.kept) for one in self.undone],
            [(one.what.pk, one.before, one.after, one.bucket) for one in [*self.invoices, *self.accounts]],
        ]
        return hashlib.sha256(json.dumps(shown, default=str).encode()).hexdigest()


class Changed(Refusal):
    """What would happen now is not what the person was shown."""

    def __init__(self) -> None:
        super().__init__("Something has changed since this summary was made. Nothing was done; look at it again.")


def going_back(payment: Payment, statuses: Iterable[str]) -> int:
    """What of a payment has these statuses of a refund or return, and was not reversed."""
    rows = Refund.objects.filter(payment=payment, status__in=list(statuses), reversed_at=None)
    return int(rows.aggregate(total=Sum("amount"))["total"] or 0)


def refundable(payment: Payment) -> int:
    """What can still go back of a payment: its amount less what went back or is about to (R1, S1.83)."""
    if payment.status not in MONEY:
        return 0
    return payment.amount - going_back(payment, {*REFUND_OPEN, RefundStatus.SUCCEEDED})


def why_not_refunded(payment: Payment) -> str:
    """Why nothing of a payment can go back, in the user's words; "" when something can (S1.81)."""
    if payment.status == PaymentStatus.REFUNDED:
        return f"{payment.ref} is Refunded: nothing is left to refund."
    if payment.status not in MONEY:
        state = payment.get_status_display()
        return f"{payment.ref} is {state}: only a Paid or Partially Refunded payment can be refunded."
    if not refundable(payment):
        return f"All that is left of {payment.ref} is asked for or approved already. See its refunds."
    return ""


def why_not_returned(payment: Payment) -> str:
    """Why nobody can take a payment back, in the user's words; "" when somebody can."""
    if payment.status in MONEY and not returns_of(payment.method):
        came = Method(payment.method).label.lower()
        return (
            f"{payment.ref} came in {came}, which nobody can take back. Give it back with a refund; "
            "a payment that was entered by mistake is reversed."
        )
    return why_not_refunded(payment)


def settled_status(payment: Payment, gone: int) -> PaymentStatus:
    """The status of a payment of which `gone` has gone back in the end (S1.90, S1.91)."""
    if gone == 0:
        return PaymentStatus.PAID
    return PaymentStatus.REFUNDED if gone == payment.amount else PaymentStatus.PARTIALLY_REFUNDED


def foresee(payment: Payment, amount: int) -> Effects:
    """What giving `amount` back would do now, to be shown before anybody confirms it (R2). Raises Refusal."""
    effects, left = Effects(), amount
    for credit in in_hand(payment.pk):
        if part := min(left, credit.available):
            effects.in_hand.append((credit, part))
            left -= part
    for entry in live_allocations(credit__payment=payment):
        if part := min(left, entry.applied):
            effects.undone.append((entry, part))
            left -= part
    if left:
        raise Refusal("That is more than is left of this payment.")
    return effects


def foresee_refund(payment: Payment, amount: int, clinic: Clinic, *, reduce: bool, asked: bool = False) -> Consequences:
    """All that a refund or a return would do, once it is paid out; one that was `asked` for is counted already."""
    gone = going_back(payment, {RefundStatus.SUCCEEDED}) + amount
    left = refundable(payment) - (0 if asked else amount)
    day = first_open_day(payment.location_id, clock.today(clinic))
    ending = (settled_status(payment, gone), left, day)
    return _foreseen(payment, foresee(payment, amount), clinic, ending, reduce=reduce)


def foresee_reversal(payment: Payment, clinic: Clinic) -> Consequences:
    """All that reversing a payment that was entered in error would do (C3)."""
    day = Credit.objects.filter(payment=payment).order_by("pk").values_list("received_on", flat=True).first()
    ending = (PaymentStatus.VOIDED, 0, day or clock.today(clinic))
    return _foreseen(payment, foresee(payment, payment.amount), clinic, ending, reduce=False)


def _foreseen(
    payment: Payment,
    effects: Effects,
    clinic: Clinic,
    ending: tuple[PaymentStatus, int, date],
    *,
    reduce: bool,
) -> Consequences:
    status, left, day = ending
    taken: Counter[str] = Counter()
    for credit, part in effects.in_hand:
        taken[CreditKind(credit.kind).label] += part
    undone = [Undone(entry.charge, part, entry.applied - part) for entry, part in effects.undone if entry.charge]
    today = clock.today(clinic)
    invoices = list(_invoices(undone, today, reduce=reduce))
    return Consequences(
        payment=payment,
        amount=sum(part for _, part in effects.parts()),
        reduced=reduce and bool(undone),
        taken=list(taken.items()),
        undone=undone,
        invoices=invoices,
        accounts=list(_accounts(undone, invoices, today, reduce=reduce)),
        status=status,
        left=left,
        day=day,
        today=today,
    )


def _invoices(undone: list[Undone], today: date, *, reduce: bool) -> Iterable[Owing]:
    """What each invoice owes then; a charge that is reduced by what was freed of it owes no more than before."""
    freed: Counter[int] = Counter()
    for one in undone:
        freed[one.charge.invoice_id or 0] += one.amount
    for invoice in invoices_with_balance(pk__in=list(freed)):
        more = 0 if reduce else freed[invoice.pk]
        yield Owing(invoice, invoice.outstanding, invoice.outstanding + more, (today - invoice.invoice_date).days)


def _accounts(undone: list[Undone], invoices: list[Owing], today: date, *, reduce: bool) -> Iterable[Owing]:
    """What each account whose charges are freed owes then; its age is that of its oldest open invoice (G3)."""
    freed: Counter[int] = Counter()
    for one in undone:
        freed[one.charge.account_id] += one.amount
    for account in Account.objects.filter(pk__in=list(freed)).order_by("pk"):
        mine = [one.what for one in invoices if one.after and getattr(one.what, "account_id", 0) == account.pk]
        dates = [one.invoice_date for one in mine if isinstance(one, Invoice)]
        oldest = min([*dates, oldest_open_date(account.pk) or today])
        after = account.owes + (0 if reduce else freed[account.pk])
        yield Owing(account, account.owes, after, (today - oldest).days if after else 0)


@transaction.atomic
def done_as_shown(
    payment: Payment,
    seal: str,
    foreseen: Callable[[], Consequences],
    act: Callable[[], Numbered],
    *,
    by: Actor,
    once: Once,
) -> Numbered:
    """Do an act on a payment's money if it does what its summary showed, asked once more under the accounts' locks.

    Raises Changed when it would do anything else; a second arrival of the same form raises Repeated before that.
    """
    with open_books(*accounts_paid_by(payment), by=by, once=once) as books:
        if foreseen().seal != seal:
            raise Changed
        result = act()
        books.answer = {"number": result.number}
    return result
