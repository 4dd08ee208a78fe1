"""Who else is there for a patient: the payers that they list, and accounts that are no patient's own."""

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.forms import AccountForm, PayerForm
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.services import add_payer, change_account, open_payer, remove_payer
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page


@allowed(Can.EDIT_PATIENTS, shows="patient")
def payers(request: ClinicRequest, number: int) -> HttpResponse:
    """Which insurers and third parties pay for a patient; name another."""
    patient = get_object_or_404(Patient.objects.select_related("account"), number=number)
    form = PayerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            payer = _name_payer(request, patient, form)
            notify(request, f"{payer} may pay for {patient.name} now.")
            return redirect_after(request, address(request.member.clinic, "payers", number=number))
        except Refusal as refusal:
            form.add_error("payer" if form.chosen() else "name", str(refusal))
    listed = patient.payers.select_related("account").order_by("account__name", "pk")
    return render_page(request, "patients/payers.html", {"form": form, "patient": patient, "listed": list(listed)})


@transaction.atomic
def _name_payer(request: ClinicRequest, patient: Patient, form: PayerForm) -> Account:
    given = form.cleaned_data
    payer = form.chosen() or open_payer(by=request.member, kind=given["kind"], name=given["name"])
    add_payer(patient, payer, by=request.member, member_number=given["member_number"])
    return payer


@require_POST
@allowed(Can.EDIT_PATIENTS)
def payer_remove(request: ClinicRequest, number: int, payer: int) -> HttpResponse:
    """Take a payer off a patient; what it has paid stays paid."""
    patient = get_object_or_404(Patient, number=number)
    listed = patient.payers.select_related("account", "patient").filter(account__number=payer).first()
    if listed is None:
        raise Refusal(f"This payer is not on the list of {patient.name} any more.")
    remove_payer(listed, by=request.member)
    notify(request, f"{listed.account} pays for {patient.name} no more.")
    return redirect_after(request, address(request.member.clinic, "payers", number=number))


@allowed(Can.EDIT_PATIENTS, shows="account")
def account_edit(request: ClinicRequest, number: int) -> HttpResponse:
    """How a guardian, an insurer or a third party is called and reached."""
    account = get_object_or_404(Account, number=number)
    if account.kind == Account.Kind.PATIENT:
        raise Refusal(f"{account} is a patient’s own account: it follows the patient’s details. Edit those.")
    form = AccountForm(request.POST or None, instance=account)
    if request.method == "POST" and form.is_valid():
        try:
            saved = change_account(account, by=request.member, **form.cleaned_data)
            notify(request, f"The account of {saved} was saved.")
            return redirect_after(request, address(request.member.clinic, "account_transactions", number=number))
        except Refusal as refusal:
            form.add_error("name", str(refusal))
    return render_page(request, "patients/account_form.html", {"form": form, "account": account})
