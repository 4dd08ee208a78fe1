"""Transactions: which accounts have money to allocate, and what each has and owes (S3.7)."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics.addresses import address
from clinicpay.clinics.numbers import typed
from clinicpay.patients.models import Account
from clinicpay.patients.queries import family
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import redirect_after, render_page
from payments.filters import AccountFilter
from payments.queries.transactions import accounts, called, charges_to_show, credits_of
from payments.tables import AccountTable, ChargeTable, CreditTable

FOUND = 20
"""Accounts that a field to type into offers."""

NAMED = 3
"""Patients whose names stand beside an account's."""


@allowed(Can.SEE_MONEY, shows="table")
def transactions(request: ClinicRequest) -> HttpResponse:
    """Accounts with money in hand and something to pay with it, most money first; or one that was typed."""
    number = typed(Account.KIND, request.GET.get("account", ""))
    if number is not None and Account.objects.filter(number=number).exists():
        return redirect_after(request, address(request.member.clinic, "account_transactions", number=number))
    narrow = AccountFilter.of(request, accounts())
    context = {"filter": narrow, "table": AccountTable.of(request, narrow.qs)}
    return render_page(request, "payments/transactions.html", context, fragment="results")


@allowed(Can.SEE_MONEY, shows="found")
def account_lookup(request: ClinicRequest) -> JsonResponse:
    """Accounts for a field that one types into (static/lookup.js): by their own name or number, or a patient's."""
    asked = request.GET.get("q", "").strip()
    rows = called(Account.objects.order_by("name", "pk"), asked).prefetch_related("patients")
    found = list(rows[:FOUND]) if asked else []
    request.shown = {"found": found}
    return JsonResponse({"results": [{"value": one.ref, "text": one.name, "note": _note(one)} for one in found]})


def _note(account: Account) -> str:
    names = [one.name for one in account.patients.all() if one.name != account.name]
    more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
    kind = [] if account.kind == Account.Kind.PATIENT else [account.get_kind_display().lower()]
    return ", ".join([account.ref, *kind, *names[:NAMED], *more])


@allowed(Can.SEE_MONEY, shows="account")
def account_transactions(request: ClinicRequest, number: int) -> HttpResponse:
    """One account: what it has in hand, each with a way to allocate it, and what it may pay."""
    account = get_object_or_404(Account, number=number)
    is_all = request.GET.get("show") == "all"
    credits, charges = credits_of(account, also_used=is_all), charges_to_show(account, also_paid=is_all)
    context = {
        "account": account,
        "is_all": is_all,
        "family": list(family(account)[: FOUND + 1]),
        "money": CreditTable.of(request, credits, prefix="m-"),
        "table": ChargeTable.of(request, charges),
    }
    part = "money" if request.htmx.target == CreditTable.results_id else "results"
    return render_page(request, "payments/account_transactions.html", context, fragment=part)
