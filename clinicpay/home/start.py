"""Where each role begins (decision 155)."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect

from clinicpay.clinics.addresses import address
from clinicpay.home.first_steps import first_steps
from clinicpay.home.overview import overview
from clinicpay.home.own_day import own_day
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page


@allowed(Can.ENTER, shows="seen")
def start(request: ClinicRequest) -> HttpResponse:
    """Owner and admin: what waits for them. Billing: the queue. Reception: Today. Practitioner: their own day."""
    member = request.member
    if member.can(Can.CLOSE_DAY):
        return _managed(request)
    if member.can(Can.FOLLOW_UP):
        return redirect(address(member.clinic, "follow_ups"))
    if member.can(Can.SEE_MONEY):
        return redirect(address(member.clinic, "today"))
    return render_page(request, "home/own_day.html", own_day(member))


def _managed(request: ClinicRequest) -> HttpResponse:
    """A clinic that has no patients yet is told how to begin, rather than that it has nothing."""
    if found := overview(request):
        return render_page(request, "home/overview.html", found)
    steps = first_steps(request.member)
    context: dict[str, Any] = {"steps": steps, "done": sum(step.done for step in steps), "seen": []}
    context["all"] = len(steps) - 1  # the last two are one: bring in what there is, or begin
    return render_page(request, "home/first_steps.html", context)
