"""Applying money in hand by hand: whose charges, from which money, how much to each."""

from contextlib import suppress
from functools import cached_property
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.models import Charge
from balances.payable import People, Person, charges_of, people_of
from balances.requests import Repeated
from balances.seen import Changed
from balances.services import apply_credit, failing
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.forms import AllocateForm, Terms, filled_top_down, refilled
from payments.models import Payment
from payments.queries import applied_by_charge, sources_of_payment

LOOK = "look"
"""The button that saves nothing: it draws the list anew for other patients or another source."""

MOST_LINES = 300
"""Charges that one page lists."""


@allowed(Can.ALLOCATE, shows="payment")
def payment_allocate(request: ClinicRequest, number: int) -> HttpResponse:
    """Apply money of a payment; the oldest charges come filled in, and nothing is saved without OK (S3.20–S3.31)."""
    payment = get_object_or_404(Payment.objects.select_related("account", "patient"), number=number)
    sheet = _Sheet(request, payment)
    if sheet.saves and sheet.form.is_valid():
        try:
            _apply(sheet)
            return redirect_after(request, address(request.member.clinic, "payment", number=number))
        except Changed as refusal:
            sheet = _Sheet(request, payment)  # with the figures of now, over which the form says what has changed
            if sheet.form.is_valid():
                sheet.form.refused(refusal)
        except Refusal as refusal:
            sheet.form.refused(refusal)
    return sheet.answer()


def _apply(sheet: "_Sheet") -> None:
    """Do it, all or nothing; a second arrival of the form is as good as the first. Raises Changed, Refusal."""
    form, credit, member = sheet.form, sheet.source.credit, sheet.request.member
    said = form.cleaned_data
    once, why, seen = form.once(credit.pk), said["reason"], said["seen"]
    with suppress(Repeated):
        apply_credit(credit, form.chosen(), by=member, once=once, override=why, seen=seen)
    applied, count = money.show(sum(form.parts().values()), member.clinic.currency), len(form.parts())
    notify(sheet.request, f"{applied} applied to {count} charge{'' if count == 1 else 's'}.")


class _Sheet:
    """The page: what was chosen above the list, and the list."""

    def __init__(self, request: ClinicRequest, payment: Payment) -> None:
        self.request, self.payment, self.account = request, payment, payment.account
        self.asked: Any = request.POST if request.method == "POST" else request.GET
        self.saves = request.method == "POST" and LOOK not in request.POST
        chosen = self.asked.get("source", "")
        self.sources = sources_of_payment(payment.pk, chosen)
        self.source = next((one for one in self.sources if str(one.credit.pk) == chosen), self.sources[0])
        listed = list(charges_of(self.account, self.chosen)[: MOST_LINES + 1])
        self.charges, self.is_cut = listed[:MOST_LINES], len(listed) > MOST_LINES
        self.form = self._form()

    @cached_property
    def people(self) -> People:
        """Whose charges there are to choose from."""
        return people_of(self.account, find=self.asked.get("find", ""), chosen=self.asked.getlist("patients"))

    @cached_property
    def chosen(self) -> list[Person]:
        """The people who are ticked: at first the whole family; of a payer's patients the one that is paid for."""
        if "all" in self.asked:
            return self.people.rows
        if self.request.method == "POST" or "patients" in self.asked:
            wanted = set(self.asked.getlist("patients"))
            return [one for one in self.people.rows if one.ref in wanted]
        if self.account.is_payer:
            return [one for one in self.people.rows if one.patient and one.patient.pk == self.payment.patient_id]
        return self.people.rows

    def _form(self) -> AllocateForm:
        member, credit = self.request.member, self.source.credit
        terms = Terms(
            credit,
            failing(credit, self.charges),
            applied_by_charge(self.payment.pk),
            member.can(Can.OVERRIDE_HOLD),
        )
        return AllocateForm(
            self.request.POST if self.saves else None,
            account=self.account,
            charges=self.charges,
            currency=member.clinic.currency,
            terms=terms,
            initial=self._initial(terms),
        )

    def _initial(self, terms: Terms) -> dict[str, Any]:
        if self.request.method == "POST":
            return refilled(self.charges, terms, self.request.POST, self.request.member.clinic.currency)
        parts = filled_top_down(self.charges, terms.credit.available, terms.failing)
        return {f"apply-{pk}": part for pk, part in parts.items()}

    def answer(self) -> HttpResponse:
        """The page, or the list alone; 422 with what is wrong."""
        chosen: list[Charge] = self.form.charges
        context = {
            "payment": self.payment,
            "account": self.account,
            "form": self.form,
            "sources": self.sources,
            "source": self.source,
            "available": self.source.credit.available,
            "people": self.people,
            "chosen": [one.ref for one in self.chosen],
            "find": self.asked.get("find", ""),
            "is_cut": self.is_cut,
            "most": MOST_LINES,
            "owed": sum(charge.outstanding for charge in chosen),
        }
        status = 422 if self.form.is_bound else 200
        return render_page(self.request, "payments/payment_allocate.html", context, fragment="sheet", status=status)
