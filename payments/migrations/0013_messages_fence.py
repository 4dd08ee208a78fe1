"""Messages behind the fence."""

from django.db import migrations

from clinicpay.clinics.db.operations import Fence


class Migration(migrations.Migration):
    dependencies = [("payments", "0012_messages")]

    operations = [
        Fence("Message", "select, insert, update (state, attempts, next_at, fault, settled_at, body)"),
    ]
