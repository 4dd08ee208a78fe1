"""The daily close behind the fence; a closed version never changes."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("close", "0001_initial"), ("balances", "0005_reopening")]

    operations = [
        Fence("DailyClose", "select, insert, update (number, state, reason, snapshot, reopen_reason)"),
        run_sql_file(SQL / "0002_days.sql"),
    ]
