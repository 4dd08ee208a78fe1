"""Accounts and patients behind the fence."""

from django.db import migrations

from clinicpay.clinics.db.operations import Fence


class Migration(migrations.Migration):
    dependencies = [("patients", "0001_initial"), ("clinics", "0002_fence")]

    operations = [
        Fence(
            "Account",
            "select, insert, update (kind, name, email, phone, address)",
            ledger="select, update (owes, planned, unapplied, deposits, held)",
        ),
        Fence(
            "Patient",
            "select, insert, update (account_id, first_name, last_name, birth_date, sex, email, phone, address, search_key)",
        ),
        Fence("PatientWord", "select, insert, delete"),
        Fence("PatientPayer", "select, insert, delete, update (member_number)", ledger="select"),
    ]
