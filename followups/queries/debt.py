"""Reads of followed debt."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet

from balances.models import Charge
from clinicpay.clinics.db.arrays import Compiled
from clinicpay.patients.models import Account
from followups.models import Case, Instalment, Plan, Promise
from followups.states import CaseState, InstalmentStatus, PlanStatus, PromiseStatus


def ever_followed(accounts: Iterable[Account]) -> set[int]:
    """Which of the accounts have or had a case or a plan, by id; for all of them one question."""
    return {pk for (pk,) in _followed(account.pk for account in accounts)}


_followed = Compiled(
    lambda ids: (
        Case.objects.filter(account__among=ids)
        .values_list("account")
        .union(Plan.objects.filter(account__among=ids).values_list("account"))
    )
)


def instalments_due(day: date) -> QuerySet[Instalment]:
    """Instalments of active plans that are due by a date and not billed yet, in their order."""
    rows = Instalment.objects.filter(
        status=InstalmentStatus.SCHEDULED, due_date__lte=day, plan__status=PlanStatus.ACTIVE
    )
    return rows.select_related("plan").order_by("due_date", "plan", "position")


def accounts_with_instalments_due(day: date) -> QuerySet[Any, int]:
    """The accounts that have such, by id."""
    rows = instalments_due(day).annotate(account=F("plan__account")).order_by("account")
    return rows.values_list("account", flat=True).distinct()


def promises_over(day: date) -> QuerySet[Promise]:
    """Open promises whose date, without grace, was before a day."""
    rows = Promise.objects.filter(status=PromiseStatus.OPEN, due_date__lt=day)
    return rows.select_related("case__account").order_by("case__account", "pk")


def accounts_with_promises_over(day: date) -> QuerySet[Any, int]:
    """The accounts that have such, by id."""
    rows = promises_over(day).annotate(account=F("case__account")).order_by("account")
    return rows.values_list("account", flat=True).distinct()


def overdue_charges(day: date) -> QuerySet[Charge]:
    """Billed charges that owe something and were due before a day (G4)."""
    return Charge.objects.filter(outstanding__gt=0, invoice__due_date__lt=day)


def accounts_to_settle(day: date) -> QuerySet[Any, int]:
    """Accounts with overdue debt and no open case, or with an open case and nothing owed, by id."""
    followed = Case.objects.exclude(state=CaseState.CLOSED).values("account")
    late = overdue_charges(day).values("account")
    rows = Account.objects.filter(Q(pk__in=late) & ~Q(pk__in=followed) | Q(pk__in=followed, owes=0))
    return rows.annotate(account=F("pk")).order_by("account").values_list("account", flat=True)
