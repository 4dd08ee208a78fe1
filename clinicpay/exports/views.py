"""Exports of closed days: what left, what would leave, and the codes that it leaves with."""

from typing import Any, cast

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import typed
from clinicpay.clinics.refusals import Refusal
from clinicpay.exports import days as queries
from clinicpay.exports.codes import USUAL, Code, Key, chart, keys
from clinicpay.exports.filters import ExportFilter
from clinicpay.exports.forms import CodesForm, ExportForm, SpanForm, field_name
from clinicpay.exports.models import AccountCode, Export, ExportDay
from clinicpay.exports.review import review
from clinicpay.exports.services import LeftBefore, file_of, make_export, set_codes
from clinicpay.exports.states import JOURNALS, MEANS, ONLY_CHANGES, FileKind, What
from clinicpay.exports.tables import ExportTable
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.queries import names_of
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.xlsx import TYPE

INVALID = 422

TYPES = {FileKind.CSV: "text/csv; charset=utf-8", FileKind.XLSX: TYPE}

STEPS = ("Choose days", "Look at the totals", "Export")


@allowed(Can.EXPORT_DAYS)
def exports(request: ClinicRequest) -> HttpResponse:
    """Every file that left."""
    narrow = ExportFilter.of(request, queries.exports())
    table = ExportTable.of(request, narrow.qs)
    names = names_of(row.made_by_id for row in table.drawn)
    for row in table.drawn:
        row.made_by = names.get(row.made_by_id or 0, "ClinicPay")
    return render_page(request, "exports/exports.html", {"filter": narrow, "table": table}, fragment="results")


@allowed(Can.EXPORT_DAYS)
def export_new(request: ClinicRequest) -> HttpResponse:
    """Choose closed days; look at what their export would hold; make it."""
    form = ExportForm(request.POST) if request.method == "POST" else None
    if form is None or not form.is_valid():
        return _choose(request, _span(request), form)
    if form.cleaned_data["kind"]:
        try:
            export = make_export(form.wish(), by=request.member)
        except Refusal as refusal:
            form.add_error("again" if isinstance(refusal, LeftBefore) else None, str(refusal))
        else:
            notify(request, f"{export.ref} was made.")
            return redirect_after(request, address(request.member.clinic, "export", number=export.number))
    return _look(request, form)


def _asked(request: ClinicRequest) -> QueryDict:
    """The span that the address asks for, filled up: the journal, of what has not left yet."""
    asked = request.GET.copy()
    what = asked.get("what") or request.POST.get("what", "")
    asked["what"] = what if what in What.values else What.JOURNAL
    if not asked.get("first") or not asked.get("last"):
        first, last = queries.usual_span(str(asked["what"]), clock.today(request.member.clinic))
        asked["first"] = asked.get("first") or first.isoformat()
        asked["last"] = asked.get("last") or last.isoformat()
    return asked


def _span(request: ClinicRequest) -> SpanForm:
    return SpanForm(_asked(request), today=clock.today(request.member.clinic))


def _choose(request: ClinicRequest, span: SpanForm, form: ExportForm | None = None) -> HttpResponse:
    """The closed days of a span with their ticks: those that were sent, else those that have not left."""
    context: dict[str, Any] = {"span": span, "form": form, "steps": STEPS, "means": MEANS}
    if span.is_valid():
        given = span.cleaned_data
        where = (given["first"], given["last"], given["location"])
        closes = list(queries.closed_days(*where)[: queries.MOST_DAYS + 1])
        days = queries.chosen_days(given["what"], closes[: queries.MOST_DAYS])
        opened = queries.not_closed(request.member.clinic, *where)
        context |= {"days": days, "too_many": len(closes) > queries.MOST_DAYS, "what": What(given["what"])}
        context |= {"opened": opened[: queries.LISTED_OPEN], "more_open": len(opened) - queries.LISTED_OPEN}
        context["fresh"] = sum(1 for day in days if not day.again)
    return render_page(request, "exports/choose.html", context, status=INVALID if span.errors or form else 200)


