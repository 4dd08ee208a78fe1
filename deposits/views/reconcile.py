"""Payment Allocation: open invoices that have usable deposits, and applying these (S4.5–S4.22)."""

import uuid
from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from balances.requests import Repeated
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.numbers import shown, typed
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.htmx import wants_part
from clinicpay.ui.tables import WHOLE, asks_whole
from deposits.forms.reconcile import LABELS, AllForm, RetrieveForm, RowForm
from deposits.plans import Plan, seal
from deposits.queries import Found, Row, retrieve
from deposits.services import LISTED, Shown, apply_all, apply_row
from deposits.views.history import history
from payments.queries.transactions import called
from treatments.models import TreatmentEvent

FOUND = 20
"""Accounts that the field to type into offers."""

NOTHING = Found([], False, 0, 0)


@allowed(Can.RECONCILE_DEPOSITS, shows="table rows")
def deposits(request: ClinicRequest) -> HttpResponse:
    """Deposits: what can be applied, once it is asked for; or what was applied here (?tab=history)."""
    patient = patient_of(request)
    if request.GET.get("tab") == "history":
        return history(request, patient)
    return Sheet(request, patient).answer()


@require_POST
@allowed(Can.RECONCILE_DEPOSITS)
def deposit_apply(request: ClinicRequest) -> HttpResponse:
    """Apply one row, exactly as it was shown; the list comes again without it, or with what it still owes."""
    form = RowForm(request.POST)
    if not form.is_valid():
        return _again(request, str(next(iter(form.errors.values()))[0]))
    plan: Plan = form.cleaned_data["plan"]
    try:
        with suppress(Repeated):
            apply_row(plan, by=request.member, once=form.once())
    except Refusal as refusal:
        return _again(request, str(refusal))
    amount = money.show(plan.amount, request.member.clinic.currency)
    notify(request, f"{amount} applied to {shown('INV', plan.invoice)}.")
    return _again(request)


@require_POST
@allowed(Can.RECONCILE_DEPOSITS)
def deposits_apply_all(request: ClinicRequest) -> HttpResponse:
    """Apply the whole filtered list as one run, and show what came of it."""
    wanted, form = RetrieveForm(request.GET), AllForm(request.POST)
    if not wanted.is_valid():
        return Sheet(request, patient_of(request)).answer()
    if not form.is_valid():
        return _again(request, str(next(iter(form.errors.values()))[0]))
    asked = Shown(_most(form.cleaned_data["rows"]), form.cleaned_data["seal"])
    try:
        number = apply_all(wanted.criteria(), asked, by=request.member, once=form.once()).number
    except Repeated as repeated:
        number = repeated.answer["run"]
    except Refusal as refusal:
        return _again(request, str(refusal))
    return redirect_after(request, address(request.member.clinic, "deposit_run", number=number))


@allowed(Can.RECONCILE_DEPOSITS, shows="found")
def deposit_parties(request: ClinicRequest, party: str) -> JsonResponse:
    """Accounts of one kind, or of any, for the field that one types into."""
    asked = request.GET.get("q", "").strip()
    rows = called(Account.objects.order_by("name", "pk"), asked)
    if party in LABELS:
        rows = rows.filter(kind=party)
    found = list(rows[:FOUND]) if asked else []
    request.shown = {"found": found}
    notes = {one.pk: f"{one.ref}, {one.get_kind_display().lower()}" for one in found}
    return JsonResponse({"results": [{"value": one.ref, "text": one.name, "note": notes[one.pk]} for one in found]})


def patient_of(request: ClinicRequest) -> Patient | None:
    """The patient from whose receipts the function was opened, if it was (S4.3)."""
    number = typed(Patient.KIND, request.GET.get("patient", ""))
    return None if number is None else Patient.objects.select_related("account").filter(number=number).first()


def _most(word: str) -> int:
    return WHOLE if word == "all" else LISTED


def _again(request: ClinicRequest, refusal: str = "") -> HttpResponse:
    """The list as it stands now; on a whole page a refusal goes along as a message."""
    if wants_part(request):
        return Sheet(request, patient_of(request), refusal).answer()
    if refusal:
        notify(request, refusal, messages.WARNING)
    return redirect_after(request, f"{address(request.member.clinic, 'deposits')}?{request.GET.urlencode()}")


class Sheet:
    """The filters, and the list once it is asked for."""

    def __init__(self, request: ClinicRequest, patient: Patient | None, refusal: str = "") -> None:
        self.request, self.patient, self.refusal = request, patient, refusal
        self.asks = "retrieve" in request.GET
        self.form = RetrieveForm(request.GET if self.asks else None, initial=self._initial())
        self.found = NOTHING
        if self.asks and self.form.is_valid():
            self.found = retrieve(self.form.criteria(), _most(request.GET.get("rows", "")))

    def _initial(self) -> dict[str, Any]:
        """What the form begins with: the current family, when it was opened from there; what is being chosen."""
        given: dict[str, Any] = {name: self.request.GET.get(name, "") for name in ("location", "method", "kind")}
        if self.patient and "kind" not in self.request.GET:
            given |= {"kind": self.patient.account.kind, "party": self.patient.account.ref}
        return given

    def answer(self) -> HttpResponse:
        """The page; the list alone after an act; the field of the party alone when its kind was changed."""
        rows, is_asked = self.found.rows, self.asks and self.form.is_valid()
        context = {
            "patient": self.patient,
            "form": self.form,
            "asks": is_asked,
            "found": self.found,
            "rows": rows,
            "lines": [_line(row) for row in rows],
            "refusal": self.refusal,
            "seal": seal(rows),
            "listed": "all" if asks_whole(self.request) else "",
            "request_key": uuid.uuid4(),
            "query": self.request.GET.urlencode(),
            "said": self.form.said() if is_asked else {},
        }
        part = "party" if self.request.htmx.target == "party-field" else "results"
        return render_page(self.request, "deposits/reconcile.html", context, fragment=part)


def _line(row: Row) -> dict[str, Any]:
    """A row with what its button sends."""
    more = row.deposits[SHOWN:]
    return {
        "row": row,
        "plan": str(Plan.of(row)) if row.parts else "",
        "key": uuid.uuid4(),
        "treatments": [{"number": one, "ref": shown(TreatmentEvent.KIND, one)} for one in row.treatments],
        "deposits": [{"one": one, "left": row.left[one.id]} for one in row.deposits[:SHOWN]],
        "more": len(more),
        "more_amount": sum(row.left[one.id] for one in more),
    }


SHOWN = 3
"""Deposits that a row names; the others are counted."""
