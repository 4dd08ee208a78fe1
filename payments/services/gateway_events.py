"""Events of gateways: kept once, then made so by asking the gateway what is true (B10, E13)."""

import time

import structlog
from django.db import OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.models import ClinicPayItself
from payments.gateways import Gateway, GatewayDown, GatewayRefused, Standing, Told, gateway_of
from payments.models import Checkout, GatewayEvent, GatewayRefund
from payments.services.gateway_refunds import send_refund
from payments.services.settling import settle
from payments.services.waking import wake
from payments.states import CHECKOUT_LIVE, GatewayName, Heard, MovementState

AT_ONCE = 200
"""Waiting events and the like that one turn of beat takes up in a clinic."""

log = structlog.get_logger(__name__)


def clinic_of(gateway: str, slug: str) -> int | None:
    """The clinic of this name, if this gateway takes its cards."""
    with connection.cursor() as cursor:
        cursor.execute("select clinic_of_gateway(%s, %s)", [gateway, slug])
        found: int | None = cursor.fetchone()[0]
    return found


def receive_event(gateway: str, slug: str, body: bytes, header: str) -> bool:
    """Keep what a gateway sent, if it is signed; the same event again is kept once. False means: not believed."""
    clinic_id = clinic_of(gateway, slug) if gateway in GatewayName else None
    if not clinic_id:
        return False
    with clinic_scope(clinic_id):
        mine = gateway_of(Clinic.objects.get(pk=clinic_id))
        told = mine.parse_event(body, header, now=time.time()) if mine else None
        if told:
            _keep(clinic_id, gateway, told)
    return told is not None


def _keep(clinic_id: int, gateway: str, told: Told) -> None:
    is_about = bool(told.session or told.capture)
    event = GatewayEvent(
        gateway=gateway,
        external_id=told.external_id,
        kind=told.kind,
        session=told.session,
        capture=told.capture,
        outcome=Heard.WAITING if is_about else Heard.UNKNOWN,
    )
    GatewayEvent.objects.bulk_create([event], ignore_conflicts=True)
    waiting = GatewayEvent.objects.filter(gateway=gateway, external_id=told.external_id, outcome=Heard.WAITING)
    for pk in waiting.values_list("pk", flat=True):
        wake("process_gateway_event", clinic_id, pk)


def process_event(clinic_id: int, event_id: int) -> None:
    """Make an event's checkout so as the gateway has it now. What can't be done at this moment waits for beat."""
    with clinic_scope(clinic_id):
        event = GatewayEvent.objects.select_related("clinic").filter(pk=event_id, outcome=Heard.WAITING).first()
        gateway = gateway_of(event.clinic) if event else None
    if event is None or gateway is None or gateway.name != event.gateway:
        return
    try:
        standing = gateway.fetch(session=event.session, capture=event.capture)
        if standing is None and _is_ours(event):
            raise GatewayDown("does not know its own checkout")  # the key is of another account, or of the other mode
        with clinic_scope(clinic_id):
            _handle(event, standing)
    except (GatewayDown, GatewayRefused, Refusal, OperationalError) as error:
        log.warning("gateway event waits", clinic=clinic_id, exc_info=error)
        with clinic_scope(clinic_id):
            GatewayEvent.objects.filter(pk=event_id).update(tries=F("tries") + 1)


def _is_ours(event: GatewayEvent) -> bool:
    """Whether it speaks of a checkout that we had it open, so that it can't be none of our business."""
    with clinic_scope(event.clinic):
        named = Q(external_id=event.session) if event.session else Q(capture=event.capture)
        return Checkout.objects.filter(named, gateway=event.gateway).exists()


def stuck_events() -> QuerySet[GatewayEvent]:
    """Events that were tried and could not be booked yet, the oldest first."""
    return GatewayEvent.objects.filter(outcome=Heard.WAITING, tries__gt=0).order_by("pk")


def _handle(event: GatewayEvent, standing: Standing | None) -> None:
    """One effect for each event: of two workers the second waits here, and finds it done."""
    event = GatewayEvent.objects.select_for_update(no_key=True, of=("self",)).select_related("clinic").get(pk=event.pk)
    if event.outcome != Heard.WAITING:
        return
    checkout = _checkout_of(standing) if standing else None
    if checkout and standing:
        settle(checkout, standing, by=ClinicPayItself(event.clinic, event.get_gateway_display()))
    event.outcome, event.handled_at = Heard.DONE if checkout else Heard.UNKNOWN, timezone.now()
    event.save(update_fields=["outcome", "handled_at"])


def _checkout_of(standing: Standing) -> Checkout | None:
    """Ours, by the gateway's id, or by our own when its answer to the opening never reached us."""
    rows = Checkout.objects.select_related("link")
    found = rows.filter(external_id=standing.external_id).first()
    kind, _, rest = standing.reference.partition("-")
    number = rest.partition("-")[0]
    if found or kind != "cp" or not (number.isascii() and number.isdigit() and len(number) < 19):
        return found
    found = rows.filter(pk=int(number), external_id="").first()
    return found if found and found.reference == standing.reference else None


def catch_up(clinic_id: int) -> None:
    """What no message has woken, or the gateway was away for: events, refunds, checkouts that have ended unheard."""
    with clinic_scope(clinic_id):
        clinic = Clinic.objects.get(pk=clinic_id)
        gateway = gateway_of(clinic)
        if gateway is None:
            return
        mine = GatewayEvent.objects.filter(outcome=Heard.WAITING, gateway=gateway.name)
        events = list(mine.order_by("tries", "pk").values_list("pk", flat=True)[:AT_ONCE])
        asked = GatewayRefund.objects.filter(state=MovementState.ASKED, checkout__gateway=gateway.name)
        refunds = list(asked.order_by("pk").values_list("refund", flat=True)[:AT_ONCE])
    for event_id in events:
        process_event(clinic_id, event_id)
    for refund_id in refunds:
        send_refund(clinic_id, refund_id)
    _ask_after(clinic, gateway)


def _ask_after(clinic: Clinic, gateway: Gateway) -> None:
    """Look at checkouts whose time is over or whose refund is on its way: an event may never have reached us."""
    with clinic_scope(clinic):
        ended = Checkout.objects.filter(state__in=CHECKOUT_LIVE, expires_at__lt=timezone.now())
        moving = Checkout.objects.filter(refunds__state=MovementState.PENDING)
        rows = [*(ended | moving).filter(gateway=gateway.name).exclude(external_id="").distinct().order_by("pk")]
    for checkout in rows[:AT_ONCE]:
        try:
            standing = gateway.fetch(session=checkout.external_id)
            with clinic_scope(clinic), transaction.atomic():
                if standing:
                    settle(checkout, standing, by=ClinicPayItself(clinic, checkout.get_gateway_display()))
        except (GatewayDown, GatewayRefused, Refusal, OperationalError) as error:
            log.warning("gateway checkout waits", clinic=clinic.pk, exc_info=error)
