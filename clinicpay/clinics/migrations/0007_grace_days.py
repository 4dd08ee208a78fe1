"""Days of grace that a promise has."""

from django.db import migrations, models

GRANT = "grant update (grace_days) on clinics_clinic to clinicpay_app"
REVOKE = "revoke update (grace_days) on clinics_clinic from clinicpay_app"


class Migration(migrations.Migration):
    dependencies = [("clinics", "0006_check_days")]

    operations = [
        migrations.AddField(
            model_name="clinic",
            name="grace_days",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="Grace"),
        ),
        migrations.AddConstraint(
            model_name="clinic",
            constraint=models.CheckConstraint(condition=models.Q(("grace_days__lte", 30)), name="clinics_clinic_grace"),
        ),
        migrations.RunSQL(GRANT, REVOKE),
    ]
