"""Columns of the list of payment plans."""

from datetime import date
from functools import cached_property
from typing import Any

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import shown
from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest
from clinicpay.ui.cells import moment, pill
from clinicpay.ui.export import Amount
from clinicpay.ui.tables import Empty, ListTable, column
from clinicpay.ui.words import clock_words, day_words
from followups.models import Plan
from followups.queries import Money, billed_at, money_of, plan_lines, plans_of
from followups.states import Frequency, PlanStatus


class PlanTable(ListTable):
    """All plans, the newest first."""

    request: ClinicRequest

    number = column("Plan", order_by="number", css="mono")
    account = column("Account", order_by="account__name")
    terms = column("Terms", order_by=None, css="wide-only")
    total = column("Total", order_by="total", css="text-end")
    paid = column("Paid", order_by=None, css="text-end")
    unbilled = column("Unbilled", order_by=None, css="text-end")
    next = column("Next instalment", order_by=None)
    late = column("Late", order_by=None, css="text-end")
    status = column("Status", order_by="status")

    row_template = "followups/plan_rows.html"
    noun = "plans"
    two_lines = True
    empty = Empty(
        "No payment plans yet",
        "A plan begins in the follow-up of an account, at “Convert to payment plan”.",
        icon="calendar-event",
    )
    shape = staticmethod(plan_lines)

    class Meta:
        order_by = "-number"

    @cached_property
    def drawn(self) -> list[dict[str, Any]]:
        """The rows as the template draws them; where their money is, is one question for all."""
        clinic = self.request.member.clinic
        found = money_of([line["pk"] for line in self.shown.rows], clock.today(clinic))
        return [_row(line, found.get(line["pk"], Money()), clinic) for line in self.shown.rows]


def account_plans(account: Account, clinic: Clinic) -> list[dict[str, Any]]:
    """The plans of an account as rows of the list, newest first; nothing more is asked where there is none."""
    newest = sorted(plan_lines(plans_of(account).values("pk")), key=lambda line: -line["number"])
    if not newest:
        return []
    found = money_of([line["pk"] for line in newest], clock.today(clinic))
    return [_row(line, found.get(line["pk"], Money()), clinic) for line in newest]


def _row(line: dict[str, Any], sums: Money, clinic: Clinic) -> dict[str, Any]:
    zone, currency = clock.zone(clinic), clinic.currency
    return {
        "url": address(clinic, "plan", number=line["number"]),
        "ref": shown(Plan.KIND, line["number"]),
        "name": line["account_name"],
        "terms": terms_words(line, currency),
        "total": money.show(line["total"], currency),
        "paid": money.show(sums.paid, currency),
        "unbilled": money.show(_unbilled(line, sums), currency),
        "next": moment(following, zone) if (following := _next(line)) else "",
        "done": f"{line['billed']} of {line['count']} invoiced",
        "late": money.show(sums.late, currency) if sums.late else "",
        "status": pill(line["status"], PlanStatus(line["status"]).label),
    }


def _next(line: dict[str, Any]) -> Any:
    return line["next_due"] if line["status"] == PlanStatus.ACTIVE else None


def _unbilled(line: dict[str, Any], sums: Money) -> int:
    return sums.unbilled if line["status"] == PlanStatus.ACTIVE else 0


def terms_words(line: dict[str, Any], currency: str) -> str:
    """ "$100.00 weekly"."""
    return f"{money.show(line['instalment'], currency)} {Frequency(line['frequency']).label.lower()}"


def billed_words(clinic: Clinic, due: date) -> str:
    """When a night bills what is due on a date: "Dec 22, 2026 at 3:00 AM" on the clinic's clock (S2.53)."""
    local = billed_at(clinic, due).astimezone(clock.zone(clinic))
    return f"{day_words(local.date())} at {clock_words(local)}"


COLUMNS = (
    *("Plan", "Account", "Name", "Status", "Total", "Instalment", "How often", "Start"),
    *("Instalments", "Invoiced", "Paid", "Owed", "Late", "Unbilled", "Next instalment"),
)


def exported(line: dict[str, Any], sums: Money, clinic: Clinic) -> tuple[Any, ...]:
    """The cells of a line of `plan_lines` in a file, as COLUMNS."""

    def plain(minor: int) -> Amount:
        return Amount(money.plain(minor, clinic.currency))

    return (
        shown(Plan.KIND, line["number"]),
        shown("AC", line["account_number"]),
        line["account_name"],
        PlanStatus(line["status"]).label,
        plain(line["total"]),
        plain(line["instalment"]),
        Frequency(line["frequency"]).label,
        line["starts_on"],
        line["count"],
        line["billed"],
        plain(sums.paid),
        plain(sums.owed),
        plain(sums.late),
        plain(_unbilled(line, sums)),
        _next(line),
    )
