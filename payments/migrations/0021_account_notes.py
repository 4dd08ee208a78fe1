"""An account may have documents and notes, as payments and treatments have."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from clinicpay.clinics.db.operations import AddTenantForeignKey
from clinicpay.clinics.models import TenantForeignKey

KEYS = ("payment", "event", "account")


def _one_of(*keys: str) -> Q:
    condition = Q()
    for chosen in keys:
        condition |= Q(**{f"{other}__isnull": other != chosen for other in sorted(keys)})
    return condition


def _account() -> TenantForeignKey:
    return TenantForeignKey(
        "patients.account",
        null=True,
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0020_open_deposits"),
        ("patients", "0006_oldest_open"),
        ("treatments", "0005_own_fields"),
    ]

    operations = [
        migrations.RemoveConstraint("document", "payments_document_subject"),
        migrations.RemoveConstraint("document", "payments_document_once"),
        migrations.RemoveConstraint("note", "payments_note_subject"),
        migrations.AddField("document", "account", _account()),
        migrations.AddField("note", "account", _account()),
        migrations.AddIndex(
            "document",
            models.Index(
                fields=["clinic", "account", "-id"],
                condition=Q(account__isnull=False),
                name="payments_document_account",
            ),
        ),
        migrations.AddIndex(
            "note",
            models.Index(
                fields=["clinic", "account", "-id"], condition=Q(account__isnull=False), name="payments_note_account"
            ),
        ),
        migrations.AddConstraint(
            "document", models.CheckConstraint(condition=_one_of(*KEYS), name="payments_document_subject")
        ),
        migrations.AddConstraint(
            "document",
            models.UniqueConstraint(
                fields=["clinic", "payment", "event", "account", "sha256"],
                condition=Q(removed_at__isnull=True),
                nulls_distinct=False,
                name="payments_document_once",
            ),
        ),
        migrations.AddConstraint(
            "note", models.CheckConstraint(condition=_one_of(*KEYS), name="payments_note_subject")
        ),
        AddTenantForeignKey("Document", "account"),
        AddTenantForeignKey("Note", "account"),
    ]
