"""Accounts that are nobody's own have an index, so that each search for a name can ask them, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0007_queue_orders")]

    operations = [
        migrations.AddIndex(
            "account",
            models.Index(fields=["clinic", "id"], condition=~models.Q(kind="patient"), name="patients_account_others"),
        )
    ]
