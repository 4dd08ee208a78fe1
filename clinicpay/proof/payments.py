"""The cards over the payments list and what the overview shows of money that came in, from payments and entries."""

from typing import Any

from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.proof.figures import Figures, Group, Line, rows
from payments.queries.cards import UNCOLLECTED, cards, collected_at, last_months
from payments.states import OVERDUE, PaymentStatus

_MONEY = """
select date_trunc('month', p.business_date)::date, p.location_id,
       coalesce(sum(e.credit_delta) filter (where e.kind in ('receive', 'unreceive')), 0)::bigint,
       coalesce(-sum(e.credit_delta) filter (where e.kind in ('refund', 'unrefund', 'return', 'unreturn')), 0)::bigint
from balances_entry e join balances_posting p on p.id = e.posting_id
where e.kind in ('receive', 'unreceive', 'refund', 'unrefund', 'return', 'unreturn') group by 1, 2
"""

_STATUSES = """
select status, count(*), sum(amount)::bigint, count(*) filter (where due_date < %(today)s),
       coalesce(sum(amount) filter (where due_date < %(today)s), 0)::bigint
from payments_payment group by 1
"""

_OUTSTANDING = Line("Outstanding (payments not yet collected)")


def _cards(clinic: Clinic) -> Figures:
    today = clock.today(clinic)
    found = cards(today)
    asked = found.outstanding
    figures = {
        Line("Total Collected"): found.collected,
        Line("Received"): found.gross,
        Line("Given back"): found.returned,
        **{_collected(month): net for month, net in found.months},
        **_not_collected(asked.count, asked.amount, asked.late_count, asked.late),
    }
    for status in PaymentStatus:
        one = found.of(status)
        figures |= _of_status(status, one.count, one.amount)
    failed = found.of(PaymentStatus.FAILED)
    return figures | {Line("Failed, of which overdue"): failed.late}


def _cards_again(clinic: Clinic) -> Figures:
    today = clock.today(clinic)
    money, statuses = rows(_MONEY), {status: found for status, *found in rows(_STATUSES, today=today)}
    gross, returned = sum(row[2] for row in money), sum(row[3] for row in money)
    months = last_months(today)
    figures = {
        Line("Total Collected"): gross - returned,
        Line("Received"): gross,
        Line("Given back"): returned,
        **{_collected(month): sum(came - went for at, _, came, went in money if at == month) for month in months},
        **_not_collected(*(sum(statuses.get(one, _NONE)[part] for one in UNCOLLECTED) for part in range(4))),
    }
    for status in PaymentStatus:
        figures |= _of_status(status, *statuses.get(status, _NONE)[:2])
    assert PaymentStatus.FAILED in OVERDUE
    return figures | {Line("Failed, of which overdue"): statuses.get(PaymentStatus.FAILED, _NONE)[3]}


_NONE = [0, 0, 0, 0]


def _collected(month: Any) -> Line:
    return Line(f"Collected in {month:%b %Y}")


def _not_collected(count: int, amount: int, late_count: int, late: int) -> Figures:
    return {
        _OUTSTANDING: amount,
        Line("Payments not yet collected", is_amount=False): count,
        Line("Outstanding, of which overdue"): late,
        Line("Overdue payments", is_amount=False): late_count,
    }


def _of_status(status: PaymentStatus, count: int, amount: int) -> Figures:
    return {Line(f"{status.label} payments", is_amount=False): count, Line(f"{status.label}"): amount}


def _places(clinic: Clinic) -> Figures:
    today = clock.today(clinic)
    return {_at(one.name): sum(net for _, net in collected_at(one.pk, today)) for one in _locations()}


def _places_again(clinic: Clinic) -> Figures:
    first = last_months(clock.today(clinic))[0]
    money = [(place, came - went) for month, place, came, went in rows(_MONEY) if month >= first]
    return {_at(one.name): sum(net for place, net in money if place == one.pk) for one in _locations()}


def _locations() -> list[Location]:
    return list(Location.objects.order_by("name", "pk"))


def _at(name: str) -> Line:
    return Line(f"Collected in 12 months at {name}")


CARDS = Group("cards", "Cards of the payments list", "payments", _cards, _cards_again)
PLACES = Group("places", "Overview by location", "home", _places, _places_again)
