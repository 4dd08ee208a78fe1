"""Documents, their bytes and notes behind the fence: only a document can change, by being removed."""

from django.db import migrations

from clinicpay.clinics.db.operations import Fence


class Migration(migrations.Migration):
    dependencies = [("payments", "0014_files"), ("treatments", "0002_fence")]

    operations = [
        Fence("Document", "select, insert, update (removed_at, removed_by_id, removed_why)"),
        Fence("DocumentContent", "select, insert"),
        Fence("Note", "select, insert"),
    ]
