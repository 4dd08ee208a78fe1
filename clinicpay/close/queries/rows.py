"""The specific treatments, payments and acts behind each check of a day (S0.24). Amounts are minor units."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from balances.models import Credit
from balances.states import CreditKind, PostingKind
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.numbers import shown
from clinicpay.close.queries.days import events_of_day
from clinicpay.close.standing import Standing
from clinicpay.staff.queries import names_of
from payments.models import Payment, Refund
from payments.states import PaymentStatus
from treatments.models import TreatmentEvent
from treatments.states import EventState

STATES = {
    "K1": (EventState.SCHEDULED, EventState.IN_PROGRESS),
    "K2": (EventState.CLOSED,),
}
"""In which states a treatment of the day is listed under a check."""


def unfinished(clinic: Clinic, location: Location, day: date, check: str) -> QuerySet[TreatmentEvent]:
    """The treatments of the day that K1 or K2 names, in the order of the day."""
    rows = events_of_day(clinic, location, day).filter(state__in=STATES[check])
    return rows.select_related("patient", "practitioner").order_by("service_at", "pk")


def unsettled(lacking: Sequence[tuple[int, Standing]]) -> list[tuple[TreatmentEvent, Standing]]:
    """The treatments that K3 names, with what each still lacks: of `Gaps.lacking` those that a page shows."""
    events = TreatmentEvent.objects.select_related("patient").in_bulk([pk for pk, _ in lacking])
    return [(events[pk], standing) for pk, standing in lacking]


def stuck_payments(clinic: Clinic, location: Location, day: date) -> QuerySet[Payment]:
    """Payments of the day or before it that are still processing (K4), the oldest first."""
    _, end = clock.day_bounds(clinic, day)
    rows = Payment.objects.filter(location=location, status=PaymentStatus.PROCESSING, created_at__lt=end)
    return rows.select_related("patient", "account").order_by("created_at", "pk")


def unapplied(location: Location, day: date) -> QuerySet[Credit]:
    """Free money of the day of which something was applied to nothing (K5), the largest first."""
    free = (CreditKind.UNAPPLIED, CreditKind.DEPOSIT)
    rows = Credit.objects.filter(location=location, received_on=day, available__gt=0, kind__in=free)
    return rows.select_related("payment__patient", "account").order_by("-available", "pk")


class Act(NamedTuple):
    """A refund, reversal, write-off, correction or override of a day (K8); `at` is None where only the day is known."""

    kind: str
    words: str
    amount: int | None
    payment: int | None
    invoice: int | None
    reason: str
    who: str


def acts_to_see(clinic: Clinic, location: Location, day: date) -> list[Act]:
    """K8: what was given back, taken back, given up or used against its rule on a day, in order."""
    with connection.cursor() as cursor:
        cursor.execute(_ACTS, [location.pk, day])
        rows = cursor.fetchall()
    names = names_of({row[4] for row in rows})
    told = [
        Act(kind, str(PostingKind(kind).label), int(amount), payment, invoice, reason, names.get(who, "ClinicPay"))
        for kind, amount, payment, invoice, who, reason in rows
    ]
    return [*told, *_overrides(clinic, location, day)]


_ACTS = """
select p.kind, sum(greatest(abs(e.charge_delta), abs(e.credit_delta))), max(pay.number), max(i.number),
       p.made_by_id, p.reason
from balances_posting p
join balances_entry e on e.posting_id = p.id and (p.kind, e.kind) in (
  ('refund', 'refund'), ('reverse_refund', 'unrefund'), ('return', 'return'), ('reverse_return', 'unreturn'),
  ('reverse_payment', 'unreceive'), ('unallocate', 'unallocate'), ('credit_note', 'credit_note'),
  ('reverse_credit_note', 'uncredit'), ('write_off', 'write_off'), ('reverse_write_off', 'unwrite_off'),
  ('recover', 'recover'))
left join balances_credit c on c.id = e.credit_id
left join payments_payment pay on pay.id = c.payment_id
left join balances_charge ch on ch.id = e.charge_id
left join balances_invoice i on i.id = ch.invoice_id
where p.location_id = %s and p.business_date = %s
group by p.id order by p.id
"""


def _overrides(clinic: Clinic, location: Location, day: date) -> list[Act]:
    """Pre-payments of the location that were used for something that they weren't held for."""
    start, end = clock.day_bounds(clinic, day)
    lines = AuditEvent.objects.filter(action="hold.overridden", at__gte=start, at__lt=end).order_by("pk")
    found = {line.subject_id: line for line in lines}
    credits = Credit.objects.filter(pk__in=found, location=location).values_list("pk", "payment__number")
    return [
        Act("override", "Held money used otherwise", None, number, None, found[pk].reason, found[pk].actor)
        for pk, number in credits
    ]


def events_for_sheet(clinic: Clinic, location: Location, day: date) -> list[dict[str, Any]]:
    """The treatments of the day but cancelled ones, with what was billed and what of that is left. One query."""
    start, end = clock.day_bounds(clinic, day)
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [location.pk, start, end])
        names = ("ref", "patient", "title", "state", "billed", "left")
        rows = cursor.fetchall()
    return [dict(zip(names, (shown(TreatmentEvent.KIND, number), *row), strict=True)) for number, *row in rows]


_EVENTS = """
select t.number, btrim(pt.first_name || ' ' || pt.last_name), t.title, t.state,
       coalesce(sum(c.amount - c.credited) filter (where c.kind in ('procedure', 'office')), 0)::bigint,
       coalesce(sum(c.outstanding), 0)::bigint
from treatments_treatmentevent t
join patients_patient pt on pt.id = t.patient_id
left join balances_charge c on c.event_id = t.id
where t.location_id = %s and t.service_at >= %s and t.service_at < %s and t.state <> 'cancelled'
group by t.id, pt.id order by t.service_at, t.id
"""

_MOVES = """
select pay.number, e.kind, coalesce(r.number, 0), coalesce(r.method, pay.method), e.credit_delta,
       coalesce(btrim(pt.first_name || ' ' || pt.last_name), a.name)
from balances_posting p
join balances_entry e on e.posting_id = p.id
join balances_credit c on c.id = e.credit_id
join payments_payment pay on pay.id = c.payment_id
join patients_account a on a.id = pay.account_id
left join patients_patient pt on pt.id = pay.patient_id
left join balances_entry o on o.id = e.reverses_id and e.kind in ('unrefund', 'unreturn')
left join payments_refund r on r.payment_id = pay.id
  and r.posting_id = coalesce(o.posting_id, e.posting_id) and e.kind in ('refund', 'unrefund', 'return', 'unreturn')
where p.location_id = %s and p.business_date = %s
  and e.kind in ('receive', 'unreceive', 'refund', 'unrefund', 'return', 'unreturn')
order by e.id
"""


def money_for_sheet(location: Location, day: date) -> list[dict[str, Any]]:
    """Each movement of a tender on the day, in order: its payment or refund, whose, by what, and how much."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVES, [location.pk, day])
        rows = cursor.fetchall()
    return [
        {
            "ref": _ref(number, refund),
            "of": _ref(number, 0),
            "kind": kind,
            "method": method,
            "amount": int(delta),
            "whose": whose,
        }
        for number, kind, refund, method, delta, whose in rows
    ]


def _ref(payment: int, refund: int) -> str:
    return shown(Refund.KIND, refund) if refund else shown(Payment.KIND, payment)
