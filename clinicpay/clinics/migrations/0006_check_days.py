"""Days after which an insurance check counts as old."""

from django.db import migrations, models

GRANT = "grant update (check_days) on clinics_clinic to clinicpay_app"
REVOKE = "revoke update (check_days) on clinics_clinic from clinicpay_app"


class Migration(migrations.Migration):
    dependencies = [("clinics", "0005_nights_fence")]

    operations = [
        migrations.AddField(
            model_name="clinic", name="check_days", field=models.PositiveSmallIntegerField(blank=True, null=True)
        ),
        migrations.AddConstraint(
            model_name="clinic",
            constraint=models.CheckConstraint(
                condition=models.Q(("check_days__gte", 1), ("check_days__lte", 366)), name="clinics_clinic_check_days"
            ),
        ),
        migrations.RunSQL(GRANT, REVOKE),
    ]
