"""Why, by what right, and with which plans debt is written off; who declined and reversed it, and why."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

import clinicpay.clinics.models
from clinicpay.clinics.db.operations import AddTenantForeignKey
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("followups", "0008_calendar_fence"),
        ("staff", "0005_delegation"),
    ]

    operations = [
        migrations.AddField(
            model_name="writeoff",
            name="at_once",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="cause",
            field=models.CharField(
                choices=[
                    ("not_found", "Can’t be found"),
                    ("cannot_pay", "Can’t pay"),
                    ("bankrupt", "Bankruptcy"),
                    ("deceased", "Deceased"),
                    ("small", "Too small to collect"),
                    ("disputed", "Disputed"),
                    ("goodwill", "Goodwill"),
                    ("other", "Other"),
                ],
                db_default="other",
                default="other",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="decline_reason",
            field=models.CharField(blank=True, db_default="", max_length=500),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="delegation",
            field=clinicpay.clinics.models.TenantForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="write_offs",
                to="staff.delegation",
            ),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="reversal_reason",
            field=models.CharField(blank=True, db_default="", max_length=500),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="reversed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="reversed_by_id",
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="with_plans",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name="writeoff",
            index=models.Index(fields=["clinic", "status", "requested_at"], name="followups_writeoff_status"),
        ),
        migrations.AddIndex(
            model_name="writeoff",
            index=models.Index(
                condition=models.Q(("delegation__isnull", False)),
                fields=["clinic", "delegation"],
                name="followups_writeoff_leave",
            ),
        ),
        migrations.AlterField(
            model_name="writeoff",
            name="status",
            field=models.CharField(
                choices=[
                    ("requested", "Requested"),
                    ("approved", "Approved"),
                    ("rejected", "Declined"),
                    ("reversed", "Reversed"),
                ],
                default="requested",
                max_length=9,
            ),
        ),
        AddTenantForeignKey("WriteOff", "delegation"),
        run_sql_file(SQL / "0009_write_off_decisions.sql"),
    ]
