"""Families, guardians and payers through the pages: who owes for a patient, and who else may pay."""

import io

import pypdf
import pytest
from django.db import IntegrityError, transaction

from balances.models import Credit
from balances.queries import live_allocations
from balances.services import undo_allocation
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account, Patient, PatientPayer
from clinicpay.patients.services import add_payer, open_account, open_payer, register_patient, remove_payer
from payments.models import Payment
from payments.services import receipt_document
from tests.factories import a_charge, a_patient, a_receipt
from tests.followups.pages import browser, text_of
from tests.payments.refund_forms import Page

pytestmark = pytest.mark.django_db

MIA = {"first_name": "Mia", "last_name": "Park", "email": "mia@example.test"}


@pytest.fixture
def rita(harbor):
    return browser(harbor.rita)


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def delta(harbor):
    return open_account(by=harbor.rita, name="Delta", kind=Account.Kind.INSURANCE)


def _add(client, **more):
    return client.post("/c/harbor/patients/new/", MIA | more)


def _payers(patient) -> str:
    return f"/c/harbor/patients/{patient.ref}/payers/"


def _filled(client, address: str) -> dict[str, str]:
    fields = Page(client.get(address)).fields
    return {name: value for name, value in fields.items() if "__prefix__" not in name}


def test_patient_is_added_to_a_family(rita, ethan):
    """Both owe and pay as one account; each page names the other."""
    assert _add(rita, account=ethan.account.ref).status_code == 302
    mia = Patient.objects.get(first_name="Mia")
    assert (mia.account, Account.objects.count()) == (ethan.account, 1)
    assert f"/patients/{ethan.ref}/" in rita.get(f"/c/harbor/patients/{mia.ref}/").content.decode()


def test_patient_is_added_with_a_guardian_who_is_no_patient(rita):
    assert _add(rita, guardian="Rosalind Park").status_code == 302
    account = Patient.objects.get().account
    assert (account.kind, account.name, account.email) == ("guardian", "Rosalind Park", "mia@example.test")
    assert "Rosalind Park (Guardian)" in text_of(rita.get(f"/c/harbor/patients/{Patient.objects.get().ref}/"))


def test_patient_without_either_has_an_account_of_their_own(rita):
    _add(rita)
    account = Patient.objects.get().account
    assert (account.kind, account.name) == ("patient", "Mia Park")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"account": "AC-999"}, "Choose an account of this clinic."),
        ({"account": "nobody"}, "Choose an account of this clinic."),
        ({"account": "AC-001"}, "Delta is an insurer. Name it as a payer on the patient’s page."),
        ({"account": "AC-002", "guardian": "Rosalind"}, "not both"),
        ({"guardian": "R" * 161}, "at most 160 characters"),
    ],
)
def test_patient_on_an_account_that_can_not_be_is_not_added(rita, delta, ethan, more, words):
    assert (delta.ref, ethan.account.ref) == ("AC-001", "AC-002")
    answer = _add(rita, **more)
    assert (answer.status_code, words in text_of(answer)) == (422, True)
    assert Patient.objects.get() == ethan


def test_new_insurer_is_named_as_payer_and_reached(rita, ethan):
    """The patient's page leads there; the number at the insurer stands beside its name; its account can be edited."""
    assert f'href="{_payers(ethan)}"' in rita.get(f"/c/harbor/patients/{ethan.ref}/").content.decode()
    sent = {"name": "Delta", "kind": "insurance", "member_number": "M 77"}
    assert rita.post(_payers(ethan), sent).status_code == 302
    listed = PatientPayer.objects.get()
    assert (listed.patient, listed.account.kind, listed.member_number) == (ethan, "insurance", "M 77")
    assert "Delta no. M 77" in text_of(rita.get(f"/c/harbor/patients/{ethan.ref}/"))

    here = f"/c/harbor/patients/accounts/{listed.account.ref}/edit/"
    place = f"/c/harbor/transactions/{listed.account.ref}/"
    assert f'href="{here}"' in rita.get(place).content.decode()
    given = {"name": "Delta Dental", "email": "claims@delta.test", "phone": "", "address": "1 Quay"}
    assert rita.post(here, given)["Location"] == place
    listed.account.refresh_from_db()
    assert (listed.account.name, listed.account.email, listed.account.owes) == ("Delta Dental", "claims@delta.test", 0)
    line = AuditEvent.objects.get(action="account.changed")
    assert (line.before["name"], line.after["name"]) == ("Delta", "Delta Dental")


