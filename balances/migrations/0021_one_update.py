"""An account is moved once by an act: its totals and the date of its oldest open invoice together."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("balances", "0020_implied_keys")]

    operations = [
        run_sql_file(SQL / "0021_once.sql", as_ledger=True),
        run_sql_file(SQL / "0021_trigger.sql"),
        run_sql_file(SQL / "0021_gone.sql", as_ledger=True),
    ]
