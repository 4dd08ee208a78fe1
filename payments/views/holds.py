"""Holding money of a payment for something, changing for what, and letting it go (S3.13–S3.19)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.held import Debts, held_money
from balances.matchable import held_for
from balances.matching import Traits, worded
from balances.models import Credit
from balances.queries import received_credit
from balances.services import change_hold, hold_credit, release_credit
from balances.states import CreditKind
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.queries import own_field_names
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.forms import ChangeHoldForm, HoldForm, ReleaseForm
from payments.forms.holds import CriteriaForm
from payments.models import Payment
from payments.views.acts import done


@allowed(Can.HOLD, shows="payment")
def payment_hold(request: ClinicRequest, number: int) -> HttpResponse:
    """Set free money of a payment aside for what is named; what of that there is now is shown while it is named."""
    payment = _payment(number)
    credit = received_credit(payment.pk)
    if not credit.available and request.method == "GET":
        return _over(request, payment, f"Nothing of {payment.ref} is left to hold.")
    page = _Page(request, payment, partial(HoldForm, available=credit.available))
    if page.saves:
        amount = page.form.cleaned_data["amount"]
        once = page.form.once("hold", credit.pk, amount=amount)
        act = partial(hold_credit, credit, amount, by=request.member, once=once, **page.form.held_for())
        if done(request, page.form, act, f"{money.show(amount, request.member.clinic.currency)} is held."):
            return redirect_after(request, page.back)
    return page.answer({"available": credit.available})


@allowed(Can.RELEASE, shows="payment")
def hold_change(request: ClinicRequest, number: int, held: int) -> HttpResponse:
    """Hold what is left of a pre-payment for something else, with the reason."""
    payment, credit = _payment(number), _held(number, held)
    if not credit.available and request.method == "GET":
        return _over(request, payment, "Nothing of this is held any more.")
    page = _Page(request, payment, ChangeHoldForm, _filled_in(held_for(credit)))
    if page.saves:
        reason = page.form.cleaned_data["reason"]
        once = page.form.once("change hold", credit.pk, reason=reason)
        act = partial(change_hold, credit, by=request.member, reason=reason, once=once, **page.form.held_for())
        if done(request, page.form, act, "It is held for something else now."):
            return redirect_after(request, page.back)
    return page.answer({"available": credit.available, "held": credit})


@allowed(Can.RELEASE, shows="payment")
def hold_release(request: ClinicRequest, number: int, held: int) -> HttpResponse:
    """Let part or all of a pre-payment go: it is free in its account again."""
    payment, credit, clinic = _payment(number), _held(number, held), request.member.clinic
    if not credit.available and request.method == "GET":
        return _over(request, payment, "Nothing of this is held any more.")
    form = ReleaseForm(request.POST or None, held=credit.available, currency=clinic.currency)
    if request.method == "POST" and form.is_valid():
        amount, reason = form.cleaned_data["amount"], form.cleaned_data["reason"]
        once = form.once("release", credit.pk, amount=amount)
        act = partial(release_credit, credit, amount, by=request.member, reason=reason, once=once)
        if done(request, form, act, f"{money.show(amount, clinic.currency)} was released."):
            return redirect_after(request, address(clinic, "payment", number=number))
    context = {"payment": payment, "held": credit, "form": form, **_standing(request, payment, credit)}
    return render_page(request, "payments/hold_release.html", context, status=422 if form.is_bound else 200)


class _Page:
    """The form of what money is held for, beside what of that there is: as it was sent, or as it is being filled in."""

    def __init__(
        self,
        request: ClinicRequest,
        payment: Payment,
        form_class: Callable[..., Any],
        filled_in: Mapping[str, str] | None = None,
    ) -> None:
        self.request, self.payment, clinic = request, payment, request.member.clinic
        asked = {**(filled_in or {}), **request.GET.dict()}
        make = partial(
            form_class, account=payment.account, currency=clinic.currency, own=own_field_names(clinic), initial=asked
        )
        self.form: CriteriaForm = make(request.POST or None)
        self.saves = request.method == "POST" and self.form.is_valid()
        self.looked = self.form if self.form.is_bound else make(request.GET or asked)
        self.looked.is_valid()

    @property
    def back(self) -> str:
        """The payment's page."""
        return address(self.request.member.clinic, "payment", number=self.payment.number)

    def answer(self, more: dict[str, Any]) -> HttpResponse:
        """The page, or the part of it that follows what is named."""
        wanted = self.looked.wanted
        found = Debts([self.payment.account_id]).fitting(self.payment.account_id, wanted) if wanted.asked else None
        context = {"payment": self.payment, "form": self.form, "looked": self.looked, "found": found, **more}
        status = 422 if self.form.is_bound else 200
        return render_page(self.request, "payments/hold_form.html", context, fragment="matches", status=status)


def _payment(number: int) -> Payment:
    return get_object_or_404(Payment.objects.select_related("account", "patient"), number=number)


def _held(number: int, held: int) -> Credit:
    rows = Credit.objects.select_related("account", "payment")
    return get_object_or_404(rows, pk=held, payment__number=number, kind=CreditKind.PRE_PAYMENT)


def _filled_in(wanted: Traits) -> dict[str, str]:
    """What money is held for, as the form would have been filled in."""
    rows = {name: getattr(wanted, name) for name in wanted.asked}
    return {
        name: str(value if name in {"treatment", "package"} else getattr(value, "id", value))
        for name, value in rows.items()
    }


def _standing(request: ClinicRequest, payment: Payment, credit: Credit) -> dict[str, Any]:
    """What it is held for, what of that there is, and into what it would go."""
    held = next(iter(held_money(Credit.objects.filter(pk=credit.pk))), None)
    custom = own_field_names(request.member.clinic)
    return {
        "criteria": worded(held_for(credit), custom),
        "found": held.found if held else None,
        "free": received_credit(payment.pk).get_kind_display().lower(),
    }


def _over(request: ClinicRequest, payment: Payment, words: str) -> HttpResponse:
    """To the payment, with the reason why there is no form."""
    notify(request, words, messages.WARNING)
    return redirect_after(request, address(request.member.clinic, "payment", number=payment.number))
