"""Attempts and callbacks behind the fence; who is on a case."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import AddTenantForeignKey, Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("followups", "0005_work")]

    operations = [
        Fence("Attempt"),
        Fence("Callback", "select, insert, update (state)"),
        AddTenantForeignKey("Case", "worker"),
        run_sql_file(SQL / "0006_work.sql"),
    ]
