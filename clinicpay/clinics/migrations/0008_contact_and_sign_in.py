"""How a clinic is reached, when rest ends a sign-in, and whom it lets in with a second step only."""

from django.db import migrations, models

NEW = "address, phone, idle_minutes, two_step"


class Migration(migrations.Migration):
    dependencies = [("clinics", "0007_grace_days")]

    operations = [
        migrations.AddField("clinic", "address", models.CharField(blank=True, db_default="", max_length=240)),
        migrations.AddField("clinic", "phone", models.CharField(blank=True, db_default="", max_length=40)),
        migrations.AddField("clinic", "idle_minutes", models.PositiveSmallIntegerField(blank=True, null=True)),
        migrations.AddField(
            "clinic",
            "two_step",
            models.CharField(
                choices=[
                    ("nobody", "Nobody: a password is enough"),
                    ("managers", "Owners and admins"),
                    ("everybody", "Everybody"),
                ],
                db_default="nobody",
                default="nobody",
                max_length=9,
            ),
        ),
        migrations.AddConstraint(
            "clinic",
            models.CheckConstraint(
                condition=models.Q(("idle_minutes__gte", 5), ("idle_minutes__lte", 60)), name="clinics_clinic_idle"
            ),
        ),
        migrations.AddConstraint(
            "clinic",
            models.CheckConstraint(
                condition=models.Q(("two_step__in", ["nobody", "managers", "everybody"])),
                name="clinics_clinic_two_step",
            ),
        ),
        migrations.RunSQL(
            f"grant update ({NEW}) on clinics_clinic to clinicpay_app",
            f"revoke update ({NEW}) on clinics_clinic from clinicpay_app",
        ),
    ]
