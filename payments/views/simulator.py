"""The simulator's own page, where a payer would type a card elsewhere. It stands for another company's."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from clinicpay import money
from clinicpay.clinics.models import Clinic
from clinicpay.staff.access import public
from payments.gateways.simulator import Press, offers
from payments.models import SimulatedCheckout
from payments.services.simulation import Delivery, pressed, session_page

LATER = {
    Press.SLOWLY: "Pay by bank debit, which takes days",
    Press.ABROAD: "Pay in another currency",
    Press.ARRIVE: "The bank debit arrives",
    Press.BOUNCE: "The bank debit fails",
    Press.CHARGE_BACK: "The payer’s bank charges it back",
    Press.GIVE_BACK: "The clinic wins the dispute",
}
"""What testers can have happen, in words."""


@require_http_methods(["GET", "HEAD", "POST"])
@public
def simulator(request: HttpRequest, slug: str, session: str) -> HttpResponse:
    """Pay, decline, close; and for testers what banks do later, and how its events arrive."""
    found = session_page(slug, session) if settings.GATEWAY_SIMULATOR else None
    if found is None:
        raise Http404
    clinic, row = found
    if request.method == "POST":
        button = Press.__members__.get(request.POST.get("press", ""))
        how = Delivery.__members__.get(request.POST.get("how", ""), Delivery.ONCE)
        if button and pressed(clinic, session, button, how):
            return HttpResponseRedirect(_next(request, row, button))
        return HttpResponseRedirect(request.path)
    return render(request, "payments/simulator.html", _context(clinic, row, request.GET.get("said", "")))


def _next(request: HttpRequest, row: SimulatedCheckout, button: Press) -> str:
    """Back to the site that sent the payer, or to the same page."""
    if button in {Press.PAY, Press.SLOWLY, Press.ABROAD}:
        return row.success_url
    return row.cancel_url if button is Press.CLOSE else f"{request.path}?said={button.name}"


def _context(clinic: Clinic, row: SimulatedCheckout, said: str) -> dict[str, Any]:
    offered = offers(row)
    return {
        "what": row.description,
        "amount": money.show(row.amount, row.currency),
        "state": row.state,
        "declined": row.declined and said == Press.DECLINE.name,
        "may_pay": Press.PAY in offered,
        "later": [(button.name, LATER[button]) for button in offered if button in LATER],
        "deliveries": [(how.name, how.value) for how in Delivery],
    }
