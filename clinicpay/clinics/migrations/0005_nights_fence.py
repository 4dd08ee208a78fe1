"""Jobs behind the fence, and the names of a clinic's own fields to be set."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("clinics", "0004_nights")]

    operations = [
        Fence("JobRun", "select, insert, update (state, cursor, done, skipped, attempts, started_at, finished_at)"),
        Fence("JobFailure", "select, insert, update (mended_at)"),
        run_sql_file(SQL / "0005_own_fields.sql"),
    ]
