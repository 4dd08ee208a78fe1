"""Money that no run may use until a person has decided about it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("balances", "0007_nights_fence")]

    operations = [
        migrations.AddField(
            model_name="credit",
            name="waits",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.RunSQL(
            "grant update (waits) on balances_credit to clinicpay_app",
            "revoke update (waits) on balances_credit from clinicpay_app",
        ),
    ]
