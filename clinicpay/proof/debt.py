"""What is owed: the queue's buckets, their ages on a past day, the columns of accounts, payment plans."""

from datetime import date, timedelta

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce, Least

from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.patients.models import Account
from clinicpay.proof.figures import Figures, Group, Line, rows
from followups.queries import BUCKETS, Totals, bucket_totals, owed_on, owing, totals_of
from followups.queries.plans import plan_totals

_AGES = """
with owed as (
  select c.account_id, c.invoice_id, sum(e.charge_delta) as owed
  from balances_entry e join balances_charge c on c.id = e.charge_id join balances_posting p on p.id = e.posting_id
  where c.invoice_id is not null and p.business_date <= %(until)s group by 1, 2 having sum(e.charge_delta) <> 0
), accounts as (
  select o.account_id, sum(o.owed) as owed, min(i.invoice_date) as oldest
  from owed o join balances_invoice i on i.id = o.invoice_id group by 1
)
select width_bucket(%(day)s::date - oldest, %(firsts)s::integer[]), count(*), sum(owed)::bigint from accounts group by 1
"""

_ACCOUNTS = """
with debt as (
  select c.account_id, coalesce(sum(e.charge_delta) filter (where c.kind <> 'principal'), 0) as owes,
         coalesce(sum(e.charge_delta) filter (where c.kind = 'principal'), 0) as planned
  from balances_entry e join balances_charge c on c.id = e.charge_id group by 1
), money as (
  select c.account_id, coalesce(sum(e.credit_delta) filter (where c.kind = 'unapplied'), 0) as unapplied,
         coalesce(sum(e.credit_delta) filter (where c.kind = 'deposit'), 0) as deposits,
         coalesce(sum(e.credit_delta) filter (where c.kind = 'pre_payment'), 0) as held
  from balances_entry e join balances_credit c on c.id = e.credit_id group by 1
)
select coalesce(sum(owes), 0)::bigint, coalesce(sum(planned), 0)::bigint, coalesce(sum(unapplied), 0)::bigint,
       coalesce(sum(deposits), 0)::bigint, coalesce(sum(held), 0)::bigint, count(*) filter (where owes > 0),
       coalesce(sum(least(owes, coalesce(unapplied + deposits, 0))) filter (where owes > 0), 0)::bigint
from debt full join money using (account_id)
"""

_PLANS = """
select (select count(*) from followups_plan where status = 'active'),
  (select coalesce(sum(e.charge_delta), 0)::bigint from balances_entry e
   join followups_planpart t on t.principal_id = e.charge_id join followups_plan p on p.id = t.plan_id
   where p.status = 'active'),
  count(distinct plan_id), coalesce(sum(owed), 0)::bigint
from (
  select n.plan_id, sum(e.charge_delta) as owed
  from followups_instalment n join balances_invoice i on i.id = n.invoice_id
  join balances_charge c on c.invoice_id = i.id join balances_entry e on e.charge_id = c.id
  where i.due_date < %(today)s group by n.plan_id, i.id having sum(e.charge_delta) > 0
) late
"""

FOREVER = date(9999, 12, 31)

_COLUMNS = ("Owed", "On plans, not yet billed", "Unapplied payments", "Deposits", "Held pre-payments")


def _buckets(totals: list[Totals]) -> Figures:
    found: Figures = {}
    for one in totals:
        found |= _bucket(one.bucket.key, one.accounts or 0, one.owed or 0)
    return found | _sums(found)


def _sums(found: Figures) -> Figures:
    return {
        Line("All ages"): sum(value for line, value in found.items() if line.is_amount),
        Line("All ages, accounts", is_amount=False): sum(v for line, v in found.items() if not line.is_amount),
    }


def _bucket(key: str, accounts: int, owed: int) -> Figures:
    return {Line(f"{key} days"): owed, Line(f"{key} days, accounts", is_amount=False): accounts}


def _again(day: date, until: date) -> Figures:
    asked = rows(_AGES, day=day, until=until, firsts=[bucket.first for bucket in BUCKETS[1:]])
    counted = {at: (accounts, owed) for at, accounts, owed in asked}
    found: Figures = {}
    for at, bucket in enumerate(BUCKETS):
        found |= _bucket(bucket.key, *counted.get(at, (0, 0)))
    return found | _sums(found)


def _last_month(clinic: Clinic) -> date:
    return clock.today(clinic).replace(day=1) - timedelta(days=1)


def _ages(clinic: Clinic) -> Figures:
    return _buckets(bucket_totals(owing(), clock.today(clinic)))


def _past(clinic: Clinic) -> Figures:
    day = _last_month(clinic)
    return _buckets(totals_of(owed_on(day, patience=None), day))


def _accounts(_clinic: Clinic) -> Figures:
    sums = {f"sum_{name}": Coalesce(Sum(name), 0) for name in ("owes", "planned", "unapplied", "deposits", "held")}
    usable = Coalesce(Sum(Least(F("owes"), F("unapplied") + F("deposits")), filter=Q(owes__gt=0)), 0)
    found = Account.objects.aggregate(**sums, owing_count=Count("pk", filter=Q(owes__gt=0)), usable=usable)
    return _columns(*found.values())


def _accounts_again(_clinic: Clinic) -> Figures:
    return _columns(*rows(_ACCOUNTS)[0])


def _columns(*values: int) -> Figures:
    *sums, owing_count, usable = values
    return {
        **{Line(label): value for label, value in zip(_COLUMNS, sums, strict=True)},
        Line("Accounts that owe", is_amount=False): owing_count,
        Line("In hand that could pay what is owed"): usable,
    }


def _plans(clinic: Clinic) -> Figures:
    found = plan_totals(clock.today(clinic))
    return _of_plans(found.active, found.unbilled, found.late, found.late_amount)


def _plans_again(clinic: Clinic) -> Figures:
    return _of_plans(*rows(_PLANS, today=clock.today(clinic))[0])


def _of_plans(active: int, unbilled: int, late: int, late_amount: int) -> Figures:
    return {
        Line("Active plans", is_amount=False): active,
        Line("Not yet billed on active plans"): unbilled,
        Line("Plans with late instalments", is_amount=False): late,
        Line("Late instalments"): late_amount,
    }


AGES = Group("ages", "Buckets of the follow-up queue", "follow_ups", _ages, lambda c: _again(clock.today(c), FOREVER))
PAST = Group(
    *("past", "Ageing at the end of last month", "ageing", _past),
    lambda clinic: _again(_last_month(clinic), _last_month(clinic)),
)
ACCOUNTS = Group("accounts", "Columns of all accounts", "transactions", _accounts, _accounts_again)
PLANS = Group("plans", "Figures of payment plans", "plans", _plans, _plans_again)
