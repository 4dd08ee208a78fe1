"""The role's start page, and the two questions that a load balancer asks."""

from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from balances.queries import received_on, with_balances
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed, public
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from treatments.queries import events_between


@allowed(Can.ENTER)
def start(request: ClinicRequest) -> HttpResponse:
    """The page that this role begins its day with."""
    return redirect(address(request.member.clinic, "today"))


@allowed(Can.ENTER)
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


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@public
def readyz(request: HttpRequest) -> HttpResponse:
    """The process can serve: the database answers and every migration has run."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    if waiting:
        return HttpResponse("migrations are waiting\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")
