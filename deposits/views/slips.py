"""Bank slips: what waits, what goes to the bank, and what went."""

from functools import partial
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from balances.requests import Repeated
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.clinics.numbers import typed
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.queries import names_of
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.pdf import pdf_response
from deposits.filters import SlipFilter
from deposits.forms.slips import PrintForm, SlipForm, SpanForm
from deposits.models import BankSlip
from deposits.queries import slips as queries
from deposits.services.papers import slip_papers
from deposits.services.slips import discard_slip, draft_slip, is_fit, mark_of, print_slip, seal_of, void_slip
from deposits.states import NUMBERED
from deposits.tables import SlipTable
from payments.forms import ReasonForm
from payments.views.acts import done, number_made

INVALID = 422


@allowed(Can.BANK)
def slips(request: ClinicRequest) -> HttpResponse:
    """What waits for the bank at each location, and every slip that was printed."""
    narrow = SlipFilter.of(request, queries.printed_slips())
    context = {"filter": narrow, "table": SlipTable.of(request, narrow.qs), "waits": queries.waits()}
    return render_page(request, "deposits/slips.html", context, fragment="results")


@allowed(Can.BANK, shows="items")
def slip_new(request: ClinicRequest) -> HttpResponse:
    """Choose what of a location goes to the bank; what isn't ticked is left for the next slip."""
    today = clock.today(request.member.clinic)
    if request.method != "POST":
        return _choose(request, SpanForm(_asked(request), today=today))
    form = SlipForm(request.POST, today=today, currency=request.member.clinic.currency)
    if form.is_valid():
        try:
            place = form.cleaned_data["location"]
            _drafted(request, form)
            return redirect_after(request, address(request.member.clinic, "slip_draft", location=place.pk))
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return _choose(request, form)


def _drafted(request: ClinicRequest, form: SlipForm) -> None:
    """Keep it; a second arrival of the form is as good as the first. Raises Refusal."""
    try:
        draft_slip(form.cleaned_data["location"], form.wish(), by=request.member, once=form.once())
    except Repeated:
        return
    notify(request, "The draft was saved. Nothing is locked before it is printed.")


def _asked(request: ClinicRequest) -> QueryDict:
    """The span that the address asks for, filled up: the first location, since what waits there, until today."""
    asked, today = request.GET.copy(), clock.today(request.member.clinic)
    if not asked.get("location"):
        asked["location"] = str(Location.objects.filter(active=True).values_list("pk", flat=True).first() or "")
    place = typed("", str(asked["location"])) or 0
    draft = queries.draft_at(place)
    since, until = (draft.first, draft.last) if draft else (queries.first_to_list(place, today), today)
    for name, day in (("first", since), ("last", until)):
        if not asked.get(name):
            asked[name] = day.isoformat()
    return asked


def _choose(request: ClinicRequest, form: SpanForm) -> HttpResponse:
    """The list with its ticks: those that were sent, else the draft's, else all."""
    form.is_valid()
    given = form.cleaned_data
    place: Location | None = given.get("location")
    found: dict[str, Any] = (
        _listed(place, given) if place and {"first", "last"} <= set(given) else {"items": [], "before": 0}
    )
    draft = queries.draft_at(place) if place else None
    sent = form if isinstance(form, SlipForm) else _fresh(request, form, draft)
    refs = {one.ref for one in found["items"]}
    chosen = sent.refs if sent.is_bound else queries.refs_on(draft) if draft else refs
    context = {"form": sent, "span": form, "draft": draft, "chosen": chosen & refs, **found}
    return render_page(request, "deposits/slip_new.html", context, status=INVALID if form.errors else 200)


def _listed(place: Location, given: dict[str, Any]) -> dict[str, Any]:
    """What waits there in these days, as far as it fits on a slip; and what waits from before."""
    items = queries.waiting(place, given["first"], given["last"])
    before = queries.earlier(place, given["first"])
    return {"items": items[: queries.MOST], "too_many": len(items) > queries.MOST, "before": before}


def _fresh(request: ClinicRequest, span: SpanForm, draft: BankSlip | None) -> SlipForm:
    """The form as nobody has filled it in yet, but for the draft's own words."""
    kept = {"cash_out": draft.cash_out or None, "reason": draft.cash_out_reason} if draft else {}
    initial = {**span.cleaned_data, "seen": mark_of(draft), **kept}
    return SlipForm(initial=initial, today=span.today, currency=request.member.clinic.currency)


@allowed(Can.BANK, shows="items")
def slip_draft(request: ClinicRequest, location: int) -> HttpResponse:
    """The draft of a location, as it would be printed."""
    return _draft(request, get_object_or_404(Location, pk=location), PrintForm())


