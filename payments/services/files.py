"""Attaching documents and notes to a payment or a treatment, and taking a document away again."""

import hashlib

from django.db import IntegrityError, transaction
from django.utils import timezone

from balances.requests import Once, answer, claim
from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from clinicpay.ui.uploads import Checked
from payments.models import Document, DocumentContent, Note
from payments.models.files import Subject, about
from payments.states import Paper

MOST_DOCUMENTS = 100
"""Of one payment or treatment."""


@transaction.atomic
def attach_document(subject: Subject, file: Checked, *, by: Actor, what: Paper = Paper.OTHER) -> Document:
    """Keep a file with a payment or a treatment (S1.78). The same bytes are kept once: raises Refusal."""
    require(by, Can.ATTACH)
    if Document.objects.filter(removed_at=None, **about(subject)).count() >= MOST_DOCUMENTS:
        raise Refusal(f"was not attached: {subject} has {MOST_DOCUMENTS} documents already.")
    document = Document(
        name=file.name,
        kind=file.kind,
        what=what,
        size=len(file.data),
        sha256=hashlib.sha256(file.data).hexdigest(),
        uploaded_by_id=by.user_id,
        **about(subject),
    )
    try:
        with transaction.atomic():
            document.save(force_insert=True)
    except IntegrityError as error:
        raise Refusal(f"is attached already{_as_what(document)}.") from error
    DocumentContent.objects.create(document=document, data=file.data)
    record("document.attached", subject, by=by, after={"document": document.name, "document_is": what})
    return document


def _as_what(document: Document) -> str:
    """The name that the same bytes have here, where it is another one."""
    same = {"removed_at": None, "sha256": document.sha256, **about(document.subject)}
    first = Document.objects.filter(**same).exclude(name=document.name).first()
    return f", as {first.name}" if first else ""


@transaction.atomic
def remove_document(document: Document, *, by: Actor, reason: str) -> Document:
    """Take a document away: its row stays with who, when and why, its bytes are served no more."""
    require(by, Can.ATTACH)
    document = Document.objects.select_for_update(no_key=True).get(pk=document.pk)
    if document.removed_at:
        raise Refusal(f"{document.name} was removed already.")
    document.removed_at, document.removed_by_id, document.removed_why = timezone.now(), by.user_id, reason
    document.save(update_fields=["removed_at", "removed_by_id", "removed_why"])
    record("document.removed", document.subject, by=by, after={"document": document.name}, reason=reason)
    return document


@transaction.atomic
def add_note(subject: Subject, text: str, *, by: Actor, once: Once | None = None) -> Note:
    """Add a finance note to a payment, a treatment or an account (S1.94, S0.8). A repeated `once` raises Repeated."""
    require(by, Can.ATTACH)
    if once:
        claim(once, user_id=by.user_id)
    note = Note.objects.create(text=text, made_by_id=by.user_id, **about(subject))
    record("note.added", subject, by=by, after={"length": len(text)})
    if once:
        answer(once, {"note": note.pk})
    return note
