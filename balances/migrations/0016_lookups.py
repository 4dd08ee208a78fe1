"""The date since when an account owes is looked up by index, whatever a bulk load has set for itself."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("balances", "0015_long_undoing_fence")]

    operations = [run_sql_file(SQL / "0016_lookups.sql", as_ledger=True)]
