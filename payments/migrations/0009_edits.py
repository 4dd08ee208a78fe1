"""A request is edited only while nothing is under way."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0008_method")]

    operations = [run_sql_file(SQL / "0009_edits.sql")]
