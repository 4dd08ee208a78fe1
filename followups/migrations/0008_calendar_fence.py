"""Calendar feeds and the money of promises behind the fence; the door of a feed; who a callback is handed to."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("followups", "0007_calendar")]

    operations = [
        Fence("CalendarFeed", "select, insert, update (revoked_at)"),
        Fence("PromisePayment"),
        run_sql_file(SQL / "0008_calendar.sql"),
    ]
