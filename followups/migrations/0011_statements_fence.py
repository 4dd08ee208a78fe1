"""Statements behind the fence: what went out never changes, nor does its PDF."""

from django.db import migrations

from clinicpay.clinics.db.operations import Fence


class Migration(migrations.Migration):
    dependencies = [("followups", "0010_statements")]

    operations = [
        Fence("StatementRun", "select, insert, update (finished_at, stopped_at, problem)"),
        Fence("Statement", "select, insert"),
        Fence("StatementFile", "select, insert"),
        Fence("StatementLine", "select, insert, update (state, reason, statement_id)"),
    ]
