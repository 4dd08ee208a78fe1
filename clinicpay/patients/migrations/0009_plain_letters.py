"""Patients are found by plain letters, too: "Łukasz" as "lukasz"."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("patients", "0008_payers_found")]

    operations = [run_sql_file(SQL / "0009_plain_letters.sql")]
