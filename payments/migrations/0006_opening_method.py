"""The method of money that an earlier system received; only the words of a choice, no change to the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_refunds_fence")]

    operations = [
        migrations.AlterField(
            model_name="payment",
            name="method",
            field=models.CharField(
                choices=[
                    ("cash", "Cash"),
                    ("card", "Card"),
                    ("cheque", "Cheque"),
                    ("transfer", "Bank transfer"),
                    ("copay", "Copay"),
                    ("other", "Other"),
                    ("opening", "Opening credit"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="refund",
            name="method",
            field=models.CharField(
                choices=[
                    ("cash", "Cash"),
                    ("card", "Card"),
                    ("cheque", "Cheque"),
                    ("transfer", "Bank transfer"),
                    ("copay", "Copay"),
                    ("other", "Other"),
                    ("opening", "Opening credit"),
                ],
                max_length=12,
            ),
        ),
    ]
