"""Cases and promises behind the fence; a case is open while there is debt to follow up."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("followups", "0003_cases"), ("balances", "0004_verbs")]

    operations = [
        Fence("Case", "select, insert, update (state, outcome, reason)"),
        Fence("Promise", "select, insert, update (status, paid)"),
        run_sql_file(SQL / "0004_cases.sql"),
    ]
