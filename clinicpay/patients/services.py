"""Adding and changing patients."""

from typing import Any

from django.db import transaction

from clinicpay.audit.services import record
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account, Patient, PatientPayer, PatientWord
from clinicpay.patients.search import fold, found_by
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor, Membership
from clinicpay.staff.roles import Can

DETAILS = ("first_name", "last_name", "birth_date", "sex", "email", "phone", "address")


@transaction.atomic
def register_patient(*, by: Actor, account: Account | None = None, guardian: str = "", **details: Any) -> Patient:
    """Add a patient, on an account that there is, on a new one of a guardian, or on one of their own.

    `details` are fields of Patient. Raises Refusal for the account of an insurer.
    """
    require(by, Can.EDIT_PATIENTS)
    if account and (refused := why_not_owing(account)):
        raise Refusal(refused)
    patient = Patient(**details)
    whose = {"kind": Account.Kind.GUARDIAN, "name": guardian} if guardian else {"name": account_name(patient)}
    patient.account = account or open_account(by=by, **whose, email=patient.email, phone=patient.phone)
    patient.number = take(Patient.KIND)[0]
    patient.search_key = search_key(patient)
    patient.save(force_insert=True)
    _index(patient)
    record("patient.registered", patient, by=by, after=_details(patient))
    return patient


def why_not_owing(account: Account) -> str:
    """Why no patient can be on an account, in the user's words; "" when they can, as on an employer's."""
    is_insurer = account.kind == Account.Kind.INSURANCE
    return f"{account} is an insurer. Name it as a payer on the patient’s page." if is_insurer else ""


@transaction.atomic
def change_patient(patient: Patient, *, by: Membership, **details: Any) -> Patient:
    """Change a patient's details, and those of their own account that were the same; the trail keeps what stood."""
    require(by, Can.EDIT_PATIENTS)
    Account.objects.select_for_update(no_key=True).get(pk=patient.account_id)  # first, as whoever takes money does
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    before, called = _details(patient), account_name(patient)
    for name, value in details.items():
        setattr(patient, name, value)
    patient.search_key = search_key(patient)
    patient.save(update_fields=[*details, "search_key"])
    patient.words.all().delete()
    _index(patient)
    _follow(patient, called, before, by)
    record("patient.changed", patient, by=by, before=before, after=_details(patient))
    return patient


def _follow(patient: Patient, called: str, before: dict[str, str], by: Membership) -> None:
    """A patient's own account bears their name and how to reach them: a correction reaches its receipts."""
    account = patient.account
    if account.kind != Account.Kind.PATIENT or account.name != called:
        return
    stood = _reached(account)
    account.name = account_name(patient)
    for name in ("email", "phone"):
        if getattr(account, name) == before[name]:
            setattr(account, name, getattr(patient, name))
    account.save(update_fields=["name", "email", "phone"])
    if _reached(account) != stood:
        record("account.changed", account, by=by, before=stood, after=_reached(account))


def _reached(account: Account) -> dict[str, str]:
    return {"name": account.name, "email": account.email, "phone": account.phone}


@transaction.atomic
def open_account(*, by: Actor, **fields: Any) -> Account:
    """A new account with its number; `fields` are fields of Account. It starts at zero."""
    require(by, Can.EDIT_PATIENTS)
    account = Account.objects.create(number=take(Account.KIND)[0], **fields)
    record("account.opened", account, by=by, after={"kind": account.kind, "name": account.name})
    return account


@transaction.atomic
def open_payer(*, by: Actor, kind: str, name: str) -> Account:
    """The account of a new insurer or third party. Raises Refusal for one that has an account by that name."""
    account = open_account(by=by, kind=kind, name=name)
    _refuse_twin(account)  # once it has its number: whoever opens another at this moment waits for that
    return account


def _refuse_twin(payer: Account) -> None:
    """Two accounts of one insurer would part its money. Case, accents and spaces make no other."""
    others = Account.objects.filter(kind__in=Account.PAYS_FOR_OTHERS).exclude(pk=payer.pk).order_by("pk")
    called = fold(payer.name).split()
    for twin in others.only("clinic", "number", "name"):
        if fold(twin.name).split() == called:
            raise Refusal(f"{twin} has an account already: {twin.ref}.")


@transaction.atomic
def change_account(account: Account, *, by: Actor, **values: Any) -> Account:
    """Change the name of an account that is no patient's own, or how it is reached.

    Raises Refusal for a patient's own, which follows its patient, and for a payer called as another is.
    """
    require(by, Can.EDIT_PATIENTS)
    account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if account.kind == Account.Kind.PATIENT:
        raise Refusal(f"{account.name} is a patient’s own account: it follows the patient’s details. Edit those.")
    before = {name: getattr(account, name) for name, value in values.items() if getattr(account, name) != value}
    for name in before:
        setattr(account, name, values[name])
    if "name" in before and account.is_payer:
        _refuse_twin(account)
    if before:
        account.save(update_fields=list(before))
        record("account.changed", account, by=by, before=before, after={name: values[name] for name in before})
    return account


@transaction.atomic
def add_payer(patient: Patient, account: Account, *, by: Actor, member_number: str = "") -> None:
    """Let an insurance or third-party account pay for a patient of another account. Raises Refusal for any other."""
    require(by, Can.EDIT_PATIENTS)
    if account.pk == patient.account_id:
        raise Refusal(f"{patient.name} is on the account of {account}: it owes and pays for them as it is.")
    if not account.is_payer:
        raise Refusal(f"{account.name} is neither an insurer nor a third party: it can't pay for other patients.")
    number = {"member_number": member_number} if member_number else {}
    listed, added = PatientPayer.objects.get_or_create(patient=patient, account=account, defaults=number)
    if added:
        record("patient.payer_added", patient, by=by, after={"payer": account.name} | number)
    elif number and listed.member_number != member_number:
        before = {"member_number": listed.member_number}
        listed.member_number = member_number
        listed.save(update_fields=["member_number"])
        record("patient.payer_changed", patient, by=by, before=before, after={"payer": account.name} | number)


@transaction.atomic
def remove_payer(listed: PatientPayer, *, by: Actor) -> None:
    """From now on the account pays nothing for the patient; what it has paid stays paid."""
    require(by, Can.EDIT_PATIENTS)
    patient, payer = listed.patient, listed.account.name
    if listed.delete()[0]:
        record("patient.payer_removed", patient, by=by, before={"payer": payer})


def account_name(patient: Patient) -> str:
    """What a patient's own account is called: both names, of which the longest don't quite fit."""
    return patient.name[:160]


def search_key(patient: Patient) -> str:
    """What patient lists are sorted by: last name, then first name."""
    return f"{fold(patient.last_name)} {fold(patient.first_name)}"[:200]


def _index(patient: Patient) -> None:
    found = found_by(patient.name, patient.phone)
    PatientWord.objects.bulk_create(PatientWord(patient=patient, word=word) for word in found)


def _details(patient: Patient) -> dict[str, str]:
    return {name: str(getattr(patient, name) or "") for name in DETAILS}
