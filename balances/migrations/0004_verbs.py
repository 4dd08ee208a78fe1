"""The database knows every verb of money: its lines, its limits, its journal."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import AddTenantForeignKey
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("balances", "0003_kinds"), ("payments", "0003_money")]

    operations = [
        AddTenantForeignKey("Charge", "source"),
        run_sql_file(SQL / "0004_journal.sql"),
        run_sql_file(SQL / "0004_verbs.sql", as_ledger=True),
    ]
