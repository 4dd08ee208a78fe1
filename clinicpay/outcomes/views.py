"""A treatment's page: the one place of its clinical and its financial result (S0.11)."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics.queries import own_field_names
from clinicpay.outcomes.queries import completed
from clinicpay.outcomes.shown import money_of
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from payments.views.files import documents_panel, notes_panel
from treatments.queries import events, own_fields
from treatments.states import MOVES


@allowed(Can.SEE_TREATMENTS, shows="event")
def treatment(request: ClinicRequest, number: int) -> HttpResponse:
    """What was done; for those who see money, also what became of every amount of it (S0.1–S0.3, S0.11, S0.27)."""
    event = get_object_or_404(events().select_related("patient__account"), number=number)
    context: dict[str, Any] = {
        "event": event,
        "procedures": list(event.procedures.all()),
        "moves": MOVES[event.state],
        "own": own_fields(event, own_field_names(request.member.clinic)),
        "completed": completed(event),
    }
    if request.member.can(Can.SEE_MONEY):
        context |= money_of(event, context["procedures"], request.member.clinic)
        context |= documents_panel(request, event) | notes_panel(request, event)
    return render_page(request, "treatments/treatment.html", context)
