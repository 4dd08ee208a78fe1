"""Which money of a payment can be applied by hand, and what of it was."""

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum

from balances.matchable import holds_of
from balances.matching import NO_TRAITS, Traits
from balances.models import Credit
from balances.queries import in_hand, live_allocations, received_credit
from balances.states import CreditKind

_ID = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class MoneySource:
    """A credit to apply from, and what it is held for if it is a pre-payment (S3.18)."""

    credit: Credit
    held_for: Traits = NO_TRAITS

    @property
    def words(self) -> str:
        """As the page calls it."""
        return {CreditKind.PRE_PAYMENT: "Pre-payment", CreditKind.DEPOSIT: "Deposit"}.get(
            CreditKind(self.credit.kind), "Unapplied money"
        )


def sources_of_payment(payment_id: int, chosen: str = "") -> list[MoneySource]:
    """A payment's money that can be applied, free money first, and the credit that was `chosen` although it is used up.

    When nothing is left, the credit that it was received into. Raises Refusal when it never was.
    """
    credits = in_hand(payment_id, also=int(chosen) if _ID.fullmatch(chosen) else 0) or [received_credit(payment_id)]
    held = [credit.pk for credit in credits if credit.kind == CreditKind.PRE_PAYMENT]
    wanted = holds_of(held) if held else {}
    return [MoneySource(credit, wanted.get(credit.pk, NO_TRAITS)) for credit in credits]


def applied_by_charge(payment_id: int) -> dict[int, int]:
    """What of a payment is applied to which charge now (minor units)."""
    rows: Any = live_allocations(credit__payment=payment_id).order_by().values_list("charge")
    return {charge: -total for charge, total in rows.annotate(total=Sum("charge_delta"))}
