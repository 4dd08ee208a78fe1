"""A session keeps the plan of what a page of the payments list shows of its rows (decision 194)."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0031_recalled")]

    operations = [run_sql_file(SQL / "0032_lines.sql")]
