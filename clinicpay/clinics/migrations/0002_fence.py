"""The fence itself, and the clinic's own tables behind it."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("clinics", "0001_initial")]

    operations = [
        run_sql_file(SQL / "0002_fence.sql"),
        Fence("Clinic", "select, update (name, timezone, day_starts_at, paper)"),
        Fence("Counter", "select, insert, update (last)"),
        Fence("Location", "select, insert, update (name, address, active)"),
    ]
