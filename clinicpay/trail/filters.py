"""Narrowing the trail down: who, what, about whom, when."""

import re
from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from balances.models import AutoApplyRun, Invoice
from clinicpay.audit.models import ACCESS, LIST_EXPORTED, RECORD_EXPORTED, REFUSED, VIEWS, AuditEvent
from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.numbers import Numbered
from clinicpay.close.models import DailyClose
from clinicpay.exports.models import AccountCode, Export
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.queries import narrowed
from clinicpay.staff.models import Delegation, Invitation, Membership, Practitioner
from clinicpay.trail.actions import ACTIONS
from clinicpay.ui.filters import ListFilter
from deposits.models import BankSlip
from followups.models import Case, Plan, Statement, StatementRun, WriteOff
from payments.models import Payment, Receipt, Refund
from treatments.models import Package, PriceItem, TreatmentEvent

NUMBERED: dict[str, type[Numbered]] = {
    kind.KIND: kind
    for kind in (
        *(Patient, Account, TreatmentEvent, Invoice, Payment, Receipt, Refund, WriteOff, Plan, Statement, StatementRun),
        *(AutoApplyRun, BankSlip, DailyClose, Export, Package),
    )
}
_NUMBER = re.compile(r"([A-Z]+)-?([0-9]{1,18})")

KINDS = [
    (Patient, "Patients"),
    (Account, "Accounts"),
    (TreatmentEvent, "Treatments"),
    (Package, "Packages"),
    (Invoice, "Invoices"),
    (Payment, "Payments"),
    (Receipt, "Receipts"),
    (Refund, "Refunds"),
    (Case, "Follow-ups"),
    (Plan, "Payment plans"),
    (WriteOff, "Write-offs"),
    (Statement, "Statements"),
    (BankSlip, "Bank slips"),
    (DailyClose, "Closed days"),
    (Export, "Exports"),
    (Membership, "Team"),
    (Invitation, "Invitations"),
    (Practitioner, "Practitioners"),
    (Location, "Locations"),
    (PriceItem, "Price list"),
    (AccountCode, "Account codes"),
    (Delegation, "Delegations"),
    (Clinic, "Settings of the clinic"),
]

ACTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "patients": ("Patients and insurance", ("patient", "account", "benefits")),
    "treatments": ("Treatments", ("event", "package", "exception")),
    "payments": ("Payments", ("payment", "hold", "gateway")),
    "refunds": ("Refunds", ("refund",)),
    "applied": ("Automatic allocation", ("run", "rules", "night")),
    "plans": ("Payment plans", ("plan",)),
    "write-offs": ("Write-offs", ("write_off", "invoice", "delegation")),
    "follow-up": ("Follow-up", ("case", "promise", "attempt", "callback", "calendar")),
    "papers": ("Papers and email", ("statement", "statements", "message", "document", "note")),
    "days": ("Daily close and bank", ("day", "slip", "export", "account_code")),
    "people": ("People and settings", ("member", "practitioner", "location", "price", "clinic", "view", "practice")),
}
"""Kinds of acts, by what their names begin with."""


PAGE = "page"
"""The kind of record of lines that are about none: looks at lists and refused attempts, never changes."""


def people() -> list[tuple[str, str]]:
    """Everybody who is or was a member, and ClinicPay itself."""
    members = Membership.objects.select_related("user").order_by("user__name", "pk")
    return [*((str(member.user_id), str(member.user)) for member in members), ("0", "ClinicPay itself")]


def kinds() -> list[tuple[str, str]]:
    """What a line may be about."""
    return [*((kind._meta.label_lower, label) for kind, label in KINDS), (PAGE, "Lists and refusals")]


FEW = 200
"""Patients up to which their lines are looked up by each; those of more are met while the trail is walked."""


def _few(patients: QuerySet[Patient]) -> Any:
    """The keys of a few patients, so that the planner knows how seldom they are; else the question for them."""
    keys = list(patients.order_by().values_list("pk", flat=True)[: FEW + 1])
    return keys if len(keys) <= FEW else patients.values("pk")


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
    act = django_filters.ChoiceFilter(
        label="Kind of act",
        empty_label="Any act",
        choices=[(name, label) for name, (label, _) in ACTS.items()],
        method="of_act",
    )
    on = django_filters.DateFromToRangeFilter(label="Date", method="in_time")
    more = ("act", "kind", "on")

    class Meta:
        model = AuditEvent
        fields = ()

    def about(self, rows: QuerySet[AuditEvent], _name: str, text: str) -> QuerySet[AuditEvent]:
        """Lines about a patient found by name, or about the record of a number."""
        number = _NUMBER.fullmatch(text.strip().upper())
        if not number or number[1] not in NUMBERED:
            return rows.filter(patient_id__in=_few(narrowed(Patient.objects.all(), text)))
        model = NUMBERED[number[1]]
        found = list(model._default_manager.filter(number=int(number[2])).values_list("pk", flat=True))
        own = Q(subject_type=model._meta.label_lower, subject_id__in=found)
        return rows.filter(own | Q(patient_id__in=found) if model is Patient else own)

    def of_sort(self, rows: QuerySet[AuditEvent], _name: str, value: str) -> QuerySet[AuditEvent]:
        """Acts change something; looks, copies and refusals don't."""
        if value == "changes":
            return self._changes(rows, self.form.cleaned_data["kind"])
        sorts = {"looks": VIEWS, "copies": (RECORD_EXPORTED, LIST_EXPORTED), "refused": (REFUSED,)}
        return rows.filter(action__in=sorts[value])

    def _changes(self, rows: QuerySet[AuditEvent], kind: str) -> QuerySet[AuditEvent]:
        """Of one kind of record by the names of all acts, which with the kind have an index."""
        if not kind:
            return rows.exclude(action__in=ACCESS)
        return rows.none() if kind == PAGE else rows.filter(action__in=[name for name in ACTIONS if name not in ACCESS])

    def by_person(self, rows: QuerySet[AuditEvent], _name: str, value: str) -> QuerySet[AuditEvent]:
        """Lines of one person, or of nights, imports and commands."""
        return rows.filter(actor_id=int(value)) if value != "0" else rows.filter(actor_id=None)

    def in_time(self, rows: QuerySet[AuditEvent], _name: str, span: slice) -> QuerySet[AuditEvent]:
        """Between two days, by time: by their numbers, all newer lines would be read before the first that is asked."""
        within = {"at__gte": span.start, "at__lte": span.stop}
        return rows.filter(**{key: at for key, at in within.items() if at}).order_by("-at", "-pk")

    def of_act(self, rows: QuerySet[AuditEvent], _name: str, value: str) -> QuerySet[AuditEvent]:
        """Acts of one kind, by their whole names, which have an index."""
        return rows.filter(action__in=[name for name in ACTIONS if name.partition(".")[0] in ACTS[value][1]])
