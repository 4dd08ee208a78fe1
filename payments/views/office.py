"""Charging an account for what belongs to no treatment (S3.3)."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from balances.services import OfficeCharge, bill_office_charge
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Location
from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from payments.forms import OfficeChargeForm
from payments.views.acts import number_made


@allowed(Can.BILL, shows="account")
def office_charge(request: ClinicRequest, number: int) -> HttpResponse:
    """Copies of records, a missed appointment: billed at once, on an invoice of its own."""
    account, clinic = get_object_or_404(Account, number=number), request.member.clinic
    form = OfficeChargeForm(
        request.POST or None,
        account=account,
        currency=clinic.currency,
        initial={"location": Location.objects.filter(active=True).first()},
    )
    if request.method == "POST" and form.is_valid() and (invoice := _billed(request, form, account)):
        return redirect_after(request, address(clinic, "invoice", number=invoice))
    return render_page(request, "payments/office_charge.html", {"form": form, "account": account})


def _billed(request: ClinicRequest, form: OfficeChargeForm, account: Account) -> int | None:
    """Number of the invoice; None when it was refused."""
    data, once = form.cleaned_data, form.once(account.pk)
    asked = OfficeCharge(data["description"], data["amount"], data["location"], data["patient"])

    def bill() -> int:
        invoice = bill_office_charge(account, asked, by=request.member, once=once)
        notify(request, f"{money.show(data['amount'], request.member.clinic.currency)} was charged on {invoice.ref}.")
        return invoice.number

    return number_made(form, bill, "invoice")
