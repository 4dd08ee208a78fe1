"""Finding patients and accounts."""

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import CharField, Model, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.lookups import Contains, IsNull

from clinicpay.clinics.numbers import typed
from clinicpay.patients.models import Account, Patient, PatientPayer, PatientWord
from clinicpay.patients.search import Folded, birth_day, found_by, phone_digits, words

M = TypeVar("M", bound=Model)


def patients() -> QuerySet[Patient]:
    """All patients with their accounts, by name."""
    return Patient.objects.select_related("account").order_by("search_key", "pk")


def narrowed(rows: QuerySet[Patient], text: str) -> QuerySet[Patient]:
    """Patients whose name has words that begin with the words of `text`.

    Or the one numbered so (PT-001), those of an account (AC-001), born on a day, or with a phone that begins so.
    """
    if is_name(text):
        return called(rows, words(text), "pk")
    number, born, phone = typed(Patient.KIND, text), birth_day(text), phone_digits(text)
    if born:
        return rows.filter(birth_date=born)
    if number is not None or phone:
        numbered = Patient.objects.filter(number=-1 if number is None else number).values_list("pk", flat=True)
        return rows.filter(pk__in=numbered.union(_with_word(phone)) if phone else numbered)
    return _of_account(rows, typed(Account.KIND, text)) if _is_of_account(text) else rows


def is_name(text: str) -> bool:
    """Whether `narrowed` looks for names: not a number, a day of birth or a phone, and not nothing."""
    is_other = typed(Patient.KIND, text) is not None or birth_day(text) or phone_digits(text) or _is_of_account(text)
    return not is_other and bool(words(text))


def _is_of_account(text: str) -> bool:
    return text.strip().upper().startswith(f"{Account.KIND}-")


def called(rows: QuerySet[M], beginnings: Iterable[str], patient: str) -> QuerySet[M]:
    """Rows whose `patient` (the name of their key) has words that begin so; all of these are looked up first."""
    for beginning in beginnings:
        rows = rows.filter(**{f"{patient}__in": _with_word(beginning)})
    return rows


def called_on_the_way(rows: QuerySet[M], beginnings: Iterable[str], patient: str, beside: Q) -> QuerySet[M]:
    """The same rows, and those `beside` them, each asked while an order is walked: for few of many that are found."""
    fits = Q()
    for beginning in beginnings:
        found = _beginning(beginning).filter(patient=OuterRef(patient)).values("pk")[:1]
        fits &= Q(IsNull(Subquery(found), False))
    return rows.filter(fits | beside)


def all_called(beginnings: Iterable[str]) -> QuerySet[PatientWord, int]:
    """Keys of patients with words that begin so, in no order; a patient may come more than once."""
    longest, *others = sorted(beginnings, key=len, reverse=True)
    return called(_beginning(longest), others, "patient").values_list("patient", flat=True)


def _with_word(beginning: str) -> QuerySet[PatientWord, int]:
    """Patients with a word that begins so: a range keeps the index under the row policies, which LIKE would lose."""
    return _beginning(beginning).values_list("patient", flat=True)


def _beginning(text: str) -> QuerySet[PatientWord]:
    return PatientWord.objects.filter(word__gte=text, word__lt=text + "\U0010ffff")


def _of_account(rows: QuerySet[Patient], number: int | None) -> QuerySet[Patient]:
    """The patients of an account, and those it pays for."""
    account = Account.objects.filter(number=number or 0)
    paid_for = PatientPayer.objects.filter(account__in=account).values("patient")
    return rows.filter(Q(account__in=account) | Q(pk__in=paid_for))


def accounts_found(text: str) -> QuerySet[Account]:
    """Accounts that are nobody's own, such as guardians and insurers, by name; or the one numbered so (AC-001)."""
    if text.strip().upper().startswith(f"{Account.KIND}-"):
        return Account.objects.filter(number=typed(Account.KIND, text) or 0)
    others = Account.objects.exclude(kind=Account.Kind.PATIENT).order_by("name", "pk")
    for word in words(text):
        others = others.filter(Contains(Folded("name"), word))
    return others if words(text) else others.none()


def others_called(text: str) -> list[int]:
    """Keys of those accounts whose names have words that begin so, as patients are found; or of the one numbered so."""
    rows = accounts_found(text).order_by().values_list("pk", "name")
    return [pk for pk, name in rows if _is_of_account(text) or _begins(name, words(text))]


def both_called(text: str, most: int) -> tuple[list[int], list[int]]:
    """Keys of up to `most` patients, of whom one may come more than once, and of all those accounts: one question."""
    beginnings, no_name = words(text), Value(None, output_field=CharField())
    patients = all_called(beginnings).values_list("patient", no_name)[:most]
    rows = list(patients.union(accounts_found(text).order_by().values_list("pk", "name"), all=True))
    accounts = [pk for pk, name in rows if name is not None and _begins(name, beginnings)]
    return [pk for pk, name in rows if name is None], accounts


def _begins(name: str, beginnings: Iterable[str]) -> bool:
    """Whether each of them begins a word of the name."""
    has = found_by(name, "")
    return all(any(word.startswith(one) for word in has) for one in beginnings)


def family(account: Account) -> QuerySet[Patient]:
    """The patients of an account."""
    return Patient.objects.filter(account=account).order_by("search_key", "pk")


def payers_of(patient: Patient) -> QuerySet[Account]:
    """The insurers and third parties that pay for a patient, by name; one that owes for them is the account itself."""
    rows = Account.objects.filter(pays_for__patient=patient, kind__in=Account.PAYS_FOR_OTHERS)
    return rows.exclude(pk=patient.account_id).order_by("name", "pk")


def may_pay_for(account: Account, patient: Patient) -> bool:
    """Whether an account is the patient's own or one of their payers."""
    return (
        patient.account_id == account.pk or Account.objects.filter(Q(pk=account.pk), pays_for__patient=patient).exists()
    )
