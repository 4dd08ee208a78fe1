"""Treatments behind the fence; their allowed moves."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("treatments", "0001_initial"), ("staff", "0002_fence"), ("patients", "0002_fence")]

    operations = [
        Fence("PriceItem", "select, insert, update (description, discipline, fee, active)"),
        Fence(
            "TreatmentEvent",
            "select, insert, update (practitioner_id, location_id, service_at, discipline, title, state, clinical_notes, closed_at)",
        ),
        Fence("Procedure", "select, insert, delete, update (line, code, description, fee)"),
        run_sql_file(SQL / "0002_states.sql"),
    ]
