"""What an import says about which money has paid which charge."""

from collections.abc import Sequence

from balances.ledger import open_books
from balances.models import Charge, Credit
from balances.queries import allocations
from balances.states import CreditKind, Source
from clinicpay.imports.practice import Applied
from clinicpay.imports.rows import grouped, known, portions, sourced
from clinicpay.staff.models import ClinicPayItself
from payments.models import Payment

AT_ONCE = 2000
FREE = (CreditKind.UNAPPLIED, CreditKind.DEPOSIT)


def apply_parts(parts: Sequence[Applied], fresh: set[str], *, by: ClinicPayItself) -> tuple[int, int]:
    """Apply what no earlier import has applied; returns how many parts that were, and their sum.

    Money of `fresh` payments has just come in, so nothing of it can have been applied.

    Raises Refusal when a payment or charge of an earlier import has been used otherwise meanwhile.
    """
    count = total = 0
    for some in portions(sorted(parts, key=lambda part: part.on), AT_ONCE):
        old = [part for part in some if part.payment not in fresh]
        before = _applied_before(old) if old else set()
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
    payments = {payment.pk: ref for ref, payment in known(Payment, {one.payment for one in parts}).items()}
    free = Credit.objects.filter(payment__in=payments, kind__in=FREE)
    credits = {payments[credit.payment_id]: credit for credit in free}
    found = sourced(Charge, {one.charge for one in parts}).select_related("invoice")
    charges = {charge.external_ref: charge for charge in found}
    accounts = {one.account_id for one in credits.values()} | {one.account_id for one in charges.values()}
    with open_books(*accounts, by=by, source=Source.IMPORT) as books:
        for day, same_day in grouped(parts, lambda part: part.on).items():
            with books.on(day):
                for part in same_day:
                    books.allocate(credits[part.payment], charges[part.charge], part.amount)
