"""Reads of followed debt."""

from collections.abc import Iterable

from clinicpay.patients.models import Account
from followups.models import Case, Plan


def ever_followed(accounts: Iterable[Account]) -> set[int]:
    """Which of the accounts have or had a case or a plan, by id; for all of them one question."""
    ids = [account.pk for account in accounts]
    cases = Case.objects.filter(account__in=ids).values_list("account")
    return {pk for (pk,) in cases.union(Plan.objects.filter(account__in=ids).values_list("account"))}
