"""Cash and cheques of a location are found without the other payments."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0028_tally_places")]

    operations = [
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                condition=models.Q(("external_ref", ""), ("method__in", ["cash", "cheque"])),
                fields=["clinic", "location", "id"],
                name="payments_payment_banked",
            ),
        ),
    ]
