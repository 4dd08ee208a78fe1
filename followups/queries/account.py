"""What is known of one account's debt beside its figures: contacts, and how its promises ended."""

from typing import NamedTuple

from django.db.models import Count, Q, QuerySet

from clinicpay.patients.models import Account
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import TABLE, Can
from followups.models import Attempt, Promise
from followups.states import PromiseStatus
from payments.models import Payment
from payments.queries import with_parts


class Record(NamedTuple):
    """How an account's promises ended so far (S2.56)."""

    kept: int
    partly: int
    broken: int


def record_of_promises(account: Account) -> Record:
    """How many promises were kept, kept in part, and broken."""
    found = Promise.objects.filter(case__account=account).aggregate(
        kept=Count("pk", filter=Q(status=PromiseStatus.KEPT)),
        partly=Count("pk", filter=Q(status=PromiseStatus.PARTLY_KEPT)),
        broken=Count("pk", filter=Q(status=PromiseStatus.BROKEN)),
    )
    return Record(**found)


def contacts(account: Account) -> QuerySet[Attempt]:
    """Every attempt to reach whoever answers for the account, newest first (S2.24)."""
    return Attempt.objects.filter(case__account=account).select_related("promise").order_by("-pk")


def promises_of(account: Account) -> QuerySet[Promise]:
    """Every promise about the account's debt, newest first."""
    return Promise.objects.filter(case__account=account).order_by("-pk")


def last_payments(account: Account) -> list[Payment]:
    """The five most recent payments of the account, of any status, with where their money is (S2.23, S3.29–S3.36)."""
    return with_parts(Payment.objects.filter(account=account).order_by("-created_at", "-pk")[:5])


def followers() -> list[Membership]:
    """Members who follow up debt, by name."""
    rows = Membership.objects.filter(active=True, role__in=TABLE[Can.FOLLOW_UP]).select_related("user")
    return list(rows.order_by("user__name", "pk"))
