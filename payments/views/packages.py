"""Packages and staged treatments: agreeing on one, its page, a visit more, the rest cancelled (S0.14, S0.15)."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.packages import Figures, figures_of, packages_of
from balances.services import add_package, add_visit, cancel_rest, priced
from clinicpay.clinics.addresses import address
from clinicpay.clinics.numbers import shown, typed
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Patient
from clinicpay.patients.queries import narrowed, patients
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.forms import ReasonForm
from payments.forms.packages import ROWS, VisitForm, package_form
from payments.held_rows import held_rows
from payments.package_list import PackageFilter, PackageTable
from payments.queries.packages import events_with_parts, free_money, held_for_package
from payments.views.acts import done, number_made
from treatments.models import Package
from treatments.split import MOST
from treatments.states import Origin

MORE = 3
"""Empty stages that one press adds."""


@allowed(Can.SEE_MONEY, shows="table")
def package_list(request: ClinicRequest) -> HttpResponse:
    """All packages and staged treatments, by origin, state and balance (S0.14, S0.15, S0.20)."""
    narrow = PackageFilter.of(request, packages_of())
    table = PackageTable.of(request, narrow.qs)
    return render_page(request, "packages/package_list.html", {"filter": narrow, "table": table}, fragment="results")


@allowed(Can.PACKAGE, shows="patient patients")
def package_new(request: ClinicRequest) -> HttpResponse:
    """Agree on a package or a staged treatment: first the patient, then the price and every treatment."""
    kind = Origin.STAGED if request.GET.get("kind") == Origin.STAGED else Origin.PACKAGE
    number = typed(Patient.KIND, request.GET.get("patient", ""))
    if number is None:
        found = narrowed(patients(), request.GET.get("q", ""))[:20]
        context = {"patients": found, "kind": kind}
        return render_page(request, "packages/choose_patient.html", context, fragment="found")
    patient = get_object_or_404(Patient, number=number)
    asked = {"initial": request.GET.dict(), **_rows(request, kind)}
    form = package_form(kind)(request.POST or None, member=request.member, **asked)
    if request.method == "POST" and form.is_valid():
        made = _made(request, patient, form)
        if made is not None:
            notify(request, f"{shown(Package.KIND, made)} was agreed on for {patient.name}.")
            return redirect_after(request, address(request.member.clinic, "package", number=made))
    return _form_page(request, patient, form)


def _rows(request: ClinicRequest, kind: str) -> dict[str, Any]:
    asked = request.GET.get("rows", "")
    return {"rows": min(int(asked), MOST) if asked.isdecimal() and asked != "0" else ROWS} if kind == "staged" else {}


def _made(request: ClinicRequest, patient: Patient, form: Any) -> int | None:
    """The number of the package; None with words on the form."""
    agreed = form.agreed()
    once = form.once("package", patient.ref, *agreed.visits)
    return number_made(form, lambda: add_package(patient, agreed, by=request.member, once=once).number, "package")


def _form_page(request: ClinicRequest, patient: Patient, form: Any) -> HttpResponse:
    """The form beside what comes of it: as it was sent, or as it is being filled in."""
    looked = form
    if not form.is_bound and "name" in request.GET:
        looked = package_form(form.kind)(request.GET, member=request.member)
    context = {"patient": patient, "form": form, "looked": looked, "kind": form.kind, "seen": _foreseen(looked)}
    context["more"] = getattr(form, "stages", None) and len(form.stages) + MORE
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render_page(request, "packages/package_form.html", context, fragment="preview", status=status)


def _foreseen(form: Any) -> dict[str, Any]:
    """Every treatment with its part, and their sum; or why there is none."""
    if not form.is_bound or not form.is_valid():
        return {}
    try:
        visits = priced(form.agreed())
    except Refusal as refusal:
        return {"wrong": str(refusal)}
    return {"visits": visits, "total": sum(visit.price for visit in visits)}


def _package(number: int) -> Package:
    return get_object_or_404(packages_of(), number=number)


@allowed(Can.SEE_MONEY, shows="package")
def package(request: ClinicRequest, number: int) -> HttpResponse:
    """One price over its treatments: each one's part, what is billed, paid and left, what is held for it."""
    found = _package(number)
    events = events_with_parts(found)
    unbilled = sum(event.part.amount for event in events if event.part and not event.part.is_billed)
    context = {
        "package": found,
        "events": events,
        "unbilled": unbilled,
        "figures": figures_of([found.pk]).get(found.pk, Figures()),
        "is_staged": found.kind == Origin.STAGED,
        "can_cancel": any(event.part and not event.part.is_billed and not event.is_completed for event in events),
        "holds": held_rows(held_for_package(found), request.member.clinic),
        "free": free_money(found),
    }
    return render_page(request, "packages/package.html", context)


@allowed(Can.PACKAGE, shows="package")
def package_visit(request: ClinicRequest, number: int) -> HttpResponse:
    """One visit or stage more; what isn't billed yet is split anew."""
    found = _package(number)
    first = {"title": found.name}
    staged = found.kind == Origin.STAGED
    form = VisitForm(request.POST or None, member=request.member, staged=staged, initial=first)
    if request.method == "POST" and form.is_valid():
        act = partial(add_visit, found, form.wanted(), by=request.member, once=form.once("visit", found.ref))
        if done(request, form, act, f"It was added to {found.ref}."):
            return redirect_after(request, address(request.member.clinic, "package", number=number))
    context = {"package": found, "form": form, "is_staged": staged}
    return render_page(request, "packages/package_visit.html", context, status=422 if form.is_bound else 200)


@allowed(Can.PACKAGE, shows="package")
def package_cancel(request: ClinicRequest, number: int) -> HttpResponse:
    """Cancel what of a package is neither complete nor billed, after asking."""
    found = _package(number)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = partial(cancel_rest, found, by=request.member, reason=form.cleaned_data["reason"])
        if done(request, form, act, f"The rest of {found.ref} was cancelled."):
            return redirect_after(request, address(request.member.clinic, "package", number=number))
    open_events = [one for one in events_with_parts(found) if one.part and not one.part.is_billed]
    ahead = [event for event in open_events if not event.is_completed]
    context = {"package": found, "form": form, "ahead": ahead, "total": sum(one.part.amount for one in ahead)}
    return render_page(request, "packages/package_cancel.html", context, status=422 if form.is_bound else 200)
