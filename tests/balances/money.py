"""Short words for reading what the ledger says."""

from typing import Any

from balances.models import Charge, Credit, Entry
from balances.queries import live_allocations
from clinicpay.patients.models import Account
from payments.models import Payment


def totals(account: Account) -> tuple[int, int]:
    """What an account owes now, and its unapplied money."""
    fresh = Account.objects.get(pk=account.pk)
    return fresh.owes, fresh.unapplied


def left(*charges: Charge) -> list[int]:
    """What is outstanding on each charge now."""
    rows = Charge.objects.in_bulk([charge.pk for charge in charges])
    return [rows[charge.pk].outstanding for charge in charges]


def credit_of(payment: Payment) -> Credit:
    """The money of a payment."""
    return Credit.objects.get(payment=payment)


def applied(**where: Any) -> list[int]:
    """Live applications in the order in which they were made."""
    return [entry.applied for entry in live_allocations(**where).order_by("pk")]


def allocation(**where: Any) -> Entry:
    """The one live application that answers to `where`."""
    return live_allocations(**where).get()
