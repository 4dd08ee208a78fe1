"""Criteria and rules behind the fence; runs that are previewed, applied and undone."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"
CHOSEN = "kinds, exact_first, own_patient_first, by_due_date, minimum_age, excluded"


class Migration(migrations.Migration):
    dependencies = [("balances", "0006_nights")]

    operations = [
        Fence("HoldCriteria"),
        Fence("AllocationRules", f"select, insert, update ({CHOSEN})"),
        run_sql_file(SQL / "0007_runs.sql"),
    ]