def test_payer_is_never_called_as_another_is(harbor, rita, delta):
    """Neither by an edit nor by two people who make the same one at once; its other details can be edited."""
    zeta = open_payer(by=harbor.rita, kind=Account.Kind.THIRD_PARTY, name="Zeta")
    here = f"/c/harbor/patients/accounts/{zeta.ref}/edit/"
    answer = rita.post(here, {"name": "DELTA", "email": "", "phone": "555", "address": ""})
    words = f"Delta has an account already: {delta.ref}."
    assert (answer.status_code, words in text_of(answer)) == (422, True)
    with pytest.raises(Refusal, match=words):
        open_payer(by=harbor.rita, kind=Account.Kind.INSURANCE, name="delta")
    assert list(Account.objects.order_by("pk").values_list("name", "phone")) == [("Delta", ""), ("Zeta", "")]

    assert rita.post(here, {"name": "ZETA", "email": "", "phone": "555", "address": ""}).status_code == 302
    zeta.refresh_from_db()
    assert (zeta.name, zeta.phone) == ("ZETA", "555")


@pytest.mark.parametrize("name", ["Muller Kasse", "MÜLLER  KASSE", "mu\u0308ller kasse"])
def test_payer_is_the_same_whichever_way_it_is_typed(harbor, rita, ethan, name):
    """Case, accents and spaces make no other; one more word does. It is said in the same words wherever it is named."""
    there = open_payer(by=harbor.rita, kind=Account.Kind.INSURANCE, name="Müller Kasse")
    words = f"Müller Kasse has an account already: {there.ref}."
    other = open_payer(by=harbor.rita, kind=Account.Kind.INSURANCE, name="Müller Kasse Nord")
    here = f"/c/harbor/patients/accounts/{other.ref}/edit/"
    answers = [rita.post(_payers(ethan), {"name": name, "kind": "insurance"}), rita.post(here, {"name": name})]
    assert [(one.status_code, words in text_of(one)) for one in answers] == [(422, True)] * 2
    assert (Account.objects.filter(kind="insurance").count(), PatientPayer.objects.count()) == (2, 0)


def test_employer_owes_for_its_patients_and_pays_for_others(harbor, rita, ethan):
    """It is charged, also by hand, and pays both; as a payer of its own patient it would be named twice."""
    boats = open_payer(by=harbor.rita, kind=Account.Kind.THIRD_PARTY, name="Tidewater Boats")
    assert _add(rita, account=boats.ref).status_code == 302
    mia = Patient.objects.get(first_name="Mia")
    assert mia.account == boats
    answer = rita.post(_payers(mia), {"payer": boats.ref, "kind": "third_party"})
    assert (answer.status_code, "Mia Park is on the account of Tidewater Boats" in text_of(answer)) == (422, True)

    charge_page = f"/c/harbor/transactions/{boats.ref}/charge/"
    for page in (f"/c/harbor/patients/{mia.ref}/", f"/c/harbor/transactions/{boats.ref}/"):
        assert f'href="{charge_page}"' in rita.get(page).content.decode(), page
    sent = _filled(rita, charge_page) | {"description": "Copies", "amount": "15.00"}
    assert rita.post(charge_page, sent).status_code == 302
    add_payer(ethan, boats, by=harbor.rita)
    of_ethan = a_charge(harbor, ethan, 10000)
    assert Account.objects.get(pk=boats.pk).owes == 1500
    assert "Tidewater Boats" in text_of(browser(harbor.bill).get("/c/harbor/followups/"))

    here = f"/c/harbor/transactions/{boats.ref}/pay/"
    rita.post(here, _filled(rita, here) | {"amount": "115.00", "method": "transfer"})
    payment = Payment.objects.get()
    allocate = f"/c/harbor/payments/{payment.ref}/allocate/?patients={ethan.ref}"
    assert rita.post(allocate, _filled(rita, allocate)).status_code == 302
    of_ethan.refresh_from_db()
    assert (of_ethan.outstanding, Account.objects.get(pk=boats.pk).owes, Credit.objects.get().available) == (0, 0, 0)


