"""Payments behind the fence; their allowed moves."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial"), ("treatments", "0002_fence")]

    operations = [
        Fence("Receipt", "select, insert"),
        Fence("Payment", "select, insert, update (status, paid_at)", ledger="select"),
        run_sql_file(SQL / "0002_states.sql"),
    ]
