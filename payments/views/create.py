"""Create Payment, and editing what is asked while nothing is under way."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.htmx import INVALID
from payments.forms.create import CreateForm, ExpectedForm, typed_in, wanted_of
from payments.models import Payment
from payments.queries.estimates import Wanted, work_out
from payments.services import create_payment, edit_payment
from payments.states import EDITABLE, PaymentStatus
from payments.views.acts import number_made

LOOKS = {"use", "show"}
"""Buttons that save nothing: they put the estimate into the amount, or work it out again."""

PARTS = {"treatment-field": "treatment", "estimate": "estimate"}
"""Parts of the page that follow what is chosen, by their ids."""


@allowed(Can.TAKE_PAYMENT, shows="patient patients")
def payment_new(request: ClinicRequest) -> HttpResponse:
    """Ask a patient for an amount; "Create" keeps a draft, "Create and request" sends it on its way (S1.31)."""
    page = _Page(request, request.POST or request.GET)
    if page.saves and page.form.is_valid() and (number := _create(request, page.form)):
        return redirect_after(request, address(request.member.clinic, "payment", number=number))
    return page.answer(request)


@allowed(Can.TAKE_PAYMENT, shows="payment")
def payment_edit(request: ClinicRequest, number: int) -> HttpResponse:
    """Change what is asked, for as long as nothing is paid or under way (S1.59)."""
    clinic, rows = request.member.clinic, Payment.objects.select_related("patient__account", "event", "account")
    payment = get_object_or_404(rows, number=number)
    place = address(clinic, "payment", number=number)
    if payment.status not in EDITABLE:
        words = f"{payment.ref} is {payment.get_status_display()}: it can't be edited any more."
        notify(request, words, messages.WARNING)
        return redirect_after(request, place)
    page = _Page(request, request.POST or request.GET or typed_in(payment, clinic.currency), payment)
    if page.saves and page.form.is_valid() and _edit(request, page.form, payment):
        return redirect_after(request, place)
    return page.answer(request)


class _Page:
    """The form with the estimate beside it, from what was sent, what the address says or what stands."""

    def __init__(self, request: ClinicRequest, asked: Mapping[str, Any], payment: Payment | None = None) -> None:
        clinic = request.member.clinic
        self.payment = payment
        self.expected = ExpectedForm({"expected": asked.get("expected", "")}, currency=clinic.currency)
        self.wanted = wanted_of(asked, self.expected.amount())
        self.estimated = work_out(self.wanted, clinic)
        self.saves = request.method == "POST" and not LOOKS & set(request.POST)
        self.form = CreateForm(
            request.POST if self.saves else None,
            wanted=self.wanted,
            currency=clinic.currency,
            lookup=address(clinic, "patient_lookup"),
            payment=payment,
            initial=self._initial(asked, clinic.currency),
        )

    def _initial(self, asked: Mapping[str, Any], currency: str) -> dict[str, Any]:
        """What is filled in already; "Use this amount" also works without script (S1.48)."""
        filled = {name: asked[name] for name in CreateForm.base_fields if asked.get(name)}
        filled |= {"patient": self.wanted.patient, "treatment": self.wanted.event, "kind": self.wanted.kind}
        filled.setdefault("location", _location(self.wanted))
        if "use" in asked and self.estimated and self.estimated.total:
            filled["amount"] = money.plain(self.estimated.total, currency)
        return filled

    def answer(self, request: ClinicRequest) -> HttpResponse:
        """The page, or the part of it that follows a choice."""
        context: dict[str, Any] = {
            "form": self.form,
            "expected": self.expected,
            "wanted": self.wanted,
            "estimated": self.estimated,
            "payment": self.payment,
            "patients": [],
        }
        if self.wanted.patient:
            context["patient"] = self.wanted.patient
        status = INVALID if self.form.is_bound else 200
        part = PARTS.get(request.htmx.target or "", "estimate")
        return render_page(request, "payments/payment_form.html", context, fragment=part, status=status)


def _location(wanted: Wanted) -> Location | None:
    return wanted.event.location if wanted.event else Location.objects.filter(active=True).first()


def _create(request: ClinicRequest, form: CreateForm) -> int | None:
    """Number of the payment; None when it was refused."""
    status = PaymentStatus.PENDING if "request" in request.POST else PaymentStatus.DRAFT
    said = "created and requested: it waits for payment" if status == PaymentStatus.PENDING else "created as a draft"

    def create() -> int:
        payment = create_payment(form.asked(), by=request.member, once=form.once(status), status=status)
        notify(request, f"{payment.ref} was {said}.")
        return payment.number

    return number_made(form, create, "payment")


def _edit(request: ClinicRequest, form: CreateForm, payment: Payment) -> bool:
    try:
        edit_payment(payment, form.asked(payment), by=request.member, seen=form.cleaned_data["seen"])
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        form.see_anew(Payment.objects.get(pk=payment.pk))
        return False
    notify(request, f"The changes of {payment.ref} were saved.")
    return True
