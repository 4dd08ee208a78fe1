"""The role's start page, what the search of the top bar finds, and the two questions that a load balancer asks."""

import re
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from balances.models import Invoice
from balances.queries import received_on, with_balances
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.numbers import Numbered
from clinicpay.patients.models import Patient
from clinicpay.staff.access import ClinicRequest, allowed, public
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from clinicpay.ui.links import with_query
from payments.models import Payment, Receipt
from treatments.models import TreatmentEvent
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


PAGES: dict[str, tuple[type[Numbered], str, Can]] = {
    Patient.KIND: (Patient, "patient", Can.SEE_PATIENTS),
    TreatmentEvent.KIND: (TreatmentEvent, "treatment", Can.SEE_TREATMENTS),
    Payment.KIND: (Payment, "payment", Can.SEE_MONEY),
    Invoice.KIND: (Invoice, "invoice", Can.SEE_MONEY),
    Receipt.KIND: (Receipt, "receipt", Can.SEE_MONEY),
}
"""What a number such as PAY-007 names: the rows, their page, and who sees it."""

_NUMBER = re.compile(r"([A-Z]+)-?([0-9]{1,18})")


@allowed(Can.SEE_PATIENTS)
def find(request: ClinicRequest) -> HttpResponse:
    """The page of the number that was typed, or else the patients of that name."""
    text = request.GET.get("q", "").strip()
    number = _NUMBER.fullmatch(text.upper())
    if number and number[1] in PAGES:
        rows, page, can = PAGES[number[1]]
        if request.member.can(can) and rows._default_manager.filter(number=int(number[2])).exists():
            return redirect(address(request.member.clinic, page, number=int(number[2])))
    return redirect(address(request.member.clinic, "patients") + with_query(request.GET))


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
