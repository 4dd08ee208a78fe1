"""Settings → Delegations: whom the owners let approve write-offs (C10)."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.delegations import delegate, delegations, withdraw_delegation
from clinicpay.staff.forms import DelegateForm
from clinicpay.staff.models import Delegation
from clinicpay.staff.queries import names_of
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page


@allowed(Can.DELEGATE)
def settings_delegations(request: ClinicRequest) -> HttpResponse:
    """Who may approve write-offs beside the owners, and who once might; let somebody."""
    form = DelegateForm(request.POST or None, currency=request.member.clinic.currency)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = delegate(form.who(), by=request.member, limit=given["limit"], last_day=given["last_day"])
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            notify(request, f"{made.member.user} may approve write-offs now.")
            return redirect_after(request, address(request.member.clinic, "settings_delegations"))
    return _page(request, form)


def _page(request: ClinicRequest, form: DelegateForm) -> HttpResponse:
    rows = list(delegations())
    people = names_of(pk for one in rows for pk in (one.made_by_id, one.ended_by_id))
    listed: list[dict[str, Any]] = [
        {
            "one": one,
            "by": people.get(one.made_by_id or 0, "ClinicPay"),
            "ended_by": people.get(one.ended_by_id or 0, ""),
        }
        for one in rows
    ]
    current = [row for row in listed if row["one"].state[0] == "active"]
    past = [row for row in listed if row["one"].state[0] != "active"]
    return render_page(request, "settings/delegations.html", {"form": form, "current": current, "past": past})


@require_POST
@allowed(Can.DELEGATE)
def delegation_withdraw(request: ClinicRequest, delegation: int) -> HttpResponse:
    """Take the leave back, at once."""
    ended = withdraw_delegation(get_object_or_404(Delegation, pk=delegation), by=request.member)
    notify(request, f"{ended.member.user} may approve no more write-offs.")
    return redirect_after(request, address(request.member.clinic, "settings_delegations"))
