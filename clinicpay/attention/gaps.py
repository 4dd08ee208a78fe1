"""Which payments and treatments have a gap. Each list is bounded by what is open, not by what there ever was."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from balances.billable import void_and_waiting
from balances.models import Charge, Credit
from balances.queries import live_allocations
from balances.states import CreditKind
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.close.models import EventReview
from clinicpay.close.states import Outcome
from followups.models import Callback, Case, Plan, Promise, Statement
from followups.states import CallbackState, CaseState, PlanStatus, PromiseStatus
from payments.models import GatewayTask, Payment, PaymentContext
from payments.services.gateway_tasks import WAITING
from payments.states import EDITABLE, PaymentStatus
from treatments.models import TreatmentEvent
from treatments.states import COMPLETED, REVIEWED, EventState

FREE = (CreditKind.UNAPPLIED, CreditKind.DEPOSIT)


def first_moment(clinic: Clinic) -> datetime:
    """When the clinic came here: treatments before are history that was brought in, which nobody reviews."""
    return clock.day_bounds(clinic, clock.business_day(clinic, clinic.created_at))[0]


def is_history(event: TreatmentEvent, clinic: Clinic) -> bool:
    """Whether a treatment was closed before the clinic came here, and takes no steps to a close."""
    return event.state == EventState.CLOSED and event.service_at < first_moment(clinic)


def untreated() -> QuerySet[Payment]:
    """Payments without treatment context (S0.12): asked for, or with free money of which nothing was applied yet.

    Not one that was explained, nor what a statement asks for, nor a late capture that waits for its own decision.
    """
    free = Credit.objects.filter(available__gt=0, kind__in=FREE, waits=False).values("payment")
    asked = Payment.objects.filter(event=None, status__in=EDITABLE).order_by().values("pk")
    said = PaymentContext.objects.filter(payment=OuterRef("pk"))
    applied = live_allocations(credit__payment=OuterRef("pk"))
    stated = Statement.objects.filter(link__payment=OuterRef("pk"))
    rows = Payment.objects.filter(event=None, pk__in=free.union(asked, all=True))
    return rows.filter(~Exists(said), ~Exists(applied), ~Exists(stated))


def unreviewed(clinic: Clinic) -> QuerySet[TreatmentEvent]:
    """Closed treatments whose payment state nobody has recorded, or whose review the ledger now contradicts (S0.13)."""
    closed = TreatmentEvent.objects.filter(state=EventState.CLOSED, service_at__gte=first_moment(clinic))
    again = _reviewed().filter(_contradicted()).values("pk")
    # A union, as an "or" of both would read every treatment there ever was.
    return _billed(TreatmentEvent.objects.filter(pk__in=closed.values("pk").union(again, all=True)))


def unbilled() -> QuerySet[TreatmentEvent]:
    """Complete treatments whose invoice was voided and that nobody has billed again, or said why not (W-6).

    Not what was never charged here: an import may bring that, charged elsewhere (decision 0183).
    """
    return TreatmentEvent.objects.filter(state__in=COMPLETED, pk__in=void_and_waiting().order_by().values("event"))


def _billed(rows: QuerySet[TreatmentEvent]) -> QuerySet[TreatmentEvent]:
    """Without those to be billed again first, which are reviewed, confirmed and followed up after that.

    Each is looked up by itself: there are few of these, and there may be many void charges.
    """
    waits = void_and_waiting().filter(event=OuterRef("pk")).order_by().values("pk")[:1]
    return rows.alias(waits=Subquery(waits)).exclude(waits__isnull=False, state__in=COMPLETED)


def unconfirmed() -> QuerySet[TreatmentEvent]:
    """Reviewed treatments that lack evidence of their payment, or only the confirmation (S0.33, K3).

    One whose balance is still to be flagged is among those, and one that is to be reviewed again among those.
    """
    rows = _reviewed().filter(state=EventState.REVIEWED)
    paid = rows.filter(~_contradicted(), outcome=Outcome.PAID)
    return _billed(TreatmentEvent.objects.filter(pk__in=paid.values("pk")))


def _reviewed() -> QuerySet[Any]:
    """Treatments between review and the close of their day, with what the newest review said, and whether they owe."""
    newest = EventReview.objects.filter(event=OuterRef("pk")).order_by("-pk")
    owed = Charge.objects.filter(event=OuterRef("pk"), outstanding__gt=0)
    rows = TreatmentEvent.objects.filter(state__in=REVIEWED)
    return rows.annotate(outcome=Subquery(newest.values("outcome")[:1]), owes=Exists(owed))


def _contradicted() -> Q:
    return Q(outcome=Outcome.PAID, owes=True) | (~Q(outcome=Outcome.PAID) & Q(owes=False))


def unfollowed(clinic: Clinic, *, is_flagging: bool) -> QuerySet[TreatmentEvent]:
    """Treatments of which something billed is owed while nothing is to happen next with it (S0.22, S0.23).

    What is to be billed again or reviewed is that first; what is on an active plan is planned. For those who only
    flag, what others follow up already is in their hands, but for a reviewed one: its review asks for what is next.
    """
    owed = Charge.objects.filter(outstanding__gt=0, invoice__isnull=False, event__isnull=False)
    case = Case.objects.filter(account=OuterRef("account")).exclude(state=CaseState.CLOSED)
    followed = Exists(case.filter(_has_next()))
    planned = Exists(Plan.objects.filter(account=OuterRef("account"), status=PlanStatus.ACTIVE))
    gaps = owed.filter(~followed).exclude(planned, source__isnull=False)
    rows = TreatmentEvent.objects.filter(pk__in=gaps.values("event"))
    rows = _billed(rows.exclude(pk__in=unreviewed(clinic).values("pk")))
    if not is_flagging:
        return rows
    theirs = Case.objects.filter(account=OuterRef("patient__account")).exclude(state=CaseState.CLOSED)
    return rows.filter(Q(state__in=REVIEWED) | ~Exists(theirs))


def _has_next() -> Q:
    """What an open case waits for: somebody has a date for it, or an owner decides."""
    call = Callback.objects.filter(case=OuterRef("pk"), state=CallbackState.PLANNED)
    promise = Promise.objects.filter(case=OuterRef("pk"), status=PromiseStatus.OPEN)
    return Exists(call) | Exists(promise) | Q(state=CaseState.WRITE_OFF_REQUESTED)


def stuck(clinic: Clinic) -> QuerySet[Payment]:
    """Payments that have been processing since before today (K4)."""
    start, _ = clock.day_bounds(clinic, clock.today(clinic))
    return Payment.objects.filter(status=PaymentStatus.PROCESSING, created_at__lt=start)


def surprises() -> QuerySet[GatewayTask]:
    """What a gateway did that a person decides: refund or keep."""
    return GatewayTask.objects.filter(WAITING)
