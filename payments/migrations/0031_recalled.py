"""A bank transfer can be taken back, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0030_papers")]

    operations = [
        migrations.AlterField(
            model_name="refund",
            name="reason",
            field=models.CharField(
                choices=[
                    ("patient_request", "Patient request"),
                    ("billing_error", "Billing error"),
                    ("not_rendered", "Service not rendered"),
                    ("duplicate", "Duplicate charge"),
                    ("insurance", "Insurance adjustment"),
                    ("other", "Other"),
                    ("bounced", "Bounced cheque"),
                    ("chargeback", "Chargeback"),
                    ("recalled", "Bank transfer taken back"),
                ],
                max_length=16,
            ),
        ),
    ]
