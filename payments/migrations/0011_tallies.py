"""The sums over the payments list: lines behind the fence that triggers write and that can be folded."""

import datetime
from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

import clinicpay.clinics.scope
from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("clinics", "0002_fence"), ("payments", "0010_list_keys"), ("balances", "0005_reopening")]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("status", models.CharField(blank=True, max_length=20)),
                ("day", models.DateField(default=datetime.date(9999, 12, 31))),
                ("payments", models.BigIntegerField(default=0)),
                ("amount", models.BigIntegerField(default=0)),
                ("returned", models.BigIntegerField(default=0)),
                (
                    "clinic",
                    models.ForeignKey(
                        db_index=False,
                        default=clinicpay.clinics.scope.current_clinic_id,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clinics.clinic",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.AddConstraint(
            model_name="tally",
            constraint=models.UniqueConstraint(fields=("clinic", "id"), name="payments_tally_key"),
        ),
        Fence("Tally", "select"),
        run_sql_file(SQL / "0011_tallies.sql"),
    ]
