"""Bank slips behind the fence; what is on a printed one is locked."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"
WRITTEN = "first, last, state, version, number, day, cash_out, cash_out_reason, void_reason"


class Migration(migrations.Migration):
    dependencies = [("deposits", "0003_slips"), ("payments", "0019_waiting_money")]

    operations = [
        Fence("BankSlip", f"select, insert, update ({WRITTEN})"),
        Fence("BankSlipLine", "select, insert, update (live), delete"),
        run_sql_file(SQL / "0004_slips.sql"),
    ]
