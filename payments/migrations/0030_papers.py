"""A document says what it is, such as a cheque."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0029_banked")]

    operations = [
        migrations.AddField(
            model_name="document",
            name="what",
            field=models.CharField(
                choices=[
                    ("slip", "Card slip or receipt"),
                    ("cheque", "Cheque"),
                    ("eob", "Explanation of benefits (EOB)"),
                    ("agreement", "Signed agreement"),
                    ("other", "Other"),
                ],
                default="other",
                max_length=12,
            ),
        ),
    ]
