"""Narrowing the trail down: who, what, about whom, when."""

import re

import django_filters
from django.db.models import Q, QuerySet

from balances.models import Invoice
from clinicpay.audit.models import ACCESS, LIST_EXPORTED, RECORD_EXPORTED, REFUSED, VIEWS, AuditEvent
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import Numbered
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import narrowed
from clinicpay.staff.models import Invitation, Membership, Practitioner
from clinicpay.ui.filters import ListFilter
from payments.models import Payment, Receipt
from treatments.models import PriceItem, TreatmentEvent

NUMBERED: dict[str, type[Numbered]] = {
    kind.KIND: kind for kind in (Patient, Account, TreatmentEvent, Invoice, Payment, Receipt)
}
_NUMBER = re.compile(r"([A-Z]+)-?([0-9]{1,18})")

KINDS = [
    (Patient, "Patients"),
    (Account, "Accounts"),
    (TreatmentEvent, "Treatments"),
    (Invoice, "Invoices"),
    (Payment, "Payments"),
    (Receipt, "Receipts"),
    (Membership, "Team"),
    (Invitation, "Invitations"),
    (Practitioner, "Practitioners"),
    (Location, "Locations"),
    (PriceItem, "Price list"),
]


def people() -> list[tuple[str, str]]:
    """Everybody who is or was a member, and ClinicPay itself."""
    members = Membership.objects.select_related("user").order_by("user__name", "pk")
    return [*((str(member.user_id), str(member.user)) for member in members), ("0", "ClinicPay itself")]


def kinds() -> list[tuple[str, str]]:
    """What a line may be about."""
    return [*((kind._meta.label_lower, label) for kind, label in KINDS), ("page", "Lists and refusals")]


class TrailFilter(ListFilter):
    """About whom or what, by whom, what was done, when."""

    q = django_filters.CharFilter(label="Patient, or a number such as PAY-001", method="about")
    what = django_filters.ChoiceFilter(
        label="What",
        empty_label="Everything",
        choices=[
            ("changes", "Changes"),
            ("looks", "Who looked"),
            ("copies", "Copies taken"),
            ("refused", "Refused attempts"),
        ],
        method="of_sort",
    )
    person = django_filters.ChoiceFilter(label="Person", empty_label="Anybody", choices=people, method="by_person")
    kind = django_filters.ChoiceFilter(
        label="Kind of record", empty_label="Any record", choices=kinds, field_name="subject_type"
    )
    on = django_filters.DateFromToRangeFilter(label="Date", field_name="at")
    more = ("on",)

    class Meta:
        model = AuditEvent
        fields = ()

    def about(self, rows: QuerySet[AuditEvent], _name: str, text: str) -> QuerySet[AuditEvent]:
        """Lines about a patient found by name, or about the record of a number."""
        number = _NUMBER.fullmatch(text.strip().upper())
        if not number or number[1] not in NUMBERED:
            return rows.filter(patient_id__in=narrowed(Patient.objects.all(), text).values("pk"))
        model = NUMBERED[number[1]]
        found = list(model._default_manager.filter(number=int(number[2])).values_list("pk", flat=True))
        own = Q(subject_type=model._meta.label_lower, subject_id__in=found)
        return rows.filter(own | Q(patient_id__in=found) if model is Patient else own)

    def of_sort(self, rows: QuerySet[AuditEvent], _name: str, value: str) -> QuerySet[AuditEvent]:
        """Acts change something; looks, copies and refusals don't."""
        if value == "changes":
            return rows.exclude(action__in=ACCESS)
        sorts = {"looks": VIEWS, "copies": (RECORD_EXPORTED, LIST_EXPORTED), "refused": (REFUSED,)}
        return rows.filter(action__in=sorts[value])

    def by_person(self, rows: QuerySet[AuditEvent], _name: str, value: str) -> QuerySet[AuditEvent]:
        """Lines of one person, or of nights, imports and commands."""
        return rows.filter(actor_id=int(value)) if value != "0" else rows.filter(actor_id=None)
