"""Finding patients and accounts."""

from django.db.models import Q, QuerySet

from clinicpay.clinics.numbers import typed
from clinicpay.patients.models import Account, Patient, PatientWord
from clinicpay.patients.search import words


def patients() -> QuerySet[Patient]:
    """All patients with their accounts, by name."""
    return Patient.objects.select_related("account").order_by("search_key", "pk")


def narrowed(rows: QuerySet[Patient], text: str) -> QuerySet[Patient]:
    """Patients whose name has words that begin with the words of `text`; or the one numbered so (PT-001)."""
    number = typed(Patient.KIND, text)
    if number is not None:
        return rows.filter(number=number)
    for word in words(text):
        # A range on the word keeps the index under the row policies, which LIKE would lose.
        found = PatientWord.objects.filter(word__gte=word, word__lt=word + "\U0010ffff")
        rows = rows.filter(pk__in=found.values("patient"))
    return rows


def family(account: Account) -> QuerySet[Patient]:
    """The patients of an account."""
    return Patient.objects.filter(account=account).order_by("search_key", "pk")


def may_pay_for(account: Account, patient: Patient) -> bool:
    """Whether an account is the patient's own or one of their payers."""
    return (
        patient.account_id == account.pk or Account.objects.filter(Q(pk=account.pk), pays_for__patient=patient).exists()
    )
