"""What leaves for the bank, and what following up came to: from entries, lines of slips, attempts and callbacks."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from balances.states import DATED
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.queries import location_names
from clinicpay.proof.figures import Figures, Group, Line, rows
from clinicpay.staff.queries import names_of
from deposits.queries.slips import printed_slips, waits
from followups.queries.review import RECOVERY_DAYS, Review, Span
from followups.reports.review import report

SLIPS, DAYS = 14, 90
"""The newest slips, and the days up to today, that are proved."""

_WAITING = """
with banked as (
  select l.payment_id, l.refund_id from deposits_bankslipline l join deposits_bankslip s on s.id = l.slip_id
  where l.live and s.state = 'printed'
), came as (
  select p.location_id, p.method, sum(e.credit_delta) filter (where e.kind in ('receive', 'unreceive')) as amount
  from payments_payment p join balances_credit c on c.payment_id = p.id join balances_entry e on e.credit_id = c.id
  where p.method in ('cash', 'cheque') and p.external_ref = ''
    and not exists (select from banked b where b.payment_id = p.id and b.refund_id is null)
  group by p.id
  having coalesce(sum(e.credit_delta) filter (where e.kind in ('receive', 'unreceive')), 0) > 0 and (p.method = 'cash'
    or coalesce(sum(e.credit_delta) filter (where e.kind in ('return', 'unreturn')), 0) = 0)
), went as (
  select p.location_id, 'cash' as method, sum(e.credit_delta) as amount
  from payments_refund r join payments_payment p on p.id = r.payment_id
  join balances_entry e on e.posting_id = r.posting_id and e.kind = 'refund'
  where r.method = 'cash' and not exists (select from banked b where b.refund_id = r.id)
    and not exists (select from balances_entry u where u.reverses_id = e.id)
  group by r.id, p.location_id
)
select location_id, method, sum(amount)::bigint, count(*) from (table came union all table went) moved group by 1, 2
"""

_PRINTED = """
select s.number, coalesce(sum(l.amount) filter (where l.method = 'cash'), 0)::bigint,
       coalesce(sum(l.amount) filter (where l.method = 'cheque'), 0)::bigint, count(l.id)
from deposits_bankslip s left join deposits_bankslipline l on l.slip_id = s.id where s.number is not null
group by s.id order by s.number desc limit %(most)s
"""

_SAID = """
select a.made_by_id, c.account_id, a.made_at, a.outcome, p.id, p.amount, p.status, p.due_date, p.grace
from followups_attempt a join followups_case c on c.id = a.case_id left join followups_promise p on p.id = a.promise_id
order by a.made_at, a.id
"""

_CALLS = """
select b.due_at, array(select a.made_at from followups_attempt a where a.case_id = b.case_id)
from followups_callback b where b.state <> 'cancelled' and b.due_at >= %(start)s and b.due_at < least(%(end)s, now())
"""

_APPLIED = """
with recursive applied as (
  select e.id, e.posting_id, e.charge_id, 0 as back
  from balances_entry e join balances_posting p on p.id = e.posting_id and p.business_date >= %(first)s
  where e.kind = 'allocate' and not exists (select from balances_entry u where u.reverses_id = e.id)
  union all
  select a.id, f.posting_id, f.charge_id, a.back + 1
  from applied a cross join lateral (
    select o.posting_id, o.charge_id from balances_entry u join balances_entry o on o.id = u.reverses_id
    where u.posting_id = a.posting_id and u.charge_id = a.charge_id and u.kind = 'unallocate' limit 1
  ) f
), firsts as (select distinct on (id) id, posting_id from applied order by id, back desc)
select h.account_id, -e.charge_delta, p.made_at, p.business_date, p.source, (
  select min(q.business_date) from balances_credit k join balances_entry g on g.credit_id = k.id and g.kind = 'receive'
  join balances_posting q on q.id = g.posting_id where k.payment_id = c.payment_id)
