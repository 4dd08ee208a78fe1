"""A long slip is printed in a moment, whatever the statistics know of its lines."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("deposits", "0004_slips_fence")]

    operations = [run_sql_file(SQL / "0005_slip_prints.sql")]