def _look(request: ClinicRequest, form: ExportForm) -> HttpResponse:
    """What the export would hold, and what has left before."""
    what, clinic = What(form.cleaned_data["what"]), request.member.clinic
    try:
        closes = queries.locked_days(form.closes)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _choose(request, _span(request), form)
    days = queries.chosen_days(what, closes, whole=bool(form.cleaned_data["whole"]))
    context = {"form": form, "steps": STEPS, "review": review(clinic, what, days, chart())}
    return render_page(request, "exports/review.html", context | _before(what, days))


def _before(what: What, days: list[queries.Day]) -> dict[str, Any]:
    """The days as a page shows them, with what of them left before."""
    left = [day for day in days if day.again]
    return {
        "what": what,
        "days": days,
        "seal": queries.seal_of(what, days),
        "left": left,
        "names": names_of(day.again.export.made_by_id for day in left if day.again),
        "reclosed": [day for day in days if day.earlier] if what in ONLY_CHANGES else [],
        "has_sides": what in JOURNALS,
    }


@allowed(Can.EXPORT_DAYS)
def export(request: ClinicRequest, number: int) -> HttpResponse:
    """What an export holds, who made it, and its file as it left."""
    found = get_object_or_404(Export, number=number)
    days = ExportDay.objects.filter(export=found).select_related("close__location", "since")
    context = {
        "export": found,
        "days": list(days.order_by("close__day", "close__location__name", "pk")),
        "made_by": names_of([found.made_by_id]).get(found.made_by_id or 0, "ClinicPay"),
        "codes": [(place, Key(*parts[:3]).label, *parts[3:]) for place, *parts in found.codes],
        "has_sides": found.what in JOURNALS,
    }
    return render_page(request, "exports/export.html", context)


@allowed(Can.EXPORT_DAYS, shows="record")
def export_file(request: ClinicRequest, number: int) -> HttpResponse:
    """The file, byte for byte as it left."""
    found = get_object_or_404(Export, number=number)
    request.shown = {"record": found}
    response = StreamingHttpResponse(file_of(found), content_type=TYPES[FileKind(found.kind)])
    response["Content-Disposition"] = f'attachment; filename="{found.file_name}"'
    response["Content-Length"] = str(found.size)
    return cast(HttpResponse, response)  # as Django itself has it, a view may answer in pieces


@allowed(Can.MANAGE_SETTINGS)
def settings_codes(request: ClinicRequest) -> HttpResponse:
    """The codes of the clinic's bookkeeping, for all locations or for one."""
    places = list(Location.objects.all())
    asked = typed("", request.GET.get("location", ""))
    place = next((one for one in places if one.pk == asked), None)
    listed = keys()
    form = CodesForm(request.POST or None, keys=listed, initial=_initial(listed, place))
    if request.method == "POST" and form.is_valid():
        count = set_codes(form.codes(), location=place, by=request.member)
        notify(request, f"{count} account code{'' if count == 1 else 's'} changed." if count else "Nothing changed.")
        where = f"?location={place.pk}" if place else ""
        return redirect_after(request, address(request.member.clinic, "settings_codes") + where)
    context = {"form": form, "places": places, "place": place, "lines": _code_lines(form, place)}
    return render_page(request, "exports/codes.html", context)


def _initial(listed: list[Key], place: Location | None) -> dict[str, str]:
    own = {
        Key(row.ledger_account, row.method, row.discipline): Code(row.code, row.name)
        for row in AccountCode.objects.filter(location=place)
    }
    usual = USUAL if place is None else {}
    codes = {key: own.get(key) or usual.get(key) or Code("", "") for key in listed}
    return {field_name(part, key): value for key, code in codes.items() for part, value in code._asdict().items()}


def _code_lines(form: CodesForm, place: Location | None) -> list[dict[str, Any]]:
    """The rows of the page: an account and its fields, which show what stands where they are left empty."""
    known, lines = chart(), []
    for key in form.keys:
        fields = [form[field_name(part, key)] for part in ("code", "name")]
        if place or key.discipline:
            for field, words in zip(fields, known.of(key if place else Key(key.ledger_account), None), strict=True):
                field.field.widget.attrs["placeholder"] = words
        lines.append({"key": key, "code": fields[0], "name": fields[1]})
    return lines
