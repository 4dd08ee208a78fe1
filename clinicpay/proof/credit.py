"""Money in hand: deposits at a glance, and what was taken on days, open and closed."""

from collections import defaultdict
from datetime import date
from typing import Any

from balances.queries import received_on
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.queries import location_names
from clinicpay.close.models import DailyClose
from clinicpay.close.states import CloseState
from clinicpay.proof.figures import Figures, Group, Line, rows
from deposits.queries.glance import BUCKETS, CANCELLED, KINDS, glance, month_ends
from payments.queries.cards import last_months
from payments.states import Method

DAYS = 14
"""Closed days that are proved, the newest ones."""

_LEFT = """
select c.kind, width_bucket(%(today)s::date - c.received_on, %(firsts)s::integer[]), c.location_id, p.method,
       coalesce(t.state = 'cancelled', false) or coalesce(o.state = 'cancelled', false),
       sum(c.available)::bigint, count(*)
from (
  select e.credit_id, sum(e.credit_delta) as available, k.kind, k.received_on, k.location_id, k.payment_id, k.event_id
  from balances_entry e join balances_credit k on k.id = e.credit_id where k.kind <> 'refund_pending'
  group by e.credit_id, k.id having sum(e.credit_delta) > 0
) c
join payments_payment p on p.id = c.payment_id
left join treatments_treatmentevent t on t.id = c.event_id
left join treatments_treatmentevent o on o.id = p.event_id
group by 1, 2, 3, 4, 5
"""

_MONTHS = """
select c.kind, date_trunc('month', p.business_date)::date, sum(e.credit_delta)::bigint
from balances_entry e join balances_credit c on c.id = e.credit_id join balances_posting p on p.id = e.posting_id
where c.kind <> 'refund_pending' group by 1, 2
"""

_OF_DAYS = """
select p.business_date, p.location_id, sum(e.credit_delta)::bigint
from balances_posting p join balances_entry e on e.posting_id = p.id
where p.business_date = any(%(days)s)
  and e.kind in ('receive', 'unreceive', 'refund', 'unrefund', 'return', 'unreturn')
group by 1, 2
"""


def _glance(clinic: Clinic) -> Figures:
    today, places = clock.today(clinic), _places()
    found: Figures = {}
    for kind, label in KINDS.items():
        now = glance(kind, today)
        found[Line(label)] = now.total.amount
        found[Line(f"{label}, payments", is_amount=False)] = now.total.count
        parts: tuple[tuple[Any, Any], ...] = ((now.ages, BUCKETS), (now.locations, places), (now.methods, _METHODS))
        for sums, words in parts:
            found |= {Line(f"{label}, {word}"): sums[key].amount for key, word in words.items() if sums[key].count}
        if kind != CANCELLED:
            found |= {_end(label, month): left for month, left in month_ends(kind, today)}
    return found


_METHODS = dict(Method.choices)


def _glance_again(clinic: Clinic) -> Figures:
    today, places = clock.today(clinic), _places()
    firsts = sorted(BUCKETS)
    found: defaultdict[Line, int] = defaultdict(int)
    for kind, at, place, method, gone, amount, count in rows(_LEFT, today=today, firsts=firsts[1:]):
        for label in [KINDS[kind], *([KINDS[CANCELLED]] if gone else [])]:
            found[Line(label)] += amount
            found[Line(f"{label}, payments", is_amount=False)] += count
            for word in (BUCKETS[firsts[at]], places[place], _METHODS[method]):
                found[Line(f"{label}, {word}")] += amount
    moved = rows(_MONTHS)
    for kind, label in KINDS.items():
        for month in last_months(today) if kind != CANCELLED else ():
            is_last = month == last_months(today)[-1]
            found[_end(label, month)] = sum(net for one, at, net in moved if one == kind and (is_last or at <= month))
    return dict(found)


def _end(label: str, month: date) -> Line:
    return Line(f"{label} at the end of {month:%b %Y}")


def _places() -> dict[int, str]:
    return dict(location_names())


def _days(clinic: Clinic) -> Figures:
    today = clock.today(clinic)
    found = {_today(today): received_on(today)}
    for close in _closed():
        tenders = (close.snapshot or {}).get("tenders", {}).values()
        found[_of_day(close)] = sum(tender["in"] - tender["out"] for tender in tenders)
    return found


def _days_again(clinic: Clinic) -> Figures:
    today = clock.today(clinic)
    closes = _closed()
    days = {today, *(close.day for close in closes)}
    sums = {(day, place): came for day, place, came in rows(_OF_DAYS, days=sorted(days))}
    found = {_today(today): sum(came for (day, _), came in sums.items() if day == today)}
    return found | {_of_day(close): sums.get((close.day, close.location_id), 0) for close in closes}


def _closed() -> list[DailyClose]:
    found = DailyClose.objects.filter(state=CloseState.CLOSED).select_related("location")
    return list(found.order_by("-day", "location__name")[:DAYS])


def _today(day: date) -> Line:
    return Line(f"Collected today, {day:%b} {day.day}")


def _of_day(close: DailyClose) -> Line:
    return Line(f"Closed day {close.day:%b} {close.day.day}, {close.location}: taken less given back")


GLANCE = Group("deposits", "Deposits at a glance", "deposits_overview", _glance, _glance_again)
CLOSED = Group("days", "Today and the last closed days", "today", _days, _days_again)
