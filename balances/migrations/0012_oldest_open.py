"""An account knows since when it has owed; the ledger keeps it."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("balances", "0011_long_runs_fence"), ("patients", "0006_oldest_open")]

    operations = [
        run_sql_file(SQL / "0012_oldest.sql", as_ledger=True),
        run_sql_file(SQL / "0012_oldest_trigger.sql"),
    ]