from firsts f join balances_posting p on p.id = f.posting_id
join balances_entry e on e.id = f.id join balances_charge h on h.id = e.charge_id
join balances_credit c on c.id = e.credit_id
where p.business_date between %(first)s and %(last)s
"""


def _slips(_clinic: Clinic) -> Figures:
    found: Figures = {}
    for one in waits():
        found |= _of_place(one.location.name, one.cash, one.cheques, one.count)
    slips: Any = printed_slips().order_by("-number")[:SLIPS]  # with their `count`, which no type knows
    for slip in slips:
        found |= _of_slip(slip.number, slip.cash, slip.cheques, slip.count)
    return found


def _slips_again(_clinic: Clinic) -> Figures:
    sums: Counter[tuple[int, str]] = Counter()
    for place, method, amount, count in rows(_WAITING):
        sums[place, method] += amount
        sums[place, "count"] += count
    found: Figures = {}
    for pk, name in location_names():
        found |= _of_place(name, sums[pk, "cash"], sums[pk, "cheque"], sums[pk, "count"])
    for slip in rows(_PRINTED, most=SLIPS):
        found |= _of_slip(*slip)
    return found


def _of_place(name: str, cash: int, cheques: int, count: int) -> Figures:
    return {
        Line(f"Cash that waits at {name}"): cash,
        Line(f"Cheques that wait at {name}"): cheques,
        Line(f"Payments and refunds that wait at {name}", is_amount=False): count,
    }


def _of_slip(number: int, cash: int, cheques: int, count: int) -> Figures:
    ref = f"BS-{number:03d}"
    return {Line(f"{ref}, cash"): cash, Line(f"{ref}, cheques"): cheques, Line(f"{ref}, lines", is_amount=False): count}


def _span(clinic: Clinic) -> Span:
    today = clock.today(clinic)
    return Span(clinic, today - timedelta(days=DAYS - 1), today)


def _review(clinic: Clinic) -> Figures:
    found = report(_span(clinic))
    return _of_review(found.total, {line.name: line.review.recovered for line in found.lines})


def _of_review(total: Review, recovered: dict[str, int]) -> Figures:
    counts = {"Attempts": total.attempts, "Reached": total.reached, "Promises": total.promises, "Kept": total.kept}
    counts |= {"Partly kept": total.partly, "Broken": total.broken}
    counts |= {"Callbacks that fell due": total.callbacks, "Callbacks on time": total.on_time}
    return {
        **{Line(name, is_amount=False): count for name, count in counts.items()},
        Line("Promised"): total.promised,
        Line("Recovered"): total.recovered,
        **{Line(f"Recovered, {name}"): minor for name, minor in recovered.items() if minor},
    }


class _Said(NamedTuple):
    """An attempt as it is stored, with the promise that it brought."""

    who: int | None
    account: int
    made_at: datetime
    outcome: str
    promise: int | None
    promised: int | None
    status: str | None
    due: date | None
    grace: int | None


def _review_again(clinic: Clinic) -> Figures:
    span, said = _span(clinic), [_Said(*row) for row in rows(_SAID)]
    start, end = span.bounds
    total, outcomes = Review(), Counter[str]()
    for one in (one for one in said if start <= one.made_at < end):
        total.attempts += 1
        total.reached += one.outcome in {"promised_payment", "dispute", "hung_up", "refused"}
        if one.outcome == "promised_payment" and one.promise:
            total.promises, total.promised = total.promises + 1, total.promised + (one.promised or 0)
            outcomes[one.status or ""] += 1
    total.kept, total.partly, total.broken = (outcomes[key] for key in ("kept", "partly_kept", "broken"))
    for due_at, made in rows(_CALLS, start=start, end=end):
        tonight = clock.day_bounds(clinic, clock.business_day(clinic, due_at))[1]
        total.callbacks, total.on_time = total.callbacks + 1, total.on_time + any(due_at <= at < tonight for at in made)
    recovered = _recovered(span, said)
    total.recovered = recovered.total()
    names = names_of(recovered)
    return _of_review(total, {names.get(who or 0, "ClinicPay"): minor for who, minor in recovered.items()})


def _recovered(span: Span, said: list[_Said]) -> Counter[int | None]:
    """What was applied and can have come of an attempt, by who made the latest such attempt."""
    of_account: defaultdict[int, list[_Said]] = defaultdict(list)
    for account, mine in groupby(sorted(said, key=lambda one: one.account), key=lambda one: one.account):
        of_account[account] = list(mine)
    found: Counter[int | None] = Counter()
    for account, minor, made_at, day, source, received in rows(_APPLIED, first=span.first, last=span.last):
        moment = clock.noon(span.clinic, day) if source in DATED else made_at
        fits = [one for one in of_account[account] if _explains(one, span.clinic, moment, day, received)]
        if fits:
            found[fits[-1].who] += minor
    return found


def _explains(one: _Said, clinic: Clinic, *money: Any) -> bool:
    """Whether money (when it was applied, on which business date, received on which) can have come of an attempt."""
    moment, day, received = money
    said_on = clock.business_day(clinic, one.made_at)
    until = [said_on + timedelta(days=RECOVERY_DAYS)]
    if one.outcome == "promised_payment" and one.due:
        until.append(one.due + timedelta(days=one.grace or 0))
    return one.made_at <= moment and day <= max(until) and said_on <= received


BANK = Group("slips", "Bank slips", "slips", _slips, _slips_again)
FOLLOWED = Group("review", "Follow-up review of 90 days", "follow_up_review", _review, _review_again)
