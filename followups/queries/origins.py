"""Where the balances in an account's panel come from (S0.14–S0.20, S0.32)."""

from typing import Any

from django.db.models import QuerySet

from balances.origins import origins_of
from balances.queries import invoices_with_balance
from clinicpay.patients.models import Account


def open_invoices(account: Account) -> QuerySet[Any]:
    """The invoices on which an account owes something, with their treatments' context (S0.20)."""
    rows = invoices_with_balance(account=account).filter(outstanding__gt=0)
    return rows.select_related("event__practitioner", "event__location", "location")


def with_origins(context: dict[str, Any], currency: str) -> dict[str, Any]:
    """Give each of the panel's `invoices` its `origins`: those of its treatment, none for what has no treatment."""
    found = origins_of({row.event_id for row in context["invoices"] if row.event_id}, currency)
    for row in context["invoices"]:
        row.origins = found.get(row.event_id, ())
    return context
