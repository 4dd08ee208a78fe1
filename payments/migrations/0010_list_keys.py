"""What the payments list is sorted by stands on the payment's own row: a name, and due dates with none last."""

import datetime
from pathlib import Path

from django.db import migrations, models
from django.db.models.functions import Coalesce

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


def _due(name: str, day: datetime.date) -> migrations.AddField:
    """The due date, or this day where there is none."""
    field = models.GeneratedField(
        db_persist=True, expression=Coalesce("due_date", models.Value(day)), output_field=models.DateField()
    )
    return migrations.AddField(model_name="payment", name=name, field=field)


def _index(name: str, *fields: str) -> migrations.AddIndex:
    """An index of the clinic's payments."""
    return migrations.AddIndex(model_name="payment", index=models.Index(fields=["clinic", *fields], name=name))


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0002_fence"),
        ("patients", "0003_found_by_birth_and_phone"),
        ("payments", "0009_edits"),
        ("treatments", "0003_begins"),
    ]

    operations = [
        _due("due_first", datetime.date(9999, 12, 31)),
        _due("due_last", datetime.date(1, 1, 1)),
        migrations.AddField(
            model_name="payment",
            name="name_key",
            field=models.CharField(db_collation="C", default="", editable=False, max_length=200),
        ),
        run_sql_file(SQL / "0010_list_keys.sql"),
        _index("payments_payment_name", "name_key", "id"),
        _index("payments_payment_due_first", "due_first", "id"),
        _index("payments_payment_due_last", "due_last", "id"),
        _index("payments_payment_patient", "patient", "-created_at", "-id"),
    ]
