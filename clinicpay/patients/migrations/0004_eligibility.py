"""What a payer says about a patient's insurance: kept as it was said."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import clinicpay.clinics.models
import clinicpay.clinics.scope
from clinicpay.clinics.db.operations import Fence


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0002_fence"),
        ("patients", "0003_found_by_birth_and_phone"),
    ]

    operations = [
        migrations.CreateModel(
            name="EligibilityCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        choices=[("manual", "Entered by hand"), ("x12", "X12 271 file")], default="manual", max_length=6
                    ),
                ),
                ("checked_on", models.DateField()),
                ("payer", models.CharField(max_length=160)),
                ("plan", models.CharField(blank=True, max_length=160)),
                ("member_number", models.CharField(blank=True, max_length=64)),
                ("active", models.BooleanField()),
                ("plan_begins", models.DateField(blank=True, null=True)),
                ("plan_ends", models.DateField(blank=True, null=True)),
                ("deductible", models.BigIntegerField(blank=True, null=True)),
                ("deductible_left", models.BigIntegerField(blank=True, null=True)),
                ("out_of_pocket", models.BigIntegerField(blank=True, null=True)),
                ("out_of_pocket_left", models.BigIntegerField(blank=True, null=True)),
                ("notes", models.TextField(blank=True)),
                ("entered_by_id", models.BigIntegerField(editable=False, null=True)),
                ("entered_by", models.CharField(editable=False, max_length=160)),
                ("entered_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("withdrawn_at", models.DateTimeField(editable=False, null=True)),
                ("withdrawn_by", models.CharField(blank=True, editable=False, max_length=160)),
                ("withdrawn_reason", models.CharField(blank=True, editable=False, max_length=500)),
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
                    "patient",
                    clinicpay.clinics.models.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checks",
                        to="patients.patient",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Benefit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("any", "Any service"), ("service", "Service type"), ("procedure", "Procedure")],
                        max_length=9,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=15)),
                ("copay", models.BigIntegerField(blank=True, null=True)),
                ("coinsurance", models.IntegerField(blank=True, null=True)),
                ("on_top", models.BooleanField(default=False)),
                (
                    "network",
                    models.CharField(
                        choices=[("in", "In network"), ("out", "Out of network"), ("both", "In and out")],
                        default="both",
                        max_length=4,
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
                (
                    "eligibility",
                    clinicpay.clinics.models.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="benefits",
                        to="patients.eligibilitycheck",
                    ),
                ),
            ],
            options={
                "ordering": ["line"],
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="eligibilitycheck",
            index=models.Index(fields=["clinic", "patient", "-checked_on", "-id"], name="patients_check_patient"),
        ),
        migrations.AddConstraint(
            model_name="eligibilitycheck",
            constraint=models.UniqueConstraint(fields=("clinic", "id"), name="patients_eligibilitycheck_key"),
        ),
        migrations.AddConstraint(
            model_name="eligibilitycheck",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("withdrawn_at", None), ("withdrawn_reason", "")),
                    models.Q(("withdrawn_at__isnull", False), models.Q(("withdrawn_reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="patients_eligibilitycheck_withdrawn",
            ),
        ),
        migrations.AddConstraint(
            model_name="eligibilitycheck",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("deductible", None), ("deductible__gte", 0), _connector="OR"),
                    models.Q(("deductible_left", None), ("deductible_left__gte", 0), _connector="OR"),
                    models.Q(("out_of_pocket", None), ("out_of_pocket__gte", 0), _connector="OR"),
                    models.Q(("out_of_pocket_left", None), ("out_of_pocket_left__gte", 0), _connector="OR"),
                    models.Q(
                        ("deductible_left", None),
                        ("deductible", None),
                        ("deductible_left__lte", models.F("deductible")),
                        _connector="OR",
                    ),
                    models.Q(
                        ("out_of_pocket_left", None),
                        ("out_of_pocket", None),
                        ("out_of_pocket_left__lte", models.F("out_of_pocket")),
                        _connector="OR",
                    ),
                ),
                name="patients_eligibilitycheck_amounts",
            ),
        ),
        migrations.AddConstraint(
            model_name="eligibilitycheck",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("plan_begins", None),
                    ("plan_ends", None),
                    ("plan_begins__lte", models.F("plan_ends")),
                    _connector="OR",
                ),
                name="patients_eligibilitycheck_year",
            ),
        ),
        migrations.AddConstraint(
            model_name="benefit",
            constraint=models.UniqueConstraint(fields=("clinic", "id"), name="patients_benefit_key"),
        ),
        migrations.AddConstraint(
            model_name="benefit",
            constraint=models.UniqueConstraint(fields=("clinic", "eligibility", "line"), name="patients_benefit_line"),
        ),
        migrations.AddConstraint(
            model_name="benefit",
            constraint=models.UniqueConstraint(
                fields=("clinic", "eligibility", "kind", "code", "network"), name="patients_benefit_service"
            ),
        ),
        migrations.AddConstraint(
            model_name="benefit",
            constraint=models.CheckConstraint(
                condition=models.Q(("copay__isnull", False), ("coinsurance__isnull", False), _connector="OR"),
                name="patients_benefit_says",
            ),
        ),
        migrations.AddConstraint(
            model_name="benefit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("copay", None), ("copay__gte", 0), _connector="OR"),
                    models.Q(("coinsurance", None), ("coinsurance__gte", 0), _connector="OR"),
                    models.Q(("coinsurance", None), ("coinsurance__lte", 10000), _connector="OR"),
                ),
                name="patients_benefit_amounts",
            ),
        ),
        migrations.AddConstraint(
            model_name="benefit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("code", ""), ("kind", "any")),
                    models.Q(models.Q(("kind", "any"), _negated=True), models.Q(("code", ""), _negated=True)),
                    _connector="OR",
                ),
                name="patients_benefit_code",
            ),
        ),
        Fence("EligibilityCheck", "select, insert, update (withdrawn_at, withdrawn_by, withdrawn_reason)"),
        Fence("Benefit", "select, insert"),
    ]
