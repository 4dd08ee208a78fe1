"""Lines and decisions prove their clinic by the composite key to what they belong to, and no longer a second time."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("balances", "0019_attention")]

    operations = [run_sql_file(SQL / "0020_implied_keys.sql")]
