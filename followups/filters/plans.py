"""What narrows the list of payment plans down."""

import django_filters
from django.db.models import Q, QuerySet

from balances.models import Invoice
from clinicpay.clinics import clock
from clinicpay.clinics.numbers import typed
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import accounts_found, narrowed
from clinicpay.ui.filters import ListFilter, Menu
from followups.filters.queue import named_otherwise
from followups.models import Instalment, Plan, PlanPart
from followups.queries import is_late
from followups.states import PlanStatus
from treatments.models import TreatmentEvent

STATUS = [choice for choice in PlanStatus.choices if choice[0] != PlanStatus.DRAFT]


class PlanFilter(ListFilter):
    """By number (PL-, INV-, TE-, AC-) or name, by status, and what is late."""

    q = django_filters.CharFilter(label="Plan, account or invoice", method="search_by")
    status = django_filters.ChoiceFilter(label="Status", empty_label="Any status", choices=STATUS, widget=Menu)
    late = django_filters.ChoiceFilter(
        label="Late", empty_label="Late or not", choices=[("yes", "Late")], widget=Menu, method="by_late"
    )

    class Meta:
        model = Plan
        fields = ()

    def search_by(self, rows: QuerySet[Plan], _name: str, text: str) -> QuerySet[Plan]:
        """By a number, or by the beginnings of the names of the account or of its patients."""
        if (number := typed(Plan.KIND, text)) is not None:
            return rows.filter(number=number)
        if (number := typed(Account.KIND, text)) is not None:
            return rows.filter(account__number=number)
        if (number := typed(Invoice.KIND, text)) is not None:
            return rows.filter(_of_invoice(number))
        if (number := typed(TreatmentEvent.KIND, text)) is not None:
            return rows.filter(pk__in=PlanPart.objects.filter(charge__event__number=number).values("plan"))
        patients = narrowed(Patient.objects.all(), text).order_by().values("account")
        others = accounts_found(text).order_by().values("pk")
        named = named_otherwise(text, "account__name")
        return rows.filter(Q(account__in=patients) | Q(account__in=others) | named)

    def by_late(self, rows: QuerySet[Plan], _name: str, _value: str) -> QuerySet[Plan]:
        """With an instalment that owes something after its due date."""
        return rows.filter(is_late(clock.today(self.request.member.clinic)))


def _of_invoice(number: int) -> Q:
    """An invoice whose debt went on the plan, or one that bills an instalment of it."""
    parts = PlanPart.objects.filter(charge__invoice__number=number).values("plan")
    return Q(pk__in=parts) | Q(pk__in=Instalment.objects.filter(invoice__number=number).values("plan"))
