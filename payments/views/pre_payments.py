"""The list of pre-payments: what is held, for what, and what of that there is (S3.35, S3.37, S3.39)."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse

from balances.held import held_money
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import shown
from clinicpay.clinics.queries import own_field_names
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from clinicpay.ui.export import Amount, csv_response
from clinicpay.ui.htmx import wants_part
from clinicpay.ui.paging import shaped
from payments.filters import PrePaymentFilter
from payments.held_rows import matches
from payments.models import Payment
from payments.queries import held_lines, sums_of
from payments.queries import pre_payments as all_pre_payments
from payments.queries.holds import Sum
from payments.tables import PrePaymentTable, held_name

COLUMNS = ("Payment", "Patient or account", "Held for", "Held", "Received", "Days", "Matches now", "Owed of that")


@allowed(Can.SEE_MONEY, shows="table")
def pre_payments(request: ClinicRequest) -> HttpResponse:
    """All money that is held, the oldest first; what can be applied now is a click away."""
    narrow, table = _list(request)
    context = {"filter": narrow, "table": table, "is_part": wants_part(request)}
    if not context["is_part"]:
        context["figures"] = _figures(request.member.clinic, sums_of(narrow.held))
    return render_page(request, "payments/pre_payment_list.html", context, fragment="results")


@allowed(Can.SEE_MONEY, shows="rows")
def pre_payments_csv(request: ClinicRequest) -> HttpResponse:
    """The list as a file: all that the address filters, in its order."""
    clinic = request.member.clinic
    _, table = _list(request)
    lines = shaped(list(table.ordered().values_list("pk", flat=True)), held_lines)
    request.shown = {"rows": lines}
    return csv_response(f"pre-payments-{clinic.slug}-{clock.today(clinic)}.csv", COLUMNS, _cells(lines, table, clinic))


def _list(request: ClinicRequest) -> tuple[PrePaymentFilter, PrePaymentTable]:
    narrow = PrePaymentFilter.of(request, all_pre_payments())
    narrow.held, narrow.own = held_money(), own_field_names(request.member.clinic)
    table = PrePaymentTable.of(request, narrow.qs)
    table.held = {one.id: one for one in narrow.held}
    table.own = narrow.own
    return narrow, table


def _figures(clinic: Clinic, sums: dict[str, Sum]) -> list[dict[str, Any]]:
    """The three figures above the list, each the way to its rows."""
    url, today = address(clinic, "pre_payments"), clock.today(clinic)
    oldest = sums["rest"].oldest
    notes = {"rest": f", the oldest for {(today - oldest).days} days" if oldest else ""}
    return [
        {
            "label": label,
            "value": money.show(sums[key].amount, clinic.currency),
            "note": f"{sums[key].count} pre-payment{'' if sums[key].count == 1 else 's'}{notes.get(key, '')}",
            "url": url + query,
        }
        for key, label, query in (
            ("now", "Matching, not applied", "?match=now"),
            ("rest", "Held, not matching", "?match=rest"),
            ("all", "All that is held", ""),
        )
    ]


def _cells(lines: list[dict[str, Any]], table: PrePaymentTable, clinic: Clinic) -> Iterator[tuple[Any, ...]]:
    today = clock.today(clinic)
    for line in lines:
        one = table.held[line["pk"]]
        yield (
            shown(Payment.KIND, line["payment__number"]),
            held_name(line),
            str(one.wanted),
            Amount(money.plain(one.available, clinic.currency)),
            one.received_on,
            (today - one.received_on).days,
            matches(one, clinic),
            Amount(money.plain(one.found.owed, clinic.currency)),
        )
