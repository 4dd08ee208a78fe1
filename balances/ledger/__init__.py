"""The one writer of money. `open_books` is the only way to the verbs, so the lock can't be forgotten.

    with open_books(account, by=member, once=once) as books:
        credit = books.receive(payment)
        books.allocate(credit, charge, 5000)

Verbs only note their lines; they are written in one INSERT when the block ends. Amounts are
minor units. The database refuses whatever breaks a rule, and the refusal comes in the user's words.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Model

from balances.ledger.base import check_dated
from balances.ledger.days import DayRefused, DayVerbs
from balances.ledger.debt import CreditNote, DebtVerbs
from balances.ledger.money import Allocation, Application, Applied, MoneyVerbs, PaidPayment, find_allocation, find_entry
from balances.models import AutoApplyRun
from balances.refusals import database_refusals
from balances.requests import Once, answer, claim
from balances.signals import account_changed
from balances.states import Source
from clinicpay.audit.models import Actor
from clinicpay.audit.services import line_of, record_many
from clinicpay.clinics.db.arrays import Compiled, CompiledRows
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account

__all__ = [
    "Allocation",
    "Application",
    "Applied",
    "Books",
    "CreditNote",
    "DayRefused",
    "PaidPayment",
    "find_allocation",
    "find_entry",
    "lock_accounts",
    "open_books",
]

TOTALS = ("owes", "planned", "unapplied", "deposits", "held")


class Books(DayVerbs, DebtVerbs, MoneyVerbs):
    """The verbs of money on accounts that are locked. Get one from `open_books`."""

    def record(self, action: str, subject: Model, *, after: Mapping[str, Any], reason: str = "") -> None:
        """A line of the trail about the act as a whole; it is written with those about the accounts, after them."""
        self.said.append(line_of(action, subject, by=self.by, after=after, reason=reason))


@contextmanager
def open_books(
    *accounts: Account | int,
    by: Actor,
    source: Source = Source.MANUAL,
    once: Once | None = None,
    run: AutoApplyRun | None = None,
    dated: date | None = None,
) -> Iterator[Books]:
    """Lock the accounts in id order, collect the verbs of the block, write them, audit them, and tell followers.

    `once` makes a second arrival of the same form raise `requests.Repeated` with the first one's answer.
    `dated` is for sources that carry past business dates of their own. Raises Refusal in the user's words;
    then nothing of the block has happened.
    """
    check_dated(by, source, dated)
    with database_refusals(), transaction.atomic():
        if once:
            claim(once, user_id=by.user_id)
        locked = lock_accounts(account if isinstance(account, int) else account.pk for account in accounts)
        books = Books(by, locked, source, run, dated, once.key if once else None)
        yield books
        books.write()
        if books.acts or books.said:
            _tell(books)
        if once:
            answer(once, books.answer or {})


_locked = CompiledRows(lambda ids: Account.objects.select_for_update(no_key=True).filter(pk__among=ids).order_by("pk"))


def lock_accounts(ids: Iterable[int]) -> dict[int, Account]:
    """Lock account rows in id order, so that two acts never wait for each other crosswise."""
    wanted = set(ids)
    found = {account.pk: account for account in _locked(wanted)}
    if len(found) != len(wanted):
        raise Refusal("This account no longer exists.")
    return found


def _tell(books: Books) -> None:
    """One line of the trail per account whose totals have moved, with these before and after, and the signal."""
    changes = list(_moved(books.accounts))
    action = "ledger." + "+".join(dict.fromkeys(act.kind for act in books.acts))
    reason = next((act.reason for act in books.acts if act.reason), "")
    record_many(
        action[:60],
        changes,
        by=books.by,
        reason=reason,
        also=books.said,
    )
    if changes:
        account_changed.send(sender=Account, accounts=[account for account, _, _ in changes], by=books.by)


_now = Compiled(
    lambda ids: Account.objects.filter(pk__among=ids).order_by("pk").values_list("pk", "oldest_open", *TOTALS)
)


def _moved(accounts: Mapping[int, Account]) -> Iterator[tuple[Account, dict[str, int], dict[str, int]]]:
    """Of locked accounts those whose totals have moved since they were read, with these before and after.

    What the ledger's trigger has set is set on them, too.
    """
    for key, oldest_open, *totals in _now(accounts):
        account, after = accounts[key], dict(zip(TOTALS, totals, strict=True))
        before = {name: getattr(account, name) for name in TOTALS}
        if after != before:
            vars(account).update(after, oldest_open=oldest_open)
            yield account, before, after
