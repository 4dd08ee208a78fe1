"""Packages behind the fence; their parts sum to their price."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import AddTenantForeignKey, Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("treatments", "0006_packages")]

    operations = [
        Fence("Package", "select, insert, update (name, price, cancelled)"),
        AddTenantForeignKey("TreatmentEvent", "package"),
        run_sql_file(SQL / "0007_packages.sql"),
    ]