def _draft(request: ClinicRequest, place: Location, form: PrintForm) -> HttpResponse:
    draft, clinic = queries.draft_at(place), request.member.clinic
    if draft is None:
        notify(request, str(next(iter(form.non_field_errors()), f"There is no draft for {place}.")))
        return redirect_after(request, address(clinic, "slips"))
    items = queries.items_on(draft)
    held_back = len(queries.waiting(place, draft.first, draft.last)) - len(items)
    context = {
        "slip": draft,
        "items": items,
        "sums": queries.sums(items),
        "total": queries.sums(items).total - draft.cash_out,  # the database keeps it once it is printed
        "unfit": [one for one in items if not is_fit(one)],
        "form": form,
        "seal": seal_of(items, draft),
        "held_back": max(0, held_back),
        "made_by": names_of([draft.made_by_id]).get(draft.made_by_id or 0, "ClinicPay"),
    }
    return render_page(request, "deposits/slip_draft.html", context, status=INVALID if form.errors else 200)


@require_POST
@allowed(Can.BANK)
def slip_print(request: ClinicRequest, location: int) -> HttpResponse:
    """Number the draft and make it final."""
    place, form = get_object_or_404(Location, pk=location), PrintForm(request.POST)
    if form.is_valid() and (number := _printed(request, place, form)):
        return redirect_after(request, address(request.member.clinic, "slip", number=number))
    return _draft(request, place, form)


def _printed(request: ClinicRequest, place: Location, form: PrintForm) -> int | None:
    """Number of the slip; None when it was refused."""

    def print_it() -> int:
        slip = print_slip(place, seal=form.cleaned_data["seal"], by=request.member, once=form.once(place.pk))
        notify(request, f"{slip.ref} was printed. What is on it can’t be reversed any more.")
        return int(slip.number or 0)

    return number_made(form, print_it, "slip")


@require_POST
@allowed(Can.BANK)
def slip_discard(request: ClinicRequest, location: int) -> HttpResponse:
    """Give the draft up."""
    place = get_object_or_404(Location, pk=location)
    try:
        discard_slip(place, by=request.member)
        notify(request, "The draft was discarded. What was on it waits for the next slip.")
    except Refusal as refusal:
        notify(request, str(refusal))
    return redirect_after(request, address(request.member.clinic, "slips"))


def _slip(number: int) -> BankSlip:
    return get_object_or_404(BankSlip.objects.select_related("location"), number=number, state__in=NUMBERED)


@allowed(Can.BANK, shows="items")
def slip(request: ClinicRequest, number: int) -> HttpResponse:
    """A printed slip: what went to the bank, and who may take it back."""
    found = _slip(number)
    context = queries.facts_of(found)
    context["is_drawn"] = slip_papers.is_drawn(found, len(context["items"]))
    return render_page(request, "deposits/slip.html", context)


@allowed(Can.BANK)
def slip_paper(request: ClinicRequest, number: int) -> HttpResponse:
    """Whether the paper of a long slip is there, for its page to ask; once it is, that page is loaded again."""
    found = _slip(number)
    url = address(request.member.clinic, "slip", number=number)
    if wait := slip_papers.wait(request, found, found.lines.count()):
        return render_page(request, "deposits/slip_paper.html", {"slip": found, "wait": wait})
    return redirect_after(request, url)


@allowed(Can.BANK, shows="items")
def slip_pdf(request: ClinicRequest, number: int) -> HttpResponse:
    """The slip on paper, for the bank; where it is not drawn yet a worker is asked, and its page tells."""
    found, clinic = _slip(number), request.member.clinic
    request.shown = facts = queries.facts_of(found) | {"clinic": clinic}
    paper = slip_papers.paper(facts)
    if paper is None:
        slip_papers.ask(found, len(facts["items"]))
        return redirect_after(request, address(clinic, "slip", number=number))
    return pdf_response(paper, f"{found.ref}.pdf")


@allowed(Can.VOID_SLIP, shows="items")
def slip_void(request: ClinicRequest, number: int) -> HttpResponse:
    """Take a printed slip back, with the reason; both it and the next one stay on record."""
    found, form = _slip(number), ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason, once = form.cleaned_data["reason"], form.once("void slip", found.pk)
        act = partial(void_slip, found, by=request.member, reason=reason, once=once)
        if done(request, form, act, f"{found.ref} was voided. What was on it waits for another slip."):
            return redirect_after(request, address(request.member.clinic, "slip", number=number))
    context = queries.facts_of(found) | {"form": form}
    return render_page(request, "deposits/slip_void.html", context, status=INVALID if form.errors else 200)
