"""Counts of cash behind the fence: kept as they were made."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("close", "0005_counts")]

    operations = [
        Fence("CashCount"),
        Fence("CashCountLine"),
        run_sql_file(SQL / "0006_counts.sql"),
    ]
