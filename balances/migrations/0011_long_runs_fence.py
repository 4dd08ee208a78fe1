"""What a long run keeps of its way; previews made so far are complete."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import AddTenantForeignKey
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("balances", "0010_long_runs")]

    operations = [
        AddTenantForeignKey("AutoApplyRun", "asked_by"),
        run_sql_file(SQL / "0011_long_runs.sql"),
    ]
