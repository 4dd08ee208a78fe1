"""An insurer owes for no patient."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("patients", "0009_plain_letters")]

    operations = [run_sql_file(SQL / "0010_who_owes.sql")]
