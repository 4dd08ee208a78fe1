"""Plans and write-offs behind the fence, with their states."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("followups", "0001_initial"), ("balances", "0004_verbs")]

    operations = [
        Fence("Plan", "select, insert, update (status)"),
        Fence("PlanPart", "select, insert, update (principal_id)"),
        Fence("Instalment", "select, insert, update (status, invoice_id)"),
        Fence("WriteOff", "select, insert, update (status, decided_by_id, decided_at)"),
        Fence("WriteOffLine", "select, insert, update (entry_id)"),
        run_sql_file(SQL / "0002_states.sql"),
    ]
