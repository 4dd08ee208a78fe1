"""The list of refunds, a refund's page, what is done with one there, and its note on paper."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from balances.requests import Repeated
from clinicpay.clinics.addresses import address
from clinicpay.clinics.numbers import Numbered
from clinicpay.clinics.queries import refund_limit
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.models import Membership
from clinicpay.staff.queries import names_of
from clinicpay.staff.roles import Can, who_may
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.pdf import pdf_response, render_pdf
from payments.filters import RefundFilter
from payments.forms import PlainForm, ReasonForm, RefundLimitForm, SealedForm
from payments.models import Refund
from payments.queries import all_refunds
from payments.services import (
    Changed,
    Consequences,
    approve_and_pay,
    approve_refund,
    done_as_shown,
    fail_refund,
    foresee_refund,
    foresee_return,
    goes_by_gateway,
    lacking_to_approve,
    pay_refund,
    reject_refund,
    reverse_refund,
    set_refund_limit,
)
from payments.states import RefundKind, RefundStatus
from payments.tables import RefundTable
from payments.views.acts import done


@dataclass(frozen=True)
class Act:
    """Something that can be done with a refund: from which status, its words, its button, whether it asks why."""

    name: str
    label: str
    status: RefundStatus
    act: Callable[..., Refund]
    said: str
    asks_why: bool = True
    grave: bool = True

    def form(self, request: ClinicRequest) -> ReasonForm | PlainForm:
        """The form of its page."""
        return (ReasonForm if self.asks_why else PlainForm)(request.POST or None)

    def fits(self, refund: Refund) -> bool:
        """Whether the refund is where this is done, by people."""
        by_hand = refund.status != RefundStatus.APPROVED or not goes_by_gateway(refund)
        return refund.status == self.status and not refund.reversed_at and by_hand


REJECT = Act("reject", "Reject", RefundStatus.REQUESTED, reject_refund, "{ref} was rejected.")
PAY = Act(
    *("pay", "Mark as paid out", RefundStatus.APPROVED, pay_refund, "{ref} was paid out."), asks_why=False, grave=False
)
FAIL = Act(
    "fail", "Record failure", RefundStatus.APPROVED, fail_refund, "{ref} failed. Everything is as it was before."
)
REVERSE = Act(
    "reverse", "Reverse", RefundStatus.SUCCEEDED, reverse_refund, "{ref} was reversed. The money is here again."
)
ACTS = (PAY, REJECT, FAIL, REVERSE)


@allowed(Can.SEE_MONEY, shows="table")
def refund_list(request: ClinicRequest) -> HttpResponse:
    """All refunds and returns, filtered and sorted as the address says."""
    narrow = RefundFilter.of(request, all_refunds())
    table = RefundTable.of(request, narrow.qs)
    people = names_of(row.requested_by_id for row in table.drawn)
    for row in table.drawn:
        row.asked_by, row.age = people.get(row.requested_by_id, "ClinicPay"), _age(row)
    return render_page(request, "payments/refund_list.html", {"filter": narrow, "table": table}, fragment="results")


@allowed(Can.SEE_MONEY, shows="refund")
def refund(request: ClinicRequest, number: int) -> HttpResponse:
    """One refund or return: where it stands, what it undid, what can be done with it and by whom."""
    found, member = _refund(number), request.member
    people = names_of([found.requested_by_id, found.decided_by_id])
    context = {
        "refund": found,
        "payment": found.payment,
        "lines": found.lines.select_related("charge__invoice", "charge__event"),
        "asked_by": people.get(found.requested_by_id or 0, "ClinicPay"),
        "decided_by": people.get(found.decided_by_id or 0, "ClinicPay"),
        "by_hand": not goes_by_gateway(found),
        "has_note": _has_note(found),
        "age": _age(found),
        **_offered(found, member),
    }
    return render_page(request, "payments/refund.html", context)


@allowed(Can.REFUND, shows="refund")
def refund_approve(request: ClinicRequest, number: int) -> HttpResponse:
    """Approve a request, after looking at all that it does; pay it out at once, or set its money aside."""
    found = _refund(number)
    if found.status != RefundStatus.REQUESTED and request.method == "GET":
        return _why_not(request, found)
    form = SealedForm(request.POST or None)
    changed = ""
    if request.method == "POST" and form.is_valid():
        try:
            notify(request, _approved(request, found, form))
            return redirect_after(request, address(request.member.clinic, "refund", number=number))
        except Changed as refusal:
            changed = str(refusal)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return _approval(request, found, form, changed)


@allowed(Can.REFUND, shows="refund")
def refund_reject(request: ClinicRequest, number: int) -> HttpResponse:
    """Turn a request down, with the reason."""
    return _do(request, number, REJECT)


@allowed(Can.REFUND, shows="refund")
def refund_pay(request: ClinicRequest, number: int) -> HttpResponse:
    """Say that money which was set aside has gone out."""
    return _do(request, number, PAY)


@allowed(Can.REFUND, shows="refund")
def refund_fail(request: ClinicRequest, number: int) -> HttpResponse:
    """Say that it could not go out, and why: everything is restored."""
    return _do(request, number, FAIL)


@allowed(Can.REFUND, shows="refund")
def refund_reverse(request: ClinicRequest, number: int) -> HttpResponse:
    """Say that money which went back has come again."""
    return _do(request, number, REVERSE)


@allowed(Can.SEE_MONEY, shows="refund")
def refund_note(request: ClinicRequest, number: int) -> HttpResponse:
    """The refund on paper, for the patient."""
    found = _refund(number)
    if not _has_note(found):
        raise Refusal(f"{found.ref} is {found.state[1].lower()}: there is a note once a refund is approved.")
    clinic = request.member.clinic
    context = request.shown = {"refund": found, "payment": found.payment, "clinic": clinic, "by": request.member.user}
    document = render_pdf("payments/refund_note.html", context, paper=clinic.paper)
    return pdf_response(document, f"{found.ref}.pdf")


@allowed(Can.MANAGE_SETTINGS)
def refund_settings(request: ClinicRequest) -> HttpResponse:
    """The most that billing refunds by itself."""
    clinic = request.member.clinic
    initial = {"limit": refund_limit(clinic)}
    form = RefundLimitForm(request.POST or None, currency=clinic.currency, initial=initial)
    if request.method == "POST" and form.is_valid():
        set_refund_limit(form.cleaned_data["limit"], by=request.member)
        notify(request, "The refund limit for billing was saved.")
        return redirect_after(request, address(clinic, "settings_refunds"))
    return render_page(request, "settings/refunds.html", {"form": form})


def _refund(number: int) -> Refund:
    beside = [f"payment__{name}" for name in ("account", "patient", "location", "receipt")]
    return get_object_or_404(Refund.objects.select_related(*beside), number=number)


def _offered(found: Refund, member: Membership) -> dict[str, Any]:
    """What this member can do with it now; what they lack to approve it, and who has that."""
    url = partial(address, member.clinic, number=found.number)
    offered = [(one, url(f"refund_{one.name}")) for one in ACTS if one.fits(found) and member.can(Can.REFUND)]
    lacking = lacking_to_approve(found, member) if found.status == RefundStatus.REQUESTED else None
    waits = found.status == RefundStatus.REQUESTED and lacking is None
    return {
        "offered": offered,
        "approve_url": url("refund_approve") if waits else "",
        "lacking": lacking,
        "deciders": who_may(lacking) if lacking else "",
        "is_own": lacking == Can.APPROVE_OWN,
    }


def _age(found: Refund) -> int | None:
    """Whole days for which it has waited: for its decision, or to be paid out."""
    if not found.is_waiting:
        return None
    return (timezone.now() - (found.decided_at or found.requested_at)).days


def _has_note(found: Refund) -> bool:
    paid = found.status in {RefundStatus.APPROVED, RefundStatus.SUCCEEDED}
    return found.kind == RefundKind.REFUND and paid


def _approved(request: ClinicRequest, found: Refund, form: SealedForm) -> str:
    """Do what a confirmed approval asks for; the words to say. Raises Changed, Refusal, Refused."""
    now = request.POST.get("step") != "later"
    act = partial(approve_and_pay if now else approve_refund, found, by=request.member)
    foreseen = partial(_foreseen, found, request.member)
    once = form.once("approve now" if now else "approve", found.pk)
    try:
        made: Numbered = done_as_shown(
            found.payment, form.cleaned_data["seal"], foreseen, act, by=request.member, once=once
        )
    except Repeated:
        return f"{found.ref} was approved."
    paid = isinstance(made, Refund) and made.status == RefundStatus.SUCCEEDED
    return f"{found.ref} was approved{' and paid out' if paid else '. Its money is set aside until it is paid out'}."


def _foreseen(found: Refund, member: Membership) -> Consequences:
    fresh = _refund(found.number)
    if fresh.status != RefundStatus.REQUESTED:
        raise Refusal(f"{fresh.ref} is {fresh.state[1].lower()}: only what is requested is approved.")
    return foresee_refund(fresh.payment, fresh.amount, member.clinic, reduce=fresh.reduce_charge, asked=True)


def _approval(request: ClinicRequest, found: Refund, form: SealedForm, changed: str) -> HttpResponse:
    try:
        foreseen = _foreseen(found, request.member)
    except Refusal:
        return _why_not(request, _refund(found.number), status=422)
    context = {
        "refund": found,
        "payment": found.payment,
        "form": SealedForm(initial={"seal": foreseen.seal}) if changed else form,
        "foreseen": foreseen,
        "changed": changed,
        "method": found.get_method_display(),
        "reason": found.get_reason_display(),
        "by_hand": not goes_by_gateway(found),
        **_offered(found, request.member),
    }
    wrong = changed or (form.is_bound and form.errors)
    return render_page(request, "payments/refund_approve.html", context, status=422 if wrong else 200)


def _do(request: ClinicRequest, number: int, what: Act) -> HttpResponse:
    """The page of an act: its consequences, its reason, and its end."""
    found = _refund(number)
    if request.method == "GET" and not what.fits(found):
        return _why_not(request, found)
    form = what.form(request)
    if request.method == "POST" and form.is_valid():
        why = {"reason": form.cleaned_data["reason"]} if what.asks_why else {}
        act = partial(what.act, found, by=request.member, once=form.once(what.name, found.pk), **why)
        if done(request, form, act, what.said.format(ref=found.ref)):
            return redirect_after(request, address(request.member.clinic, "refund", number=number))
    restored = foresee_return(found) if what in {FAIL, REVERSE} else []
    context = {"refund": found, "payment": found.payment, "form": form, "what": what, "restored": restored}
    return render_page(request, "payments/refund_act.html", context, status=422 if form.errors else 200)


def _why_not(request: ClinicRequest, found: Refund, status: int = 200) -> HttpResponse:
    """The page of an act that the refund is past, with words instead of a form."""
    context = {"refund": found, "payment": found.payment, "why_not": f"{found.ref} is {found.state[1].lower()}."}
    return render_page(request, "payments/refund_act.html", context, status=status)
