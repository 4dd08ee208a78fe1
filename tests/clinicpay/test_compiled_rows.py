"""Whole rows of ids whose query is put together once are what Django's own query makes of them."""

import pytest
from django.db import connection, connections
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from balances.ledger import lock_accounts
from balances.models import Charge, RequestKey
from clinicpay.clinics.db.arrays import CompiledRows
from clinicpay.patients.models import Patient
from payments.models import Payment
from tests.factories import a_charge, a_patient, a_payment

pytestmark = pytest.mark.django_db


def _plain(row):
    """Everything that a row was loaded with; None of none."""
    return row and {name: value for name, value in vars(row).items() if name != "_state"}


def _asked(ask, ids, related):
    """The rows, and that finding them with what is related takes one query."""
    with CaptureQueriesContext(connection) as asked:
        found = ask(ids)
        told = [[_plain(row), *(_plain(getattr(row, name)) for name in related)] for row in found]
    assert len(asked) == 1, [query["sql"] for query in asked]
    return told


@pytest.mark.parametrize(
    ("model", "related"),
    [(Charge, ("invoice", "event", "patient")), (Payment, ("account", "event")), (Patient, ("account",))],
)
def test_rows_are_what_django_makes_of_them(harbor, model, related):
    patients = [a_patient(harbor) for _ in range(2)]
    for patient in patients:
        a_charge(harbor, patient, 500)
        a_payment(harbor, patient.account, 300)
    rows = model.objects.select_related(*related).order_by("pk")
    wanted = [[_plain(row), *(_plain(getattr(row, name)) for name in related)] for row in rows]
    ids = [row.pk for row in rows]
    ask = CompiledRows(lambda among: model.objects.filter(pk__among=among).order_by("pk"), *related)
    assert len(wanted) == 2
    assert _asked(ask, ids, related) == wanted  # as it is put together
    assert _asked(ask, ids[1:], related) == wanted[1:]  # and from then on
    assert ask([]) == []


def test_a_row_is_saved_as_any_other(harbor):
    patient = a_patient(harbor)
    [found] = CompiledRows(lambda ids: Patient.objects.filter(pk__among=ids))([patient.pk])
    found.first_name = "Otherwise"
    found.save(update_fields=["first_name"])
    assert Patient.objects.get(pk=patient.pk).first_name == "Otherwise"


def test_fields_that_django_converts_are_refused(harbor):
    """A driver's own value of such a field would be another than Django's."""
    with pytest.raises(TypeError, match="RequestKey has fields that Django converts: answer"):
        CompiledRows(lambda ids: RequestKey.objects.filter(pk__among=ids))([1])


def test_accounts_are_locked_each_time_they_are_asked_for(harbor):
    account = a_patient(harbor).account
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            assert lock_accounts([account.pk]) == {account.pk: account}
        assert asked.captured_queries[0]["sql"].endswith("FOR NO KEY UPDATE")


def test_lock_that_nothing_would_keep_is_refused_at_every_asking(harbor, monkeypatch):
    """Django says so only as it puts a query together."""
    account = a_patient(harbor).account
    assert list(lock_accounts([account.pk])) == [account.pk]
    with monkeypatch.context() as outside:
        outside.setattr(connections["default"], "in_atomic_block", False)
        with pytest.raises(TransactionManagementError):
            lock_accounts([account.pk])
