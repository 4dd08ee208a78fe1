"""What was collected in a month is told by location (decision 155)."""

from pathlib import Path

from django.db import migrations, models

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0027_attention_fence"), ("balances", "0016_lookups")]

    operations = [
        migrations.AddField("tally", "place", models.BigIntegerField(default=0, db_default=0)),
        run_sql_file(SQL / "0028_tally_places.sql"),
    ]