def test_insurer_owes_for_nobody(harbor, ethan, delta):
    """Neither by the act nor by SQL."""
    with pytest.raises(Refusal, match="Delta is an insurer"):
        register_patient(by=harbor.rita, account=delta, first_name="Mia", last_name="Park")
    for act in (
        lambda: Patient.objects.filter(pk=ethan.pk).update(account=delta),
        lambda: Patient.objects.create(account=delta, number=99, first_name="Mia", last_name="Park", search_key="x"),
        lambda: Account.objects.filter(pk=ethan.account_id).update(kind="insurance"),
    ):
        with pytest.raises(IntegrityError, match="owes for no patient"), transaction.atomic():
            act()
    assert (Patient.objects.count(), delta.patients.count()) == (1, 0)


def test_payer_that_there_is_is_chosen_once(rita, ethan, delta):
    """Named again with another number, it has that number; its name typed anew makes no second account."""
    for number in ("M 1", "M 2", "M 2"):
        assert rita.post(_payers(ethan), {"payer": delta.ref, "kind": "insurance", "member_number": number}).status_code
    assert PatientPayer.objects.get().member_number == "M 2"
    told = AuditEvent.objects.filter(action__startswith="patient.payer").order_by("pk")
    assert list(told.values_list("action", flat=True)) == ["patient.payer_added", "patient.payer_changed"]

    answer = rita.post(_payers(ethan), {"name": "DELTA", "kind": "insurance"})
    assert (answer.status_code, f"Delta has an account already: {delta.ref}." in text_of(answer)) == (422, True)
    assert Account.objects.filter(kind="insurance").count() == 1


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"kind": "insurance"}, "Choose a payer, or name a new one."),
        ({"kind": "insurance", "payer": "AC-002"}, "Choose a payer of this clinic."),
        ({"kind": "insurance", "payer": "AC-001", "name": "Zeta"}, "not both"),
        ({"kind": "patient", "name": "Zeta"}, "Select a valid choice"),
    ],
)
def test_payer_that_can_not_be_is_not_listed(rita, delta, ethan, sent, words):
    answer = rita.post(_payers(ethan), sent)
    assert (answer.status_code, words in text_of(answer)) == (422, True)
    assert (PatientPayer.objects.count(), Account.objects.count()) == (0, 2)


def test_removed_payer_pays_no_more(harbor, rita, ethan, delta):
    add_payer(ethan, delta, by=harbor.rita)
    remove = f"{_payers(ethan)}{delta.ref}/remove/"
    assert f'action="{remove}"' in rita.get(_payers(ethan)).content.decode()
    assert rita.post(remove).status_code == 302
    assert not PatientPayer.objects.exists()
    assert AuditEvent.objects.get(action="patient.payer_removed").before == {"payer": "Delta"}
    assert rita.post(remove).status_code == 409


def test_part_of_what_a_removed_payer_paid_goes_back_once_it_is_named_anew(harbor, ethan, delta):
    """The rest would be applied again: whoever asks is told what to do first."""
    add_payer(ethan, delta, by=harbor.rita)
    a_receipt(harbor, delta, 10000, (a_charge(harbor, ethan, 10000), 10000))
    remove_payer(PatientPayer.objects.get(), by=harbor.rita)
    paid = live_allocations().get()
    with pytest.raises(Refusal, match="unless it is a payer on the patient’s list: name it there"):
        undo_allocation(paid.pk, by=harbor.rita, reason="Plan paid more", keep=4000)
    add_payer(ethan, delta, by=harbor.rita)
    undo_allocation(paid.pk, by=harbor.rita, reason="Plan paid more", keep=4000)
    assert Credit.objects.get().available == 6000


