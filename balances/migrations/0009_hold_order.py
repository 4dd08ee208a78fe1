"""Pre-payments of which something is left, by age and by amount."""

from django.db import migrations, models
from django.db.models import Q

HELD = Q(kind="pre_payment", available__gt=0)


def _index(name: str, field: str) -> migrations.AddIndex:
    """An index of the clinic's open pre-payments."""
    fields = ["clinic", field, "id"]
    return migrations.AddIndex(model_name="credit", index=models.Index(fields=fields, condition=HELD, name=name))


class Migration(migrations.Migration):
    dependencies = [("balances", "0008_waiting_money")]

    operations = [
        _index("balances_credit_held_age", "received_on"),
        _index("balances_credit_held_amount", "available"),
    ]
