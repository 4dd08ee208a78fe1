"""The migration operation that later features use to refer to a tenant row."""

import pytest
from django.apps import apps
from django.db import connections, transaction
from django.db.migrations.state import ProjectState

from clinicpay.clinics.db.operations import AddTenantForeignKey

DEFINITION = "select pg_get_constraintdef(oid) from pg_constraint where conname = 'payments_payment_account_fk'"


@pytest.mark.django_db(databases=["default", "owner"])
def test_added_reference_contains_the_clinic_and_can_be_taken_back():
    operation, state = AddTenantForeignKey("Payment", "account"), ProjectState.from_apps(apps)

    with connections["owner"].schema_editor() as editor, connections["owner"].cursor() as cursor:
        operation.database_backwards("payments", editor, state, state)
        cursor.execute(DEFINITION)
        gone = cursor.fetchone()
        operation.database_forwards("payments", editor, state, state)
        cursor.execute(DEFINITION)
        back = cursor.fetchone()
        transaction.set_rollback(True, using="owner")

    assert gone is None
    assert back == ("FOREIGN KEY (clinic_id, account_id) REFERENCES patients_account(clinic_id, id)",)
