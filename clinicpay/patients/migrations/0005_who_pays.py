"""Accounts with free money, and the patients that list a payer, are found without reading all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0004_eligibility")]

    operations = [
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                fields=["clinic", "id"],
                condition=models.Q(unapplied__gt=0) | models.Q(deposits__gt=0),
                name="patients_account_free",
            ),
        ),
        migrations.AddIndex(
            model_name="patientpayer",
            index=models.Index(fields=["clinic", "account", "patient"], name="patients_payer_account"),
        ),
    ]
