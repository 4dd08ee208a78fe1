"""The most that billing refunds by itself."""

from django.db import migrations, models

GRANT = "grant update (refund_limit) on clinics_clinic to clinicpay_app"
REVOKE = "revoke update (refund_limit) on clinics_clinic from clinicpay_app"


class Migration(migrations.Migration):
    dependencies = [("clinics", "0002_fence")]

    operations = [
        migrations.AddField(
            model_name="clinic", name="refund_limit", field=models.BigIntegerField(blank=True, null=True)
        ),
        migrations.AddConstraint(
            model_name="clinic",
            constraint=models.CheckConstraint(
                condition=models.Q(("refund_limit__gt", 0)), name="clinics_clinic_refund_limit"
            ),
        ),
        migrations.RunSQL(GRANT, REVOKE),
    ]
