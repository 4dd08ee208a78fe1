"""Parts of packages are billed as they were split; money held for a package; exceptions behind the fence."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import AddTenantForeignKey, Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("balances", "0017_packages"), ("treatments", "0007_packages_fence")]

    operations = [
        AddTenantForeignKey("HoldCriteria", "package"),
        Fence("BalanceException", "select, insert, update (lifted_at)"),
        run_sql_file(SQL / "0018_packages.sql"),
    ]
