"""The clinical side of treatments, where nothing costs anything; and the clinic's price list."""

from django.forms import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from clinicpay.clinics.addresses import address
from clinicpay.clinics.queries import own_field_names
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from treatments.forms import OwnFieldsForm, PriceEditForm, PriceForm, ProceduresForm, RecordForm
from treatments.models import PriceItem, TreatmentEvent
from treatments.queries import events
from treatments.services import (
    add_procedures,
    change_price,
    set_own_fields,
    set_price,
    start_event,
    why_record_stands,
    write_record,
)
from treatments.states import REVIEWED

PRICE_KEEPS = "What was charged by it stays as it is; new treatments don’t offer it."


def _back(request: ClinicRequest, event: TreatmentEvent, words: str) -> HttpResponse:
    notify(request, words)
    return redirect_after(request, address(request.member.clinic, "treatment", number=event.number))


@require_POST
@allowed(Can.MARK_COMPLETE)
def treatment_start(request: ClinicRequest, number: int) -> HttpResponse:
    """The patient is in the chair."""
    event = start_event(get_object_or_404(TreatmentEvent, number=number), by=request.member)
    return _back(request, event, f"{event.ref} is in progress.")


@allowed(Can.WRITE_CLINICAL, shows="event")
def clinical_record(request: ClinicRequest, number: int) -> HttpResponse:
    """Write what was found and done; once it was reviewed, a reason re-opens it."""
    event = get_object_or_404(events(), number=number)
    reopens = event.state in REVIEWED
    form = RecordForm(request.POST or None, reopens=reopens, initial={"notes": event.clinical_notes})
    if request.method == "POST" and form.is_valid():
        try:
            write_record(event, by=request.member, **form.cleaned_data)
            return _back(request, event, f"The record of {event.ref} was {'re-opened and ' if reopens else ''}saved.")
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "event": event, "reopens": reopens, "fixed": why_record_stands(event)}
    return render_page(request, "treatments/clinical_record.html", context)


@allowed(Can.SCHEDULE, shows="event")
def procedures_add(request: ClinicRequest, number: int) -> HttpResponse:
    """List more procedures while the treatment is not complete."""
    event = get_object_or_404(events(), number=number)
    form = ProceduresForm(request.POST or None, member=request.member)
    if request.method == "POST" and form.is_valid():
        try:
            added = add_procedures(event, by=request.member, work=form.work())
            return _back(request, event, f"{len(added)} added to {event.ref}.")
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return render_page(request, "treatments/procedures_add.html", {"form": form, "event": event})


@allowed(Can.SCHEDULE, shows="event")
def treatment_own_fields(request: ClinicRequest, number: int) -> HttpResponse:
    """Fill in the fields that the clinic has named itself (S3.33)."""
    event, own = get_object_or_404(events(), number=number), own_field_names(request.member.clinic)
    form = OwnFieldsForm(request.POST or None, own=own, initial=model_to_dict(event, ["custom_1", "custom_2"]))
    if request.method == "POST" and form.is_valid():
        try:
            set_own_fields(event, by=request.member, **form.own())
            return _back(request, event, f"{event.ref} was saved.")
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return render_page(request, "treatments/own_fields.html", {"form": form, "event": event, "named": any(own)})


@allowed(Can.MANAGE_SETTINGS)
def prices(request: ClinicRequest) -> HttpResponse:
    """What procedures cost."""
    form = PriceForm(request.POST or None, currency=request.member.clinic.currency)
    if request.method == "POST" and form.is_valid():
        price = set_price(by=request.member, **form.cleaned_data)
        notify(request, f"{price.code} was added.")
        return redirect_after(request, address(request.member.clinic, "settings_prices"))
    listed = PriceItem.objects.order_by("-active", "code", "pk")
    return render_page(request, "settings/prices.html", {"form": form, "prices": listed})


@allowed(Can.MANAGE_SETTINGS)
def price_edit(request: ClinicRequest, price: int) -> HttpResponse:
    """Change what a procedure is called or costs; what was charged keeps its amount."""
    row = get_object_or_404(PriceItem, pk=price)
    clinic = request.member.clinic
    form = PriceEditForm(request.POST or None, currency=clinic.currency, initial=model_to_dict(row))
    if request.method == "POST" and form.is_valid():
        change_price(row, by=request.member, **form.cleaned_data)
        notify(request, f"{row.code} was saved.")
        return redirect_after(request, address(clinic, "settings_prices"))
    active_url = address(clinic, "settings_price_active", price=price)
    context = {"form": form, "row": row, "list_label": "Price list", "active_url": active_url}
    context |= {"list_url": address(clinic, "settings_prices"), "keeps": PRICE_KEEPS}
    return render_page(request, "settings/edit.html", context)


@require_POST
@allowed(Can.MANAGE_SETTINGS)
def price_active(request: ClinicRequest, price: int) -> HttpResponse:
    """Retire a price, or offer it again."""
    row, active = get_object_or_404(PriceItem, pk=price), request.POST.get("active") == "1"
    change_price(row, by=request.member, active=active)
    notify(request, f"{row.code} {'is offered again' if active else 'was retired'}.")
    return redirect_after(request, address(request.member.clinic, "settings_prices"))
