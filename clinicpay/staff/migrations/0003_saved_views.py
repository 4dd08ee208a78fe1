"""Members keep views of lists, behind the fence."""

import django.db.models.deletion
from django.db import migrations, models

import clinicpay.clinics.models
import clinicpay.clinics.scope
from clinicpay.clinics.db.operations import Fence


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0002_fence"),
        ("staff", "0002_fence"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("page", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(max_length=1000)),
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
                        related_name="views",
                        to="staff.membership",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "id"), name="staff_savedview_key"),
                    models.UniqueConstraint(fields=("clinic", "member", "page", "name"), name="staff_view_name"),
                ],
            },
        ),
        Fence("SavedView", "select, insert, delete, update (name, query)"),
    ]
