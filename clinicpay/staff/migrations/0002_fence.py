"""Memberships behind the fence; the narrow questions that are asked before it."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("staff", "0001_initial"), ("clinics", "0002_fence")]

    operations = [
        migrations.RunSQL(
            "grant select, insert, update on staff_user to clinicpay_app", "revoke all on staff_user from clinicpay_app"
        ),
        Fence("Membership", "select, insert, update (role, active)"),
        Fence("Practitioner", "select, insert, update (name, discipline, member_id, active)"),
        Fence("Invitation", "select, insert, update (accepted_at, expires_at)"),
        run_sql_file(SQL / "0002_doors.sql"),
    ]
