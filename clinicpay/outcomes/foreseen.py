"""What happens to follow-ups and reviews when a void, a credit or a bill changes what is owed: parts of its page.

Those pages belong to payments, which knows neither; it asks for these parts by their names.
"""

from collections import Counter
from collections.abc import Mapping

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.models import Invoice
from balances.queries import credit_notes
from clinicpay.close.standing import Standing, standings
from clinicpay.close.states import Outcome
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from followups.queries.write_offs import asked_of
from followups.services import case_foreseen
from payments.services import foresee_billing, foresee_uncredit, foresee_void
from treatments.models import TreatmentEvent
from treatments.queries import events
from treatments.states import EventState

TEMPLATE = "outcomes/foreseen.html"


@allowed(Can.CREDIT, shows="invoice")
def invoice_void_follow_up(request: ClinicRequest, number: int) -> HttpResponse:
    """What follows when an invoice is voided."""
    found = _invoice(number)
    foreseen = foresee_void(found, request.member.clinic)
    less: Counter[TreatmentEvent] = Counter()
    for line in foreseen.lines:
        if line.event:
            less[line.event] -= line.outstanding
    said = [case_foreseen(found.account, -foreseen.owed), *reviews_foreseen(less)]
    said += [
        f"{one.words} and waits: decline it, as nothing of {found.ref} is left then." for one in asked_of([found.pk])
    ]
    return render_page(request, TEMPLATE, {"invoice": found, "lines": said}, fragment="lines")


@allowed(Can.CREDIT, shows="invoice")
def credit_reverse_follow_up(request: ClinicRequest, number: int, entry: int) -> HttpResponse:
    """What follows when a credit note is reversed."""
    found = _invoice(number)
    note = get_object_or_404(credit_notes(charge__invoice=found), pk=entry)
    foreseen = foresee_uncredit(note, request.member.clinic)
    charge, more = foreseen.charge, foreseen.amount
    said = [case_foreseen(charge.account, more, again=[charge.pk])]
    said += reviews_foreseen({charge.event: more} if charge.event else {})
    return render_page(request, TEMPLATE, {"invoice": found, "lines": said}, fragment="lines")


@allowed(Can.BILL, shows="event")
def treatment_bill_follow_up(request: ClinicRequest, number: int) -> HttpResponse:
    """What follows when a treatment is billed now or again."""
    event = get_object_or_404(events().select_related("patient__account"), number=number)
    foreseen = foresee_billing(event, request.member.clinic)
    said = [case_foreseen(foreseen.account, foreseen.total), *reviews_foreseen({event: foreseen.total})]
    if not event.is_completed:
        said.append(f"The payment of {event.ref} is reviewed once it is marked complete.")
    return render_page(request, TEMPLATE, {"event": event, "lines": said}, fragment="lines")


def _invoice(number: int) -> Invoice:
    return get_object_or_404(Invoice.objects.select_related("account", "event", "location"), number=number)


def reviews_foreseen(more: Mapping[TreatmentEvent, int]) -> list[str]:
    """What becomes of the reviews of treatments that would owe so much `more`: a sentence where there is any."""
    found = standings(list(more))
    return [words for event, change in more.items() if (words := _review(event, found[event.pk], change))]


def _review(event: TreatmentEvent, standing: Standing, change: int) -> str:
    if event.state == EventState.DAY_CLOSED:
        return f"The day of {event.ref} is closed and stays as it was closed."
    owed = standing.balance.outstanding + change
    if standing.outcome and (standing.outcome == Outcome.PAID) != (owed == 0):
        said = Outcome(standing.outcome).label.lower()
        return f"{event.ref} was reviewed as “{said}”, which it is not then: its payment is to be reviewed again."
    return ""
