"""Since when an account has owed: the date of its oldest open invoice, kept beside what it owes."""

from django.db import migrations, models

GRANT = "grant update (oldest_open) on patients_account to clinicpay_ledger"
REVOKE = "revoke update (oldest_open) on patients_account from clinicpay_ledger"


class Migration(migrations.Migration):
    dependencies = [("patients", "0005_who_pays")]

    operations = [
        migrations.AddField(
            model_name="account", name="oldest_open", field=models.DateField(editable=False, null=True)
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                fields=["clinic", "oldest_open", "id"],
                condition=models.Q(("oldest_open__isnull", False)),
                name="patients_account_oldest",
            ),
        ),
        migrations.RunSQL(GRANT, REVOKE),
    ]
