"""Refunds behind the fence; a payment, its refunds and its money agree at every commit."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"
DECIDED = "status, reserved_id, posting_id, decided_by_id, decided_at, settled_at, reversed_at"


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_refunds"), ("balances", "0004_verbs")]

    operations = [
        Fence("Refund", f"select, insert, update ({DECIDED})"),
        Fence("RefundLine", "select, insert"),
        run_sql_file(SQL / "0005_refunds.sql"),
    ]
