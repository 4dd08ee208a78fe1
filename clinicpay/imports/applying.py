"""What an import says about which money has paid which charge."""

from collections.abc import Sequence

from balances.ledger import open_books
from balances.models import Charge, Credit
from balances.queries import allocations
from balances.states import CreditKind, Source
from clinicpay.imports.practice import Applied
from clinicpay.imports.rows import chunks, grouped
from clinicpay.staff.models import ClinicPayItself

AT_ONCE = 2000
FREE = (CreditKind.UNAPPLIED, CreditKind.DEPOSIT)


def apply_parts(parts: Sequence[Applied], *, by: ClinicPayItself) -> tuple[int, int]:
    """Apply what no earlier import has applied; returns how many parts that were, and their sum.

    Raises Refusal when a payment or charge of an earlier import has been used otherwise meanwhile.
    """
    count = total = 0
    for some in chunks(sorted(parts, key=lambda part: part.on), AT_ONCE):
        before = _applied_before(some)
        new = [part for part in some if (part.payment, part.charge) not in before]
        if new:
            _apply(new, by)
        count += len(new)
        total += sum(part.amount for part in new)
    return count, total


def _applied_before(parts: Sequence[Applied]) -> set[tuple[str, str]]:
    """Pairs that an import has applied once, even if people have undone it since."""
    rows = allocations(posting__source=Source.IMPORT, credit__payment__external_ref__in=[one.payment for one in parts])
    return set(rows.values_list("credit__payment__external_ref", "charge__external_ref").order_by())


def _apply(parts: Sequence[Applied], by: ClinicPayItself) -> None:
    named = Credit.objects.filter(payment__external_ref__in={one.payment for one in parts}, kind__in=FREE)
    credits = {credit.payment.external_ref: credit for credit in named.select_related("payment")}
    found = Charge.objects.filter(external_ref__in={one.charge for one in parts}).select_related("invoice")
    charges = {charge.external_ref: charge for charge in found}
    accounts = {one.account_id for one in credits.values()} | {one.account_id for one in charges.values()}
    with open_books(*accounts, by=by, source=Source.IMPORT) as books:
        for day, same_day in grouped(parts, lambda part: part.on).items():
            with books.on(day):
                for part in same_day:
                    books.allocate(credits[part.payment], charges[part.charge], part.amount)
