""" "Convert to payment plan": terms, with every instalment foreseen while they are filled in, and the act."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.requests import Repeated, claim
from balances.seen import Changed
from clinicpay.clinics.addresses import address
from clinicpay.clinics.numbers import shown
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from followups.forms.plans import PlanForm, TermsForm
from followups.models import Plan
from followups.queries import charges_to_plan
from followups.queries.write_offs import asked_of
from followups.services import start_plan
from followups.states import Frequency
from followups.tables.plans import billed_words

TERMS = ("instalment", "frequency", "starts_on", "merge_last")
TINY = 10
"""A last instalment of less than a tenth of the others is tiny: merging it is suggested."""


@allowed(Can.PLAN, shows="account")
def plan_new(request: ClinicRequest, number: int) -> HttpResponse:
    """Choose invoices and terms, see every date and amount, confirm (S2.36–S2.38, S2.48)."""
    account, clinic = get_object_or_404(Account, number=number), request.member.clinic
    if request.method == "POST" and "look" not in request.POST:
        return _sent(request, account, PlanForm(request.POST, account=account, clinic=clinic))
    asked = request.POST or (request.GET if "instalment" in request.GET else None)
    looked = TermsForm(asked, account=account, clinic=clinic)
    initial: dict[str, Any] = {name: asked[name] for name in TERMS if name in asked} if asked else {}
    if asked and "invoices" in asked:
        initial["invoices"] = asked.getlist("invoices")
    return _page(request, PlanForm(account=account, clinic=clinic, initial=initial), looked)


def _sent(request: ClinicRequest, account: Account, form: PlanForm) -> HttpResponse:
    """Make the plan, or the form again: with words on it, or over what is owed now."""
    try:
        made = _made(request, account, form)
    except Changed as refusal:
        fresh = form.again()
        return _page(request, fresh, fresh, changed=refusal.what)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        made = None
    if made is None:
        return _page(request, form, form)
    notify(request, f"{shown(Plan.KIND, made)} is active. The total debt is unchanged.")
    return redirect_after(request, address(request.member.clinic, "plan", number=made))


def _made(request: ClinicRequest, account: Account, form: PlanForm) -> int | None:
    """The number of the plan, also of one that the same form has made before; None for a form with faults."""
    try:
        if form.is_valid() and not form.changed:
            once, charges = form.once(account.pk), charges_to_plan(form.chosen)
            by, kept = request.member, form.kept()
            return start_plan(account, charges, form.terms, by=by, once=once, shown=kept).number
        if form.was_done:
            claim(form.once(account.pk), user_id=request.member.user_id)
    except Repeated as repeated:
        return int(repeated.answer["plan"])
    if form.changed:
        raise Changed(form.changed)
    return None


def _page(request: ClinicRequest, form: PlanForm, looked: TermsForm, changed: list[str] | None = None) -> HttpResponse:
    """The form beside what comes of it: as it was sent, or as it is being filled in."""
    if looked is not form:
        looked.is_valid()
    context = {
        "account": form.account,
        "form": form,
        "looked": looked,
        "changed": changed or [],
        "seen": _foreseen(looked),
        "asked": asked_of(row.pk for row in looked.chosen),
    }
    is_preview = request.htmx.target == "plan-preview"
    wrong = changed or (form.is_bound and form.errors)
    fragment = "preview" if is_preview else "panel"
    return render_page(request, "followups/plan_form.html", context, fragment=fragment, status=422 if wrong else 200)


def _foreseen(form: TermsForm) -> dict[str, Any]:
    """Every date and amount, the last one, the end, and when ClinicPay bills the first."""
    dues = form.dues
    if not dues:
        return {}
    alike, last, clinic = [due for due in dues if due.amount == form.terms.instalment], dues[-1], form.clinic
    return {
        "dues": dues,
        "total": sum(due.amount for due in dues),
        "alike": len(alike),
        "last": last,
        "differs": last.amount != form.terms.instalment,
        "is_tiny": last.amount * TINY < form.terms.instalment,
        "is_clamped": form.terms.frequency == Frequency.MONTHLY and form.terms.starts_on.day > SHORTEST,
        "first_billed": billed_words(clinic, dues[0].on),
        "zone": clinic.timezone,
    }


SHORTEST = 28
"""Days of the shortest month: later days of the start are not in every month."""
