"""The clinic's own fields of a treatment may be filled in after it was added."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("treatments", "0004_nights")]

    operations = [run_sql_file(SQL / "0005_own_fields.sql")]
