import django.db.models.deletion
from django.db import migrations, models

import clinicpay.clinics.models
import clinicpay.clinics.scope


class Migration(migrations.Migration):
    dependencies = [
        ("balances", "0022_first_open"),
        ("clinics", "0008_contact_and_sign_in"),
        ("patients", "0007_queue_orders"),
        ("treatments", "0008_attention"),
    ]

    operations = [
        migrations.CreateModel(
            name="Waiver",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=500)),
                ("made_by_id", models.BigIntegerField(editable=False, null=True)),
                ("made_at", models.DateTimeField(db_default=models.Func(function="clock_timestamp"), editable=False)),
                (
                    "charge",
                    clinicpay.clinics.models.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waivers",
                        to="balances.charge",
                    ),
                ),
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
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "id"), name="balances_waiver_key"),
                    models.UniqueConstraint(fields=("clinic", "charge"), name="balances_waiver_once"),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="balances_waiver_reason"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="charge",
            index=models.Index(
                condition=models.Q(("kind", "procedure"), ("voided", True)),
                fields=["clinic", "event", "procedure", "id"],
                name="balances_charge_void",
            ),
        ),
    ]
