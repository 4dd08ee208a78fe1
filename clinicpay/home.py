"""The role's start page."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect

from balances.queries import received_on, with_balances
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from treatments.queries import events_between


@allowed(Can.ENTER)
def start(request: ClinicRequest) -> HttpResponse:
    """The page that this role begins its day with."""
    return redirect(address(request.member.clinic, "today"))


@allowed(Can.ENTER, shows="events")
def today(request: ClinicRequest) -> HttpResponse:
    """Today's treatments; for those who take money, with what is left to pay before the patient leaves."""
    clinic = request.member.clinic
    day = clock.today(clinic)
    events: list[Any] = list(events_between(*clock.day_bounds(clinic, day)))
    context = {"day": day, "events": events}
    if request.member.can(Can.SEE_MONEY):
        with_balances(events)
        context["to_collect"] = sum(event.balance.outstanding for event in events if event.balance)
        context["collected"] = received_on(day)
    return render_page(request, "home/today.html", context)
