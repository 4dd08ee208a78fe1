"""Owners let members approve write-offs, up to a limit and until a day."""

from pathlib import Path

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import clinicpay.clinics.models
import clinicpay.clinics.scope
from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0002_fence"),
        ("staff", "0004_unfolded"),
    ]

    operations = [
        migrations.CreateModel(
            name="Delegation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("limit", models.BigIntegerField()),
                ("last_day", models.DateField()),
                ("expires_at", models.DateTimeField()),
                ("made_by_id", models.BigIntegerField(editable=False, null=True)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("ended_by_id", models.BigIntegerField(editable=False, null=True)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
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
                (
                    "member",
                    clinicpay.clinics.models.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations",
                        to="staff.membership",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "id"), name="staff_delegation_key"),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("clinic", "member"), name="staff_delegation_one"
                    ),
                    models.CheckConstraint(condition=models.Q(("limit__gt", 0)), name="staff_delegation_limit"),
                ],
            },
        ),
        Fence("Delegation", "select, insert, update (ended_at, ended_by_id)"),
        run_sql_file(SQL / "0005_delegation.sql"),
    ]
