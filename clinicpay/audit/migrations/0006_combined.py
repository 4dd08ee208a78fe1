"""What the planner is told of the filters of the trail, taken together."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_rare")]

    operations = [run_sql_file(SQL / "0006_combined.sql")]
