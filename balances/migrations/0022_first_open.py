"""The oldest open invoice of an account is looked for when it can have changed, and from where it was on."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("balances", "0021_one_update")]

    operations = [run_sql_file(SQL / "0022_first_open.sql", as_ledger=True)]
