"""Rows carry their transaction; blocks seal them."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_blocks"), ("clinics", "0002_fence")]

    operations = [
        Fence("AuditBlock", "select, insert"),
        run_sql_file(SQL / "0004_sealing.sql"),
    ]
