"""The status of a payment as people move it: what each move asks for, and what it does (S1.61, S1.80)."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import redirect_after, render_page
from payments.forms import CollectForm, MoveForm
from payments.models import Payment
from payments.queries import whole_payments
from payments.services import collect_payment, foresee_use, move_payment
from payments.states import BY_HAND, MEANS, Method, PaymentStatus
from payments.views.acts import done


@allowed(Can.TAKE_PAYMENT, shows="payment")
def payment_status(request: ClinicRequest, number: int) -> HttpResponse:
    """Choose a status, say what it asks for, and move the payment there; with money, what it will pay comes first."""
    payment = get_object_or_404(whole_payments(), number=number)
    to = _chosen(request)
    context: dict[str, Any] = {"payment": payment, "to": to, "moves": moves_of(payment)}
    if to is None or to not in context["moves"]:
        return _nowhere(request, payment, to) or render_page(request, PAGE, context, fragment="step")
    form = _form(request, payment, to)
    if request.method == "POST" and form.is_valid() and _move(request, payment, to, form):
        return _back(request, payment)
    context |= {"form": form, "means": MEANS[to], "use": getattr(form, "use", None)}
    return render_page(request, PAGE, context, fragment="step", status=422 if form.is_bound else 200)


PAGE = "payments/payment_status.html"


def moves_of(payment: Payment) -> list[PaymentStatus]:
    """What the dropdown offers: the moves that are legal now, in the order of the statuses."""
    return [to for to in PaymentStatus if to in BY_HAND[payment.status]]


def _chosen(request: ClinicRequest) -> PaymentStatus | None:
    said = (request.POST if request.method == "POST" else request.GET).get("to", "")
    return PaymentStatus(said) if said in PaymentStatus else None


def _form(request: ClinicRequest, payment: Payment, to: PaymentStatus) -> MoveForm | CollectForm:
    data = request.POST if request.method == "POST" else None
    if to == PaymentStatus.PAID:
        return CollectForm(data, payment=payment, use=foresee_use(payment))
    return MoveForm(data, to=to)


def _nowhere(request: ClinicRequest, payment: Payment, to: PaymentStatus | None) -> HttpResponse | None:
    """For what was sent but is no move: refused, unless the payment stands there already (a second click)."""
    if request.method != "POST":
        return None
    if to != payment.status:
        can_be = ", ".join(move.label for move in moves_of(payment))
        words = f"From the list it can become: {can_be}" if can_be else "Nobody can choose another status for it"
        raise Refusal(f"{payment.ref} is {payment.get_status_display()}. {words}.")
    return _back(request, payment)


def _move(request: ClinicRequest, payment: Payment, to: PaymentStatus, form: MoveForm | CollectForm) -> bool:
    by = request.member
    if isinstance(form, MoveForm):
        act = partial(move_payment, payment, to, by=by, reason=form.why())
        # Of two clicks at once the second finds the payment where it wants it.
        return done(request, form, act, _said(payment, to)) or _is_at(payment, to)
    how = {"method": Method(form.cleaned_data["method"]), "location": form.cleaned_data["location"]}
    words = f"{money.show(payment.amount, by.clinic.currency)} received. {_said(payment, to)}"
    return done(request, form, partial(collect_payment, payment, by=by, once=form.once(payment.pk), **how), words)


def _is_at(payment: Payment, status: PaymentStatus) -> bool:
    return Payment.objects.filter(pk=payment.pk, status=status).exists()


def _said(payment: Payment, to: PaymentStatus) -> str:
    return f"{payment.ref} is {to.label}."


def _back(request: ClinicRequest, payment: Payment) -> HttpResponse:
    return redirect_after(request, address(request.member.clinic, "payment", number=payment.number))
