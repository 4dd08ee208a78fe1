"""Money for a promise, the answer to a broken one, and how much grace promises have."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from balances.services import suggest
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.clinics.queries import grace_days
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account
from clinicpay.patients.queries import family
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from followups.forms.contacts import GraceForm, PromisePaymentForm
from followups.models import Promise
from followups.services import confirm_no_payment, pay_promise, set_grace_days
from followups.services.promises import PAYABLE
from followups.views.queue import account_of, back
from payments.forms import filled_in
from payments.views.acts import number_made


@allowed(Can.TAKE_PAYMENT, shows="account")
def promise_pay(request: ClinicRequest, number: int, promise: int) -> HttpResponse:
    """ "Record payment" from a promise: the desk's form with what was promised, kept together with it (S2.7)."""
    account = account_of(number)
    found = get_object_or_404(Promise.objects.select_related("case__account"), pk=promise, case__account=account)
    form = _form(request, found, account)
    if request.method == "POST" and form.is_valid() and (receipt := _record(request, form, found)):
        return redirect_after(request, address(request.member.clinic, "receipt", number=receipt))
    if found.status not in PAYABLE and not form.is_bound:
        words = f"This promise is {found.get_status_display().lower()}: take the payment from the patient instead."
        raise Refusal(words)
    context = {"form": form, "account": account, "patient": form.patient, "promise": found}
    return render_page(request, "followups/promise_pay.html", context, status=422 if form.is_bound else 200)


def _form(request: ClinicRequest, promise: Promise, account: Account) -> PromisePaymentForm:
    """Filled in with what was promised, or with what is owed where that is less."""
    wanted = min(promise.amount, account.owes) or promise.amount
    suggested = suggest(account, wanted)
    return PromisePaymentForm(
        request.POST or None,
        account=account,
        charges=[charge for charge, _ in suggested],
        currency=request.member.clinic.currency,
        patient=next(iter(family(account)), None),
        initial=None if request.method == "POST" else _initial(promise, wanted, suggested),
    )


def _initial(promise: Promise, wanted: int, suggested: list[tuple[Any, int]]) -> dict[str, Any]:
    location = Location.objects.filter(active=True).first()
    seen = {"amount": wanted, "method": "card", "location": location, "seen": promise.status}
    return seen | filled_in(suggested)


def _record(request: ClinicRequest, form: PromisePaymentForm, promise: Promise) -> int | None:
    """Number of the receipt; None when it was refused."""
    order, once = form.order(patient=form.patient), form.once(promise.case.account_id)

    def pay() -> int:
        receipt = pay_promise(promise, order, by=request.member, seen=form.cleaned_data["seen"], once=once)
        amount = money.show(order.amount, request.member.clinic.currency)
        link = ("Follow-up", address(request.member.clinic, "follow_up", number=promise.case.account.number))
        notify(request, f"{amount} recorded for the promise.", link=link)
        return receipt.number

    number = number_made(form, pay, "receipt")
    if number is None:
        form.see(promise.status)
    return number


@require_POST
@allowed(Can.FOLLOW_UP)
def promise_unpaid(request: ClinicRequest, number: int) -> HttpResponse:
    """Confirm "No payment despite promise", as the night has suggested (F4)."""
    account = account_of(number)
    confirm_no_payment(account, by=request.member)
    notify(request, f"“No payment despite promise” was logged for {account.name}.")
    return back(request, account)


@allowed(Can.MANAGE_SETTINGS)
def settings_promises(request: ClinicRequest) -> HttpResponse:
    """How many days after its day a promise can still be kept."""
    form = GraceForm(request.POST or None, initial={"days": grace_days()})
    if request.method == "POST" and form.is_valid():
        set_grace_days(form.cleaned_data["days"], by=request.member)
        notify(request, "Saved.")
        return redirect_after(request, address(request.member.clinic, "settings_promises"))
    return render_page(request, "settings/promises.html", {"form": form})
