"""What strangers open: the page of a payment link, and the doors through which gateways speak.

No session, no sign-in, no name of anybody. An address that takes no payment looks the same whatever the reason.
"""

from collections.abc import Mapping

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinicpay import money
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import public
from clinicpay.staff.guesses import client_of, counted, guesses_so_far
from payments.gateways import GatewayDown, GatewayRefused
from payments.services.gateway_events import receive_event
from payments.services.links import LinkDead, Offer, offer_of, open_checkout
from payments.states import GatewayName

GUESSES, WINDOW = 30, 600
"""Addresses that take no payment which one visitor may open in so many seconds."""

log = structlog.get_logger(__name__)

WHO = {GatewayName.SIMULATOR: "a simulator", GatewayName.STRIPE: GatewayName.STRIPE.label}
"""On whose page the card is typed."""


@csrf_exempt  # nobody is signed in here, and who can name the address may press its button (decision 0084)
@require_http_methods(["GET", "HEAD", "POST"])
@public
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """What is asked, and by whom; POST leads on to where the card is typed."""
    visitor = f"pay:{client_of(request)}"
    if guesses_so_far(visitor) >= GUESSES:
        return _page(request, "payments/pay_dead.html", status=429)
    try:
        if _is_pressed(request):
            url = open_checkout(token, f"{request.scheme}://{request.get_host()}")
            return _page(request, "payments/pay_leave.html", {"url": url})
        offer = offer_of(token)
    except LinkDead:
        counted(visitor, WINDOW)
        return _page(request, "payments/pay_dead.html", status=404)
    except (GatewayDown, GatewayRefused, Refusal) as error:
        log.warning("checkout not opened", exc_info=error)
        return _page(request, "payments/pay_away.html", status=503)
    return _page(request, "payments/pay.html", _asked(offer))


def _is_pressed(request: HttpRequest) -> bool:
    """Whether the payer pressed the button of this page, as far as the browser says where a press came from."""
    return request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def _asked(offer: Offer) -> dict[str, str]:
    amount = money.show(offer.amount, offer.clinic.currency)
    return {"who": offer.clinic.name, "amount": amount, "gateway": WHO[offer.gateway.name]}


@require_safe
@public
def pay_thanks(request: HttpRequest) -> HttpResponse:
    """Where a gateway leads a payer who has paid."""
    return _page(request, "payments/pay_thanks.html")


@require_safe
@public
def pay_later(request: HttpRequest) -> HttpResponse:
    """Where a gateway leads a payer who has turned back."""
    return _page(request, "payments/pay_later.html")


@csrf_exempt  # a gateway signs what it sends
@require_POST
@public
def webhook(request: HttpRequest, gateway: str, slug: str) -> HttpResponse:
    """An event of a gateway: 200 once it is kept, 400 when it isn't signed by who takes this clinic's cards."""
    header = request.headers.get(f"{gateway.title()}-Signature", "")
    believed = receive_event(gateway, slug, request.body, header)
    return HttpResponse(status=200 if believed else 400, content_type="text/plain")


def _page(
    request: HttpRequest, template: str, context: Mapping[str, object] | None = None, status: int = 200
) -> HttpResponse:
    """A page that no search engine finds, no cache keeps, and no other site is told of."""
    response = render(request, template, dict(context or {}), status=status)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-store, private"
    return response
