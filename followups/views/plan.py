"""A payment plan's page, what is done with it there, and its agreement on paper."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import redirect_after, render_page
from clinicpay.ui.pdf import pdf_response, render_pdf
from followups.forms.plans import BillForm, EndForm
from followups.models import Plan
from followups.queries import Money, money_of, rows_of, sources_of
from followups.services import bill_next, cancel_plan
from followups.states import PlanStatus
from followups.tables.plans import billed_words
from payments.views.acts import done


@allowed(Can.SEE_MONEY, shows="plan")
def plan(request: ClinicRequest, number: int) -> HttpResponse:
    """The schedule with what was invoiced, paid, is late; what is left; where it came from (S2.3, S2.53)."""
    return render_page(request, "followups/plan.html", _facts(request, _plan(number)))


@allowed(Can.PLAN, shows="plan")
def plan_bill(request: ClinicRequest, number: int) -> HttpResponse:
    """ "Invoice now" and "Pay ahead": bill the next instalments without waiting for their nights (S2.54)."""
    found, clinic = _plan(number), request.member.clinic
    facts = _facts(request, found)
    form = BillForm(request.POST or None, rows=facts["rows"], currency=clinic.currency)
    if request.method == "POST" and form.is_valid():
        count, first = form.cleaned_data["count"], form.cleaned_data["first"]
        act = partial(bill_next, found, count, by=request.member, first=first, once=form.once(found))
        words = "The next instalment was" if count == 1 else f"The next {count} instalments were"
        if done(request, form, act, f"{words} invoiced."):
            return redirect_after(request, address(clinic, "plan", number=number))
    return render_page(request, "followups/plan_bill.html", facts | {"form": form})


@allowed(Can.PLAN, shows="plan")
def plan_cancel(request: ClinicRequest, number: int) -> HttpResponse:
    """End a plan, with the reason, after seeing what returns where (P4)."""
    found, clinic = _plan(number), request.member.clinic
    facts = _facts(request, found)
    form = EndForm(request.POST or None, is_late=bool(facts["sums"].late))
    if request.method == "POST" and form.is_valid():
        way, reason = form.cleaned_data["ending"], form.cleaned_data["reason"]
        defaulted, once = way == PlanStatus.DEFAULTED, form.once(found)
        act = partial(cancel_plan, found, by=request.member, reason=reason, defaulted=defaulted, once=once)
        if done(request, form, act, f"{found.ref} was ended. The total debt is unchanged."):
            return redirect_after(request, address(clinic, "plan", number=number))
    return render_page(request, "followups/plan_cancel.html", _facts(request, _plan(number)) | {"form": form})


@allowed(Can.SEE_MONEY, shows="plan")
def plan_agreement(request: ClinicRequest, number: int) -> HttpResponse:
    """The agreement on paper, with lines to sign."""
    found, clinic = _plan(number), request.member.clinic
    context = request.shown = _facts(request, found) | {"clinic": clinic, "today": clock.today(clinic)}
    document = render_pdf("followups/plan_document.html", context, paper=clinic.paper)
    return pdf_response(document, f"{found.ref}.pdf")


def _plan(number: int) -> Plan:
    return get_object_or_404(Plan.objects.select_related("account", "location"), number=number)


def _facts(request: ClinicRequest, found: Plan) -> dict[str, Any]:
    """What every page of a plan says of it."""
    clinic = request.member.clinic
    today = clock.today(clinic)
    rows, sums = rows_of(found, today), money_of([found.pk], today).get(found.pk, Money())
    is_active = found.status == PlanStatus.ACTIVE
    following = next((row.instalment for row in rows if row.is_next), None) if is_active else None
    return {
        "plan": found,
        "rows": rows,
        "sums": sums,
        "sources": sources_of(found),
        "is_active": is_active,
        "following": following,
        "billed_at": billed_words(clinic, following.due_date) if following else "",
        "zone": clinic.timezone,
    }
