"""A payment and its money agree at every commit."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_fence"), ("balances", "0002_ledger")]

    operations = [
        run_sql_file(SQL / "0003_money.sql"),
    ]
