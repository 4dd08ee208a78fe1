"""A closed day can be re-opened: its lock stays in history and is lifted."""

from pathlib import Path

from django.db import migrations, models

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("balances", "0004_verbs")]

    operations = [
        migrations.RemoveConstraint(model_name="closedday", name="balances_closedday_once"),
        migrations.AddField(
            model_name="closedday", name="reopened_at", field=models.DateTimeField(editable=False, null=True)
        ),
        migrations.AddConstraint(
            model_name="closedday",
            constraint=models.UniqueConstraint(
                condition=models.Q(reopened_at=None),
                fields=("clinic", "location", "day"),
                name="balances_closedday_once",
            ),
        ),
        run_sql_file(SQL / "0005_reopening.sql", as_ledger=True),
        run_sql_file(SQL / "0005_lifting.sql"),
    ]
