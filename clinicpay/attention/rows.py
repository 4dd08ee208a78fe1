"""What the page shows of a gap, read by the keys of a page's rows. Amounts are minor units."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Concat

from balances.billable import void_and_waiting
from balances.models import Charge
from balances.states import EntryKind
from clinicpay.close.standing import standings
from followups.models import Case
from followups.states import CaseState
from payments.models import GatewayTask, Payment
from treatments.models import TreatmentEvent


def _name(prefix: str = "") -> Concat:
    return Concat(f"{prefix}patient__first_name", Value(" "), f"{prefix}patient__last_name")


def payment_rows(keys: Sequence[int]) -> list[dict[str, Any]]:
    """Payments: whose, how much, since when."""
    rows = Payment.objects.filter(pk__in=keys).values(
        *("pk", "number", "amount", "status", "kind", "created_at", "memo"),
        place=F("location__name"),
        account_name=F("account__name"),
        account_kind=F("account__kind"),
        patient_name=_name(),
    )
    return list(rows)


def event_rows(keys: Sequence[int]) -> list[dict[str, Any]]:
    """Treatments: whose, what is billed and owed of it and since when, and where the account's follow-up stands."""
    owed = Charge.objects.filter(event=OuterRef("pk"), outstanding__gt=0, invoice__isnull=False).order_by()
    open_case = Case.objects.filter(account=OuterRef("patient__account")).exclude(state=CaseState.CLOSED)
    rows = TreatmentEvent.objects.filter(pk__in=keys).values(
        *("pk", "number", "service_at", "closed_at", "title", "state"),
        place=F("location__name"),
        healer=F("practitioner__name"),
        account=F("patient__account__number"),
        patient_name=_name(),
        owes=Coalesce(Subquery(owed.values("event").annotate(owed=Sum("outstanding")).values("owed")), 0),
        billed_on=Subquery(owed.values("event").annotate(day=Min("invoice__invoice_date")).values("day")),
        case_state=Subquery(open_case.values("state")[:1]),
    )
    found = list(rows)
    standing = standings([TreatmentEvent(pk=row["pk"], number=row["number"], state=row["state"]) for row in found])
    return [row | {"standing": standing[row["pk"]]} for row in found]


def void_rows(keys: Sequence[int]) -> list[dict[str, Any]]:
    """Treatments to be billed again: whose, how much, which invoices had billed it, and since when these are void."""
    found = TreatmentEvent.objects.filter(pk__in=keys).values(
        *("pk", "number", "service_at", "title"), place=F("location__name"), patient_name=_name()
    )
    rows = {row["pk"]: row | {"fees": {}, "void": {}} for row in found}
    taken = Max("entries__posting__business_date", filter=Q(entries__kind=EntryKind.CREDIT_NOTE))
    void = void_and_waiting().filter(event__in=keys).annotate(on=taken)
    lines = void.values_list("event", "procedure", "procedure__fee", "invoice__number", "on")
    for event, procedure, fee, invoice, day in lines.order_by("invoice__number", "line"):
        row = rows[event]
        row["fees"][procedure], row["void"][invoice] = fee, day
    return list(rows.values())


def task_rows(keys: Sequence[int]) -> list[dict[str, Any]]:
    """Surprises of gateways, each with its payment."""
    rows: QuerySet[GatewayTask] = GatewayTask.objects.filter(pk__in=keys).select_related(
        "payment__patient", "payment__account", "payment__location", "first"
    )
    return [{"pk": row.pk, "task": row} for row in rows]
