"""The trail, its proof, and the history of each record, which its page loads when it is scrolled to."""

from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404

from balances.models import Invoice
from clinicpay.audit.models import AuditEvent
from clinicpay.audit.sealing import prove
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.numbers import Numbered
from clinicpay.close.models import DailyClose
from clinicpay.exports.models import AccountCode, Export
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.models import Delegation, Invitation, Membership, Practitioner
from clinicpay.staff.roles import Can
from clinicpay.trail.filters import TrailFilter
from clinicpay.trail.history import history, history_of_kinds, history_of_rows
from clinicpay.trail.tables import TrailTable, with_words
from clinicpay.ui.answers import render_page
from clinicpay.ui.htmx import wants_part
from clinicpay.ui.words import day_words
from deposits.models import BankSlip
from followups.models import Plan, WriteOff
from payments.models import GatewaySettings, Payment, Receipt, Refund
from treatments.models import Package, PriceItem, TreatmentEvent

PROVED_ON_PAGE = 50_000
"""Lines that the page computes again, which takes about a second; the command takes all."""

BESIDE = 6
"""Lines that stand beside the record; the history's own page has the others."""

SECTIONS: dict[str, tuple[str, str, list[type]]] = {
    "team": ("Team", "settings_team", [Membership, Invitation]),
    "clinic": ("Clinic", "settings_clinic", [Clinic]),
    "sign-in": ("Sign-in", "settings_sign_in", [Clinic]),
    "practitioners": ("Practitioners", "settings_practitioners", [Practitioner]),
    "locations": ("Locations", "settings_locations", [Location]),
    "delegations": ("Delegations", "settings_delegations", [Delegation]),
    "prices": ("Price list", "settings_prices", [PriceItem]),
    "refunds": ("Refund limit", "settings_refunds", [Clinic]),
    "checks": ("Insurance checks", "settings_checks", [Clinic]),
    "business-day": ("Business day", "settings_day", [Clinic]),
    "promises": ("Promises", "settings_promises", [Clinic]),
    "own-fields": ("Own fields", "settings_own_fields", [Clinic]),
    "account-codes": ("Account codes", "settings_codes", [AccountCode]),
    "gateway": ("Card payments", "settings_gateway", [GatewaySettings]),
}
"""Pages of settings, and the records that they change."""

ABOUT = {
    "sign-in": ("two_step", "idle_minutes"),
    "refunds": ("refund_limit",),
    "checks": ("check_days",),
    "business-day": ("day_starts", "day_starts_at"),
    "promises": ("grace",),
    "own-fields": ("custom_1", "custom_2"),
}
"""Which values of the clinic a page is about; the page Clinic tells of all."""


@allowed(Can.SEE_TRAIL, shows="table")
def trail(request: ClinicRequest) -> HttpResponse:
    """Who did and saw what, newest first."""
    narrow = TrailFilter.of(request, AuditEvent.objects.order_by("-pk"))
    table = TrailTable.of(request, narrow.qs)
    with_words(table.drawn, request.member)
    context = {"filter": narrow, "table": table, "is_part": wants_part(request)}
    return render_page(request, "trail/trail.html", context, fragment="results")


@allowed(Can.SEE_TRAIL)
def trail_proof(request: ClinicRequest) -> HttpResponse:
    """Compute the newest seals again and show the head: the same as `check_trail`, which takes them all."""
    return render_page(request, "trail/trail_proof.html", {"proof": prove(newest=PROVED_ON_PAGE)})


@allowed(Can.MANAGE_SETTINGS)
def settings_history(request: ClinicRequest, section: str) -> HttpResponse:
    """What was changed on a page of settings."""
    if section not in SECTIONS:
        raise Http404
    title, page, kinds = SECTIONS[section]
    names = [kind._meta.label_lower for kind in kinds]  # type: ignore[attr-defined]
    lines = history_of_kinds(names, request.member, about=ABOUT.get(section, ()))
    return _page(request, {"title": title, "back": address(request.member.clinic, page), "lines": lines})


def _history(request: ClinicRequest, record: Numbered, page: str, **also: Any) -> HttpResponse:
    back = address(request.member.clinic, page, number=record.number) if page else ""
    context = {"record": record, "title": str(record), "back": back, "lines": history(record, request.member)}
    return _page(request, context | also)


