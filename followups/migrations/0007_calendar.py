"""The calendar feed of a member, the money of a promise, and cases whose promise was broken."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import clinicpay.clinics.models
import clinicpay.clinics.scope


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0007_grace_days"),
        ("followups", "0006_work_fence"),
        ("patients", "0006_oldest_open"),
        ("payments", "0019_waiting_money"),
        ("staff", "0004_unfolded"),
    ]

    operations = [
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nonce", models.CharField(editable=False, max_length=32)),
                ("token_hash", models.CharField(editable=False, max_length=64)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("revoked_at", models.DateTimeField(editable=False, null=True)),
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
                        related_name="+",
                        to="staff.membership",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PromisePayment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("recorded_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
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
                    "promise",
                    clinicpay.clinics.models.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="followups.promise",
                    ),
                ),
                (
                    "receipt",
                    clinicpay.clinics.models.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.receipt",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AlterField(
            model_name="case",
            name="state",
            field=models.CharField(
                choices=[
                    ("contact_due", "Contact due"),
                    ("callback_set", "Callback set"),
                    ("promised", "Promised"),
                    ("promise_broken", "Promise broken"),
                    ("disputed", "Disputed"),
                    ("refused", "Refused"),
                    ("write_off_requested", "Write-off requested"),
                    ("on_plan", "On plan"),
                    ("closed", "Closed"),
                ],
                default="contact_due",
                max_length=19,
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("state", "promise_broken")),
                fields=["clinic", "account"],
                name="followups_case_broken",
            ),
        ),
        migrations.AddIndex(
            model_name="calendarfeed",
            index=models.Index(fields=["token_hash"], name="followups_feed_hash"),
        ),
        migrations.AddConstraint(
            model_name="calendarfeed",
            constraint=models.UniqueConstraint(fields=("clinic", "id"), name="followups_calendarfeed_key"),
        ),
        migrations.AddConstraint(
            model_name="calendarfeed",
            constraint=models.UniqueConstraint(fields=("clinic", "token_hash"), name="followups_feed_token"),
        ),
        migrations.AddConstraint(
            model_name="calendarfeed",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at", None)), fields=("clinic", "member"), name="followups_feed_one"
            ),
        ),
        migrations.AddIndex(
            model_name="promisepayment",
            index=models.Index(fields=["clinic", "promise"], name="followups_promisepayment_of"),
        ),
        migrations.AddConstraint(
            model_name="promisepayment",
            constraint=models.UniqueConstraint(fields=("clinic", "id"), name="followups_promisepayment_key"),
        ),
        migrations.AddConstraint(
            model_name="promisepayment",
            constraint=models.UniqueConstraint(fields=("clinic", "receipt"), name="followups_promisepayment_once"),
        ),
    ]
