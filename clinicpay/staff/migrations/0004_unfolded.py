"""A person keeps parts of pages open."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("staff", "0003_saved_views")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="unfolded",
            field=models.CharField(blank=True, default="", editable=False, max_length=200),
        ),
    ]