def _page(request: ClinicRequest, context: dict[str, Any]) -> HttpResponse:
    """The history by itself, or its newest lines beside the record."""
    lines = context["lines"]
    if wants_part(request):
        context |= {"lines": lines[:BESIDE], "more": len(lines) - BESIDE}
    return render_page(request, "trail/history.html", context, fragment="lines")


@allowed(Can.SEE_PATIENTS, shows="record")
def patient_history(request: ClinicRequest, number: int) -> HttpResponse:
    """What happened to a patient, their treatments, and for those who see money their payments."""
    return _history(request, get_object_or_404(Patient, number=number), "patient")


@allowed(Can.SEE_MONEY, shows="record")
def account_history(request: ClinicRequest, number: int) -> HttpResponse:
    """How an account's totals moved; it has no page of its own."""
    return _history(request, get_object_or_404(Account, number=number), "")


@allowed(Can.SEE_TREATMENTS, shows="record")
def treatment_history(request: ClinicRequest, number: int) -> HttpResponse:
    """What happened to a treatment."""
    return _history(request, get_object_or_404(TreatmentEvent, number=number), "treatment")


@allowed(Can.SEE_MONEY, shows="record")
def payment_history(request: ClinicRequest, number: int) -> HttpResponse:
    """What happened to a payment and its money."""
    return _history(request, get_object_or_404(Payment, number=number), "payment")


@allowed(Can.SEE_MONEY, shows="record")
def receipt_history(request: ClinicRequest, number: int) -> HttpResponse:
    """What happened to a receipt and its payments."""
    return _history(request, get_object_or_404(Receipt, number=number), "receipt")


@allowed(Can.SEE_MONEY, shows="record")
def refund_history(request: ClinicRequest, number: int) -> HttpResponse:
    """What happened to a refund, from request to its end."""
    return _history(request, get_object_or_404(Refund.objects.select_related("payment"), number=number), "refund")


@allowed(Can.FOLLOW_UP, shows="account")
def write_off_history(request: ClinicRequest, number: int) -> HttpResponse:
    """What happened to a write-off, from request to its end."""
    found = get_object_or_404(WriteOff.objects.select_related("account"), number=number)
    return _history(request, found, "write_off", account=found.account)


@allowed(Can.SEE_MONEY, shows="record")
def plan_history(request: ClinicRequest, number: int) -> HttpResponse:
    """What happened to a payment plan, from its terms to its end."""
    return _history(request, get_object_or_404(Plan, number=number), "plan")


@allowed(Can.SEE_MONEY, shows="record")
def package_history(request: ClinicRequest, number: int) -> HttpResponse:
    """What was agreed on, and how its treatments changed."""
    return _history(request, get_object_or_404(Package.objects.select_related("patient"), number=number), "package")


@allowed(Can.SEE_MONEY, shows="record")
def invoice_history(request: ClinicRequest, number: int) -> HttpResponse:
    """What was billed and what paid it."""
    return _history(request, get_object_or_404(Invoice.objects.select_related("event"), number=number), "invoice")


@allowed(Can.REVIEW_DAY)
def day_history(request: ClinicRequest, location: int, day: date) -> HttpResponse:
    """What was done with a business date of a location, over all its versions."""
    place = get_object_or_404(Location, pk=location)
    versions = DailyClose.objects.filter(location=place, day=day).values_list("pk", flat=True)
    lines = history_of_rows(DailyClose._meta.label_lower, list(versions), request.member)
    back = address(request.member.clinic, "close_day", location=place.pk, day=day)
    return _page(request, {"title": f"{day_words(day)} at {place}", "back": back, "lines": lines})


@allowed(Can.BANK)
def slip_history(request: ClinicRequest, number: int) -> HttpResponse:
    """What happened to a bank slip."""
    return _history(request, get_object_or_404(BankSlip.objects.select_related("location"), number=number), "slip")


@allowed(Can.EXPORT_DAYS)
def export_history(request: ClinicRequest, number: int) -> HttpResponse:
    """Who made an export; its downloads stand in the trail."""
    return _history(request, get_object_or_404(Export, number=number), "export")