def test_insurer_pays_for_many_with_one_transfer(harbor, rita, ethan, delta):
    """Its money is received on its own account, and by hand it then pays what its patients were charged."""
    add_payer(ethan, delta, by=harbor.rita)
    charge = a_charge(harbor, ethan, 10000)
    here = f"/c/harbor/transactions/{delta.ref}/pay/"
    assert f'href="{here}"' in rita.get(f"/c/harbor/transactions/{delta.ref}/").content.decode()
    sent = _filled(rita, here) | {"amount": "250.00", "method": "transfer"}
    receipt = rita.post(here, sent, follow=True).content.decode()
    payment, credit = Payment.objects.get(), Credit.objects.get()
    assert (payment.account, payment.patient, credit.available, credit.kind) == (delta, None, 25000, "unapplied")

    assert f'href="/c/harbor/payments/{payment.ref}/allocate/"' in receipt
    allocate = f"/c/harbor/payments/{payment.ref}/allocate/?patients={ethan.ref}"
    assert rita.post(allocate, _filled(rita, allocate)).status_code == 302
    charge.refresh_from_db()
    credit.refresh_from_db()
    assert (charge.outstanding, credit.available) == (0, 15000)
    assert f"{charge} {charge.event.ref} of {ethan.name}" in text_of(rita.get(f"/c/harbor/payments/{payment.ref}/"))
    again = rita.post(here, sent)
    assert (again.status_code, Payment.objects.count()) == (302, 1), "the form sent twice is one payment"


def test_money_of_an_account_with_patients_is_taken_from_its_patient(rita, ethan):
    here = f"/c/harbor/transactions/{ethan.account.ref}/"
    assert f"{here}pay/" not in rita.get(here).content.decode()
    answer = rita.get(f"{here}pay/")
    assert (answer.status_code, "take the payment from its patient" in text_of(answer)) == (409, True)
    edit = rita.get(f"/c/harbor/patients/accounts/{ethan.account.ref}/edit/")
    assert (edit.status_code, "it follows the patient’s details" in text_of(edit)) == (409, True)


def test_payment_of_a_patient_says_whose_money_it_was(harbor, rita, ethan, delta):
    """The account gets it; without a payer on the list nobody is asked."""
    here = f"/c/harbor/patients/{ethan.ref}/pay/"
    assert "Whose money" not in text_of(rita.get(here))
    add_payer(ethan, delta, by=harbor.rita)
    sent = _filled(rita, here) | {"amount": "20.00", "payer": delta.ref}
    assert rita.post(here, sent).status_code == 302
    payment = Payment.objects.get()
    assert (payment.account, payment.payer, payment.patient) == (ethan.account, delta, ethan)
    assert "Paid by Delta" in text_of(rita.get(f"/c/harbor/payments/{payment.ref}/"))
    receipt = payment.receipt
    assert f"From Delta For the account of {ethan.name}" in text_of(rita.get(f"/c/harbor/receipts/{receipt.ref}/"))
    paper = pypdf.PdfReader(io.BytesIO(receipt_document(receipt, harbor.clinic))).pages[0].extract_text()
    assert f"Received from Delta for the account of {ethan.name}" in " ".join(paper.split())

    other = open_account(by=harbor.rita, name="Zeta", kind=Account.Kind.INSURANCE)
    sent = _filled(rita, here) | {"amount": "30.00", "payer": other.ref}
    assert (rita.post(here, sent).status_code, Payment.objects.count()) == (422, 1)


def test_payer_removed_meanwhile_is_not_forgotten_but_asked_for(harbor, rita, ethan, delta):
    """Its money would have become that of the account, also where no other payer is left to choose from."""
    add_payer(ethan, delta, by=harbor.rita)
    here = f"/c/harbor/patients/{ethan.ref}/pay/"
    sent = _filled(rita, here) | {"amount": "20.00", "payer": delta.ref}
    remove_payer(PatientPayer.objects.get(), by=harbor.rita)
    answer = rita.post(here, sent)
    assert (answer.status_code, "not on the patient’s list any more" in text_of(answer)) == (422, True)
    assert not Payment.objects.exists()
    assert rita.post(here, sent | {"payer": ""}).status_code == 302
    assert Payment.objects.get().payer is None


def test_practitioner_names_no_payer(harbor, ethan, delta):
    petra = browser(harbor.petra)
    for address in (_payers(ethan), f"/c/harbor/patients/accounts/{delta.ref}/edit/"):
        assert petra.get(address).status_code == 403
    assert "Payers" not in text_of(petra.get(f"/c/harbor/patients/{ethan.ref}/"))


@pytest.fixture
def theirs(lakeside):
    """The number of another clinic's account, which this one has not come to."""
    with clinic_scope(lakeside.clinic):
        return [open_account(by=lakeside.rita, name=f"A {n}") for n in range(3)][-1].ref


def test_account_of_another_clinic_takes_no_patient(theirs, rita):
    assert _add(rita, account=theirs).status_code == 422
    assert not Patient.objects.exists()
