"""The figures over the payments list (S1.5–S1.9), from lines that were added up before (decision 70)."""

from dataclasses import dataclass
from datetime import date

from django.db import connection

from clinicpay.clinics.scope import current_clinic_id
from payments.states import PaymentStatus

UNCOLLECTED = (PaymentStatus.DRAFT, PaymentStatus.PENDING, PaymentStatus.PROCESSING)
"""What "Outstanding" counts, exactly (S1.8); failed ones are told apart."""

MONTHS = 12


@dataclass(frozen=True)
class Standing:
    """Payments in one status: how many, of how much (minor units), and what of it is overdue."""

    count: int = 0
    amount: int = 0
    late_count: int = 0
    late: int = 0


@dataclass(frozen=True)
class Cards:
    """What the three cards say; amounts are minor units. `months` are the last twelve with what they collected, net."""

    gross: int
    returned: int
    months: tuple[tuple[date, int], ...]
    standing: tuple[tuple[str, Standing], ...]

    @property
    def collected(self) -> int:
        """Total Collected: what was ever paid and not voided, less what went back (S1.6, reading C4)."""
        return self.gross - self.returned

    @property
    def outstanding(self) -> Standing:
        """Draft, pending and processing together (S1.8)."""
        each = [self.of(status) for status in UNCOLLECTED]
        return Standing(
            *map(sum, zip(*((one.count, one.amount, one.late_count, one.late) for one in each), strict=True))
        )

    @property
    def count(self) -> int:
        """All payments, in whatever status."""
        return sum(standing.count for _, standing in self.standing)

    def of(self, status: str) -> Standing:
        """Payments in a status."""
        return dict(self.standing).get(status, Standing())


_LINES = """
select status, case when status = '' then day end, sum(payments)::bigint, sum(amount)::bigint, sum(returned)::bigint,
       coalesce(sum(payments) filter (where status <> '' and day < %(today)s), 0)::bigint,
       coalesce(sum(amount) filter (where status <> '' and day < %(today)s), 0)::bigint
from payments_tally where clinic_id = %(clinic)s group by 1, 2
"""


def cards(today: date) -> Cards:
    """The figures of the clinic in scope on its business date `today`, in one query."""
    standing: dict[str, Standing] = {}
    months: dict[date, tuple[int, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LINES, {"today": today, "clinic": current_clinic_id()})
        for status, month, count, amount, returned, late_count, late in cursor.fetchall():
            if status:
                standing[status] = Standing(count, amount, late_count, late)
            else:
                months[month] = amount, returned
    net = {month: gross - returned for month, (gross, returned) in months.items()}
    return Cards(
        gross=sum(gross for gross, _ in months.values()),
        returned=sum(returned for _, returned in months.values()),
        months=tuple((month, net.get(month, 0)) for month in last_months(today)),
        standing=tuple(sorted(standing.items())),
    )


_AT_PLACE = """
select day, sum(amount - returned)::bigint from payments_tally
where clinic_id = %(clinic)s and status = '' and place = %(place)s and day >= %(first)s group by 1
"""


def collected_at(location_id: int, today: date) -> tuple[tuple[date, int], ...]:
    """What one location collected, net (minor units), in each of the last twelve months."""
    months = last_months(today)
    with connection.cursor() as cursor:
        cursor.execute(_AT_PLACE, {"clinic": current_clinic_id(), "place": location_id, "first": months[0]})
        net = dict(cursor.fetchall())
    return tuple((month, net.get(month, 0)) for month in months)


def last_months(today: date) -> list[date]:
    """The first days of the last twelve months, the running one last."""
    of = today.year * 12 + today.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(of - MONTHS + 1, of + 1)]
