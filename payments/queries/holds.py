"""Reads of pre-payments for screens. Amounts are minor units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet

from balances.held import Held, held_money, open_holds
from balances.models import Credit, HoldCriteria
from balances.states import MatchState
from clinicpay.clinics.models import Clinic
from clinicpay.patients.models import Account
from payments.models import Payment
from treatments.models import TreatmentEvent

OWN = ("custom_1", "custom_2")


@dataclass(frozen=True)
class Sum:
    """Some pre-payments, counted and summed; `oldest` is the day on which the first of that money came."""

    count: int = 0
    amount: int = 0
    oldest: date | None = None

    @classmethod
    def of(cls, rows: Iterable[Held]) -> "Sum":
        """These of `held_money`."""
        found = list(rows)
        return cls(len(found), sum(one.available for one in found), min((o.received_on for o in found), default=None))


def pre_payments() -> QuerySet[Credit]:
    """Pre-payments of which something is left, the oldest first."""
    return open_holds().order_by("received_on", "pk")


def held_lines(keys: Sequence[int]) -> list[dict[str, Any]]:
    """What the list shows of these pre-payments beside what they are held for, and the keys of its orders."""
    patient = [f"payment__patient__{name}" for name in ("first_name", "last_name", "number")]
    beside = ("payment__number", "payment__name_key", "account__name", *patient)
    return list(Credit.objects.filter(pk__in=keys).values("pk", "received_on", "available", *beside))


def sums_of(held: Sequence[Held]) -> dict[str, Sum]:
    """The figures above the list: all, what matches, and what doesn't."""
    now = [one for one in held if one.found.state == MatchState.NOW]
    rest = [one for one in held if one.found.state != MatchState.NOW]
    return {"all": Sum.of(held), "now": Sum.of(now), "rest": Sum.of(rest)}


def held_of_account(account: Account) -> list[Held]:
    """What is held of an account's money; nothing is asked while nothing is."""
    return held_money(open_holds().filter(account=account)) if account.held else []


def held_of_payment(payment: Payment) -> list[Held]:
    """What is held of a payment's money."""
    return held_money(open_holds().filter(payment=payment))


@dataclass(frozen=True)
class Use:
    """How often one of the clinic's own fields is filled in, and for how many pre-payments it is asked."""

    name: str
    treatments: int
    held: int


def own_field_use(clinic: Clinic) -> list[Use]:
    """The own fields that have a name or are filled in."""
    filled = TreatmentEvent.objects.aggregate(**{one: Count("pk", filter=Q(**{f"{one}__gt": ""})) for one in OWN})
    asked = HoldCriteria.objects.filter(credit__available__gt=0).aggregate(
        **{one: Count("pk", filter=Q(**{f"{one}__gt": ""})) for one in OWN}
    )
    uses = [Use(getattr(clinic, one), filled[one], asked[one]) for one in OWN]
    return [use for use in uses if use.name or use.treatments]
