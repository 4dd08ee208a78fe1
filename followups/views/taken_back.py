"""A promise that was misheard, and a follow-up that was opened in error: taken back with a reason."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from followups.forms.contacts import TakenBackForm
from followups.models import Case, Promise
from followups.services import cancel_promise, close_case
from followups.services.cases import NOT_IN_ERROR
from followups.states import CaseState, PromiseStatus
from followups.views.queue import account_of, back
from payments.views.acts import done

CLOSED = "The follow-up was closed as opened in error."


@allowed(Can.FOLLOW_UP, shows="account")
def promise_cancel(request: ClinicRequest, number: int, promise: int) -> HttpResponse:
    """Take back a promise that is still open; the account is due for contact again."""
    account = account_of(number)
    found = get_object_or_404(Promise.objects.select_related("case__account"), pk=promise, case__account=account)
    form = TakenBackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = partial(cancel_promise, found, by=request.member, reason=form.cleaned_data["reason"])
        if done(request, form, act, "The promise was cancelled."):
            return back(request, account)
    elif found.status != PromiseStatus.OPEN:
        raise Refusal(f"This promise is {found.get_status_display().lower()}; only an open one is cancelled.")
    context = {"form": form, "account": account, "promise": found}
    return render_page(request, "followups/promise_cancel.html", context)


@allowed(Can.FOLLOW_UP, shows="account")
def case_close(request: ClinicRequest, number: int) -> HttpResponse:
    """Close a follow-up that was opened in error; its promise and its callback go with it (F1)."""
    account = account_of(number)
    case = _case_of(account)
    form = TakenBackForm(request.POST or None, initial={"seen": case.state})
    if request.method == "POST" and form.is_valid():
        reason, seen = form.cleaned_data["reason"], form.cleaned_data["seen"]
        if done(request, form, partial(close_case, case, by=request.member, reason=reason, seen=seen), CLOSED):
            return back(request, account)
        form.see(_case_of(account).state)
    elif case.state in NOT_IN_ERROR:
        raise Refusal(NOT_IN_ERROR[case.state])
    return render_page(request, "followups/case_close.html", {"form": form, "account": account, "case": case})


def _case_of(account: Account) -> Case:
    """Its open case. Raises Refusal when there is none (any more)."""
    case = Case.objects.filter(account=account).exclude(state=CaseState.CLOSED).first()
    if case is None:
        raise Refusal(f"{account.name} is not followed up now, so there is no follow-up to close.")
    return case
