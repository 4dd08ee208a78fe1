"""Exports and account codes behind the fence; an export never changes."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_exports"), ("close", "0002_fence")]

    operations = [
        Fence("AccountCode", "select, insert, update (code, name)"),
        Fence("Export", "select, insert"),
        Fence("ExportDay", "select, insert"),
        Fence("ExportPart", "select, insert"),
        run_sql_file(SQL / "0002_exports.sql"),
    ]
