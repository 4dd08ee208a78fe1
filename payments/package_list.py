"""The list of all packages and staged treatments: its columns, filters and rows (S0.14, S0.15, S0.20)."""

from functools import cached_property
from typing import Any

import django_filters
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from balances.models import Charge
from clinicpay.clinics.numbers import typed
from clinicpay.patients.models import Patient
from clinicpay.patients.queries import narrowed
from clinicpay.ui.filters import ListFilter
from clinicpay.ui.tables import Empty, ListTable, column
from payments.queries.packages import Row, rows_for
from treatments.models import Package, Procedure
from treatments.states import EventState, Origin

STATES = [
    ("planned", "Nothing billed yet"),
    ("in_progress", "Partly billed"),
    ("done", "Used up"),
    ("cancelled", "Cancelled"),
]
"""How far a package is: of one that is done nothing is left to bill. The keys have colours in clinicpay.ui.words."""


class PackageFilter(ListFilter):
    """Number or patient; package or staged treatment; how far it is; whether something of it is owed."""

    q = django_filters.CharFilter(label="Package or patient", method="search_by")
    origin = django_filters.ChoiceFilter(
        label="Origin",
        empty_label="Any origin",
        choices=[(Origin.PACKAGE.value, "Packages"), (Origin.STAGED.value, "Staged treatments")],
        field_name="kind",
    )
    state = django_filters.ChoiceFilter(label="State", empty_label="Any state", choices=STATES, method="by_state")
    money = django_filters.ChoiceFilter(
        label="Balance",
        empty_label="Any balance",
        choices=[("open", "Something to pay"), ("settled", "Nothing to pay")],
        method="by_money",
    )

    class Meta:
        model = Package
        fields = ()

    def search_by(self, rows: QuerySet[Package], _name: str, text: str) -> QuerySet[Package]:
        """By number, or by the beginnings of the patient's names."""
        if (number := typed(Package.KIND, text)) is not None:
            return rows.filter(number=number)
        return rows.filter(patient__in=narrowed(Patient.objects.all(), text).values("pk"))

    def by_state(self, rows: QuerySet[Package], _name: str, value: str) -> QuerySet[Package]:
        """How far it is billed; one that was cancelled before anything was billed is cancelled and nothing else."""
        gone = Q(cancelled=F("price"))
        if value == "cancelled":
            return rows.filter(gone)
        billed, left = Exists(_parts().filter(_is_billed())), Exists(_parts().filter(~_is_billed()))
        wanted = {"planned": ~billed, "in_progress": billed & left, "done": billed & ~left}
        return rows.exclude(gone).filter(wanted[value])

    def by_money(self, rows: QuerySet[Package], _name: str, value: str) -> QuerySet[Package]:
        """Those of whose treatments something is outstanding, or nothing."""
        owing = Exists(Charge.objects.filter(event__package=OuterRef("pk"), outstanding__gt=0))
        return rows.filter(owing if value == "open" else ~owing)


def _parts() -> QuerySet[Procedure]:
    rows = Procedure.objects.filter(event__package=OuterRef("pk"), part=True).order_by()
    return rows.exclude(event__state=EventState.CANCELLED)


def _is_billed() -> Exists:
    return Exists(Charge.objects.filter(procedure=OuterRef("pk"), voided=False))


class PackageTable(ListTable):
    """All packages with what of each is billed, paid, owed and still to bill."""

    number = column("Package", order_by="number", css="mono")
    patient = column("Patient", order_by="patient__search_key")
    name = column("Name", order_by=None, css="cut")
    state = column("State", order_by=None)
    price = column("Price", order_by="price", css="text-end")
    paid = column("Paid", order_by=None, css="text-end")
    owed = column("Owed", order_by=None, css="text-end")
    unbilled = column("Not billed yet", order_by=None, css="text-end")

    row_template = "packages/package_rows.html"
    noun = "packages"
    two_lines = True
    prints_whole = True
    empty = Empty("No packages yet", "One price over several treatments is listed here.", icon="list-check")

    class Meta:
        order_by = "-number"

    @cached_property
    def drawn(self) -> list[Any]:
        """The rows of this page with their figures."""
        return [_cells(row) for row in rows_for(self.shown.rows)]


def _cells(row: Row) -> dict[str, Any]:
    package = row.package
    state = state_of(row)
    return {"row": row, "package": package, "patient": package.patient, "state": state, "label": dict(STATES)[state]}


def state_of(row: Row) -> str:
    """How far a package is, as the filter has it."""
    if not row.package.to_bill:
        return "cancelled"
    if not row.billed:
        return "planned"
    return "in_progress" if row.billed < len(row.parts) else "done"
