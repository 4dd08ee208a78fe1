"""Reconciliations behind the fence."""

from django.db import migrations

from clinicpay.clinics.db.operations import Fence


class Migration(migrations.Migration):
    dependencies = [("deposits", "0001_reconciliation")]

    operations = [Fence("Reconciliation", "select, insert, update (after_day, missed)")]
