"""Late captures that nobody has decided about wait from now on."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0018_refund_pages"), ("balances", "0008_waiting_money")]

    operations = [run_sql_file(SQL / "0019_waits.sql")]
