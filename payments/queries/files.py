"""Reads of documents and notes for screens."""

from typing import Any

from clinicpay.staff.queries import names_of
from payments.models import Document, Note
from payments.models.files import Subject, about


def documents_of(subject: Subject) -> dict[str, Any]:
    """The documents of a payment or a treatment, newest first, and those that were removed."""
    rows: list[Any] = list(Document.objects.filter(**about(subject)).order_by("-pk"))
    names = names_of(who for row in rows for who in (row.uploaded_by_id, row.removed_by_id))
    for row in rows:
        row.uploaded_by = names.get(row.uploaded_by_id, "")
        row.removed_by = names.get(row.removed_by_id, "")
    return {
        "documents": [row for row in rows if not row.removed_at],
        "documents_removed": [row for row in rows if row.removed_at],
    }


def notes_of(subject: Subject) -> dict[str, Any]:
    """The finance notes of a payment, a treatment or an account, newest first."""
    rows: list[Any] = list(Note.objects.filter(**about(subject)).order_by("-pk")[:200])
    names = names_of(row.made_by_id for row in rows)
    for row in rows:
        row.made_by = names.get(row.made_by_id, "")
    return {"notes": rows}
