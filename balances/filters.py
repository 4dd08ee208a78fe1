"""Filters of lists of automatic runs."""

import django_filters
from django.db.models import QuerySet

from balances.models import Decision, Invoice
from clinicpay.clinics.numbers import typed
from clinicpay.ui.filters import ListFilter


class DecisionFilter(ListFilter):
    """Search by payment or invoice number; what was applied, what waits, what had changed."""

    q = django_filters.CharFilter(label="Payment or invoice", method="search_by")
    what = django_filters.ChoiceFilter(
        label="Decision",
        empty_label="All decisions",
        choices=[("apply", "Apply"), ("leave", "Leave"), ("changed", "Left out: changed since")],
        method="by_what",
    )

    class Meta:
        model = Decision
        fields = ()

    def search_by(self, rows: QuerySet[Decision], _name: str, text: str) -> QuerySet[Decision]:
        """Narrow by one number, of an invoice if it says so."""
        invoice = typed(Invoice.KIND, text) if text.strip().upper().startswith(Invoice.KIND) else None
        if invoice is not None:
            return rows.filter(charge__invoice__number=invoice)
        return rows.filter(credit__payment__number=typed("PAY", text) or 0)

    def by_what(self, rows: QuerySet[Decision], _name: str, value: str) -> QuerySet[Decision]:
        """Taken, left, or left out of a preview that was applied later."""
        if value == "changed":
            return rows.filter(left_out=True)
        return rows.filter(charge__isnull=value == "leave", left_out=False)
