"""A message names a statement of its own clinic."""

from django.db import migrations

from clinicpay.clinics.db.operations import AddTenantForeignKey


class Migration(migrations.Migration):
    dependencies = [("payments", "0024_statement_messages"), ("followups", "0011_statements_fence")]

    operations = [AddTenantForeignKey("Message", "statement")]
