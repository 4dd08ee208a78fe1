"""Patients are found by their day of birth and by their phone, too."""

from pathlib import Path

from django.db import migrations, models

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("patients", "0002_fence")]

    operations = [
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(fields=["clinic", "birth_date"], name="patients_patient_born"),
        ),
        run_sql_file(SQL / "0003_phones.sql"),
    ]
