"""A session keeps the plan of what every page shows beside its own rows (decision 194)."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("followups", "0011_statements_fence"), ("staff", "0006_sign_ins"), ("payments", "0031_recalled")]

    operations = [run_sql_file(SQL / "0012_beside.sql")]
