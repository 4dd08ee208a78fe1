"""What is said of void charges, behind the fence: it is only ever added to, and of void charges alone."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("balances", "0023_waivers")]

    operations = [Fence("Waiver", "select, insert"), run_sql_file(SQL / "0024_waivers.sql")]
