"""Giving money back in two steps: what is asked for, then all that it would do, to be confirmed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.requests import Repeated
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.numbers import Numbered
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can, who_may
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.forms import GoingBackForm, RefundForm, ReturnForm
from payments.models import Payment, Refund
from payments.services import (
    Changed,
    Consequences,
    done_as_shown,
    foresee_refund,
    may_refund,
    record_return,
    refund_payment,
    refundable,
    request_refund,
    waits_for_gateway,
    why_not_refunded,
)
from payments.states import Method, RefundReason, RefundStatus, ReturnReason, returns_of

INVALID = 422


@dataclass(frozen=True)
class Way:
    """What confirming does: its name, its button, and the act."""

    name: str
    title: str
    button: str
    act: Callable[[], Numbered]
    said: str
    decides: str = ""


@allowed(Can.REQUEST_REFUND, shows="payment")
def payment_refund(request: ClinicRequest, number: int) -> HttpResponse:
    """Refund a payment wholly or in part, or ask for it (S1.82–S1.91)."""
    payment = find_payment(number)
    form = RefundForm(request.POST or None, payment=payment, currency=request.member.clinic.currency)
    return _two_steps(request, form, _way_of_refund, "Refund")


@allowed(Can.REFUND, shows="payment")
def payment_return(request: ClinicRequest, number: int) -> HttpResponse:
    """Record that others took the money back: a bounced cheque, a chargeback (R-9)."""
    payment = find_payment(number)
    form = ReturnForm(request.POST or None, payment=payment, currency=request.member.clinic.currency)
    return _two_steps(request, form, _way_of_return, "Record return")


def find_payment(number: int) -> Payment:
    """A payment with what its pages say of it."""
    rows = Payment.objects.select_related("account", "patient", "event", "location", "receipt", "payer")
    return get_object_or_404(rows, number=number)


def refunds_panel(payment: Payment, member: Membership) -> dict[str, Any]:
    """What the payment's page shows of money that went back, or may: context of payments/refunds_panel.html."""
    refunds = list(Refund.objects.select_related("payment").filter(payment=payment).order_by("-pk"))
    can_go_back = not why_not_refunded(payment)
    can_be_taken = can_go_back and returns_of(payment.method)
    return {
        "refunds": refunds,
        "refund_left": refundable(payment),
        "refund_gone": sum(
            one.amount for one in refunds if one.status == RefundStatus.SUCCEEDED and not one.reversed_at
        ),
        "refund_url": _url(member, "payment_refund", payment) if can_go_back and member.can(Can.REQUEST_REFUND) else "",
        "return_url": _url(member, "payment_return", payment) if can_be_taken and member.can(Can.REFUND) else "",
    }


def _url(member: Membership, view: str, payment: Payment) -> str:
    return address(member.clinic, view, number=payment.number)


def _two_steps(
    request: ClinicRequest, form: GoingBackForm, way_of: Callable[[GoingBackForm, Membership], Way], title: str
) -> HttpResponse:
    if request.method != "POST" or not form.is_valid():
        return _first_step(request, form, title)
    if request.POST.get("step") == "change":
        return _first_step(request, form.again(), title)
    form.choose(request.POST.get("step", ""))
    way = way_of(form, request.member)
    try:
        return _second_step(request, form, way)
    except Changed as changed:
        return _summary(request, form, way, str(changed))
    except Refusal as refusal:
        form.refused(refusal)
        return _first_step(request, form, title)


def _second_step(request: ClinicRequest, form: GoingBackForm, way: Way) -> HttpResponse:
    if request.POST.get("step") != "confirm":
        return _summary(request, form, way)
    made = _confirmed(request, form, way)
    notify(request, way.said)
    return redirect_after(request, address(request.member.clinic, "refund", number=made))


def _confirmed(request: ClinicRequest, form: GoingBackForm, way: Way) -> int:
    """Number of what was made, also of the first one when the form arrives again. Raises Changed, Refusal."""
    foreseen = partial(_foreseen, form, request.member)
    try:
        if request.POST.get("way") != way.name and not form.was_done:
            raise Changed
        seal, once = form.cleaned_data["seal"], form.once(request.POST.get("way", ""))
        return done_as_shown(form.payment, seal, foreseen, way.act, by=request.member, once=once).number
    except Repeated as repeated:
        return int(repeated.answer["number"])


def _foreseen(form: GoingBackForm, member: Membership) -> Consequences:
    chosen = form.cleaned_data
    payment = Payment.objects.select_related("account", "location").get(pk=form.payment.pk)
    return foresee_refund(payment, chosen["amount"], member.clinic, reduce=chosen.get("reduce", False))


def _way_of_refund(form: GoingBackForm, member: Membership) -> Way:
    """Whoever may, refunds; whoever may not, or not so much, asks for it."""
    assert isinstance(form, RefundForm)
    payment, wish = form.payment, form.wish()
    shown = money.show(wish.amount, member.clinic.currency)
    if may_refund(member, wish.amount):
        act = partial(refund_payment, payment, wish, by=member)
        waits = wish.method == Method.CARD and waits_for_gateway(payment)
        said = f"{shown} of {payment.ref} approved." if waits else f"{shown} of {payment.ref} refunded."
        return Way("refund", "Refund", "Confirm Refund", act, said)
    decides = who_may(Can.REFUND_ANY if member.can(Can.REFUND) else Can.REFUND)
    act = partial(request_refund, payment, wish, by=member)
    said = f"{shown} of {payment.ref} asked for. It waits for approval by {decides}."
    return Way("request", "Ask for a refund", "Request Refund", act, said, decides)


def _way_of_return(form: GoingBackForm, member: Membership) -> Way:
    chosen = form.cleaned_data
    reason = ReturnReason(chosen["reason"])
    act = partial(record_return, form.payment, chosen["amount"], by=member, reason=reason, notes=chosen["notes"])
    shown = money.show(chosen["amount"], member.clinic.currency)
    return Way("return", "Record return", "Record return", act, f"{reason.label} of {shown} recorded.")


def _first_step(request: ClinicRequest, form: GoingBackForm, title: str) -> HttpResponse:
    context = {"payment": form.payment, "form": form, "left": form.left, "title": title}
    if not form.is_bound and (words := form.why_not()):
        context |= {"why_not": words}
    return render_page(request, "payments/refund_form.html", context, status=INVALID if form.errors else 200)


def _summary(request: ClinicRequest, form: GoingBackForm, way: Way, changed: str = "") -> HttpResponse:
    foreseen, chosen = _foreseen(form, request.member), form.cleaned_data
    reasons: dict[str, str] = dict([*RefundReason.choices, *ReturnReason.choices])
    context = {
        "payment": form.payment,
        "form": form,
        "way": way,
        "foreseen": foreseen,
        "changed": changed,
        "method": Method(chosen.get("method", form.payment.method)).label,
        "reason": reasons[chosen["reason"]],
        "reducible": isinstance(form, RefundForm) and foreseen.undone,
    }
    return render_page(request, "payments/refund_summary.html", context, status=INVALID if changed else 200)
