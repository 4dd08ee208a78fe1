"""The list of payments, a payment's page, and undoing."""

from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.queries import allocations, live_allocations
from balances.requests import Repeated
from balances.services import undo_allocation
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.htmx import wants_part
from payments.filters import PaymentFilter
from payments.forms import SealedReasonForm, UndoForm
from payments.held_rows import held_rows
from payments.models import Payment
from payments.queries import about_patient, held_of_payment, parts_of, treated, waiting_since, whole_payments
from payments.queries import payments as all_payments
from payments.queries.context import said_later
from payments.services import (
    Changed,
    Consequences,
    done_as_shown,
    foresee_reversal,
    reverse_payment,
    why_not_reversed,
)
from payments.states import EDITABLE, MEANS, MONEY, PaymentStatus
from payments.tables import PaymentTable
from payments.views.acts import done
from payments.views.cards import drawn_cards
from payments.views.files import documents_panel, notes_panel
from payments.views.links import link_panel
from payments.views.refunds import refunds_panel
from payments.views.status import moves_of


@allowed(Can.SEE_MONEY, shows="table")
def payment_list(request: ClinicRequest) -> HttpResponse:
    """All payments, filtered and sorted as the address says (S1.30), under the three cards."""
    narrow = PaymentFilter.of(request, all_payments().select_related(None))  # rows are read by their keys alone
    table = PaymentTable.of(request, narrow.qs, shortcut=narrow.shortcut)
    context = {"filter": narrow, "table": table, "is_part": wants_part(request)}
    if not context["is_part"]:
        context["cards"] = drawn_cards(request)
    return render_page(request, "payments/payment_list.html", context, fragment="results")


@allowed(Can.SEE_MONEY, shows="payment")
def payment(request: ClinicRequest, number: int) -> HttpResponse:
    """One payment: what it is for, where its money went, and what happened to it (S1.60–S1.67)."""
    found = _payment(number)
    parts = parts_of([found])[found.pk]
    context = {
        "payment": found,
        "parts": parts,
        "holds": held_rows(held_of_payment(found), request.member.clinic) if parts.held else [],
        "allocations": list(live_allocations(credit__payment=found)) if found.status in MONEY else [],
        **documents_panel(request, found),
        **notes_panel(request, found),
        "reversible": found.status == PaymentStatus.PAID and request.member.can(Can.REVERSE_PAYMENT),
        "treated": treated(found),
        "said": said_later(found),
        **_status_of(found, clock.today(request.member.clinic)),
        **about_patient(found.patient),
        **refunds_panel(found, request.member),
        "panel": link_panel(request, found),
    }
    return render_page(request, "payments/payment.html", context)


def _status_of(payment: Payment, today: date) -> dict[str, Any]:
    """The status with what can be done in it now, what it means, since when it waits, and whether it is late."""
    is_reversed = payment.status == PaymentStatus.VOIDED and payment.paid_at is not None
    return {
        "moves": moves_of(payment),
        "means": "Reversed: it was entered in error" if is_reversed else MEANS[payment.status],
        "since": waiting_since(payment),
        "overdue": payment.is_overdue(today),
        "editable": payment.status in EDITABLE,
    }


def _payment(number: int) -> Payment:
    return get_object_or_404(whole_payments(), number=number)


@allowed(Can.ALLOCATE, shows="payment")
def allocation_undo(request: ClinicRequest, number: int, entry: int) -> HttpResponse:
    """Undo one allocation of this payment, or all but a part; the money returns to it (A6)."""
    found, allocation = _payment(number), get_object_or_404(allocations(credit__payment__number=number), pk=entry)
    if request.method == "GET" and not live_allocations(pk=entry).exists():
        return _over(request, found, "This allocation was undone already.")
    form = UndoForm(request.POST or None, applied=allocation.applied, currency=request.member.clinic.currency)
    if request.method == "POST" and form.is_valid():
        keep, reason = form.cleaned_data["keep"], form.cleaned_data["reason"]
        once = form.once("undo", entry, keep=keep)
        act = partial(undo_allocation, entry, by=request.member, reason=reason, keep=keep, once=once)
        if done(request, form, act, "Undone. The money is available again."):
            return redirect_after(request, address(request.member.clinic, "payment", number=number))
    context = {"payment": found, "allocation": allocation, "form": form}
    return render_page(request, "payments/allocation_undo.html", context, status=422 if form.is_bound else 200)


@allowed(Can.REVERSE_PAYMENT, shows="payment")
def payment_reverse(request: ClinicRequest, number: int) -> HttpResponse:
    """Reverse a payment that was entered in error; every effect is shown before, or why it can't be (C3)."""
    found = _payment(number)
    form = SealedReasonForm(request.POST or None)
    changed = ""
    if request.method == "POST" and form.is_valid():
        try:
            _reversed(request, found, form)
            notify(request, f"{found.ref} was reversed. Anything that it had paid is owed again.")
            return redirect_after(request, address(request.member.clinic, "payment", number=number))
        except Changed as refusal:
            changed = str(refusal)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    context = {"payment": found, "form": form, "changed": changed, "why_not": why_not_reversed(found)}
    if not context["why_not"]:
        context["foreseen"] = foresee_reversal(found, request.member.clinic)
    return render_page(request, "payments/payment_reverse.html", context, status=422 if form.is_bound else 200)


def _reversed(request: ClinicRequest, found: Payment, form: SealedReasonForm) -> None:
    """Do it as it was shown; a second arrival of the form is as good as the first. Raises Changed, Refusal."""
    reason, once, seal = form.cleaned_data["reason"], form.once("reverse", found.pk), form.cleaned_data["seal"]
    act = partial(reverse_payment, found, by=request.member, reason=reason)
    with suppress(Repeated):
        done_as_shown(found, seal, partial(_foreseen, found, request), act, by=request.member, once=once)


def _foreseen(found: Payment, request: ClinicRequest) -> Consequences:
    fresh = _payment(found.number)
    if refused := why_not_reversed(fresh):
        raise Refusal(refused)
    return foresee_reversal(fresh, request.member.clinic)


def _over(request: ClinicRequest, payment: Payment, words: str) -> HttpResponse:
    """To the payment, with the reason why there is no form any more."""
    notify(request, words, messages.WARNING)
    return redirect_after(request, address(request.member.clinic, "payment", number=payment.number))
