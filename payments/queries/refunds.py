"""Reads of refunds for screens. Amounts are minor units."""

from django.db.models import QuerySet

from payments.models import Refund


def all_refunds() -> QuerySet[Refund]:
    """All refunds and returns with what lists show of them, newest first."""
    return Refund.objects.select_related("payment__patient", "payment__account").order_by("-requested_at", "-pk")
