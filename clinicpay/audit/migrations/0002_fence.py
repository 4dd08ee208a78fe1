"""The trail behind the fence, append-only."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("clinics", "0002_fence")]

    operations = [
        Fence("AuditEvent", "select, insert"),
        run_sql_file(SQL / "0002_trail.sql"),
    ]
