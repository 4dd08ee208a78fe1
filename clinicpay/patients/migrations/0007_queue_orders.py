"""The queue of who owes has an index for each order, and one from which its buckets are added up."""

from django.db import migrations, models

OWING = models.Q(oldest_open__isnull=False)


def _index(name: str, *fields: str, **more: list[str]) -> migrations.AddIndex:
    index = models.Index(fields=["clinic", *fields], condition=OWING, name=f"patients_account_{name}", **more)
    return migrations.AddIndex("account", index)


class Migration(migrations.Migration):
    dependencies = [("patients", "0006_oldest_open")]

    operations = [
        migrations.RemoveIndex("account", "patients_account_oldest"),
        _index("oldest", "oldest_open", "id", include=["owes"]),
        _index("owed", "owes", "id"),
        _index("named", "name", "id"),
    ]
