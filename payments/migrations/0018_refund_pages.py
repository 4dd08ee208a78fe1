"""The order of the list of refunds, what waits, and the tender by which a refund leaves."""

from pathlib import Path

from django.db import migrations, models

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0017_links_fence"), ("balances", "0005_reopening")]

    operations = [
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(fields=["clinic", "-requested_at", "-id"], name="payments_refund_newest"),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                fields=["clinic", "requested_at", "id"],
                condition=models.Q(("status__in", ["requested", "approved"])),
                name="payments_refund_waiting",
            ),
        ),
        run_sql_file(SQL / "0018_refund_tender.sql"),
    ]
