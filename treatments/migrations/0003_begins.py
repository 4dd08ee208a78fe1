"""A treatment event can't begin in the middle of its life."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("treatments", "0002_fence")]

    operations = [run_sql_file(SQL / "0003_begins.sql")]
