"""The ledger behind the fence, and the triggers that alone move its totals."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("balances", "0001_initial"), ("payments", "0002_fence")]

    operations = [
        Fence("Invoice", "select, insert", ledger="select"),
        Fence("Charge", "select, insert", ledger="select, update (outstanding)"),
        Fence("Credit", "select, insert", ledger="select, update (available)"),
        Fence("AutoApplyRun", "select, insert, update (finished_at, allocated)"),
        Fence("Decision", "select, insert"),
        Fence("Posting", "select, insert", ledger="select"),
        Fence("Entry", "select, insert", ledger="select"),
        Fence("RequestKey", "select, insert, update (answer)"),
        Fence("ClosedDay", "select, insert", ledger="select"),
        run_sql_file(SQL / "0002_ledger.sql", as_ledger=True),
        run_sql_file(SQL / "0002_triggers.sql"),
    ]
