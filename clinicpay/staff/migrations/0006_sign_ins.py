"""Invitations are withdrawn, sign-ins end all at once, and a code of the second step counts once."""

from pathlib import Path

from django.db import migrations, models

from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0008_contact_and_sign_in"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("staff", "0005_delegation"),
    ]

    operations = [
        migrations.AddField("invitation", "withdrawn_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "user", "sign_in_round", models.PositiveIntegerField(db_default=0, default=0, editable=False)
        ),
        migrations.AddField("user", "totp_step", models.BigIntegerField(db_default=0, default=0, editable=False)),
        run_sql_file(SQL / "0006_sign_ins.sql"),
    ]
