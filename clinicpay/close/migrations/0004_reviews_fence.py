"""Reviews of treatments behind the fence; no treatment is reviewed or ready for close without one."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("close", "0003_reviews"),
        ("audit", "0004_sealing"),
        ("balances", "0016_lookups"),
        ("payments", "0025_statement_messages_fence"),
        ("treatments", "0005_own_fields"),
    ]

    operations = [
        Fence("EventReview", "select, insert"),
        run_sql_file(SQL / "0004_reviews.sql"),
    ]
