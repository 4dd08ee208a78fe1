"""Supporting documents and finance notes, of a payment, of a treatment or of an account.

Another kind of thing that should have them gets a key of its own here, and its name in SUBJECTS.
"""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from clinicpay.clinics.models import TenantForeignKey, TenantModel
from clinicpay.patients.models import Account
from payments.models.payments import Payment
from payments.states import Paper
from treatments.models import TreatmentEvent

SUBJECTS = ("payment", "event", "account")
"""What may have documents and notes, by the name of its key."""

Subject = Payment | TreatmentEvent | Account

LONGEST_NOTE = 2000


def one_subject(name: str) -> models.CheckConstraint:
    """A row is about exactly one thing."""
    condition = Q()
    for chosen in SUBJECTS:
        condition |= Q(**{f"{other}__isnull": other != chosen for other in SUBJECTS})
    return models.CheckConstraint(condition=condition, name=name)


def about(subject: Subject) -> dict[str, Subject]:
    """The key under which rows name their subject."""
    key = {Payment: "payment", TreatmentEvent: "event", Account: "account"}[type(subject)]
    return {key: subject}


class Attached(TenantModel):
    """A row about a payment, a treatment or an account."""

    payment = TenantForeignKey(Payment, null=True, related_name="+")
    event = TenantForeignKey(TreatmentEvent, null=True, related_name="+")
    account = TenantForeignKey(Account, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = True

    @property
    def subject(self) -> Any:
        """The payment, the treatment or the account."""
        return self.payment or self.event or self.account

    @property
    def patient_id(self) -> int | None:
        """The patient whom its subject names, if any; the trail keeps it."""
        return getattr(self.subject, "patient_id", None)


class Document(Attached):
    """A file that somebody attached: its cleaned name, the type of its bytes, what it is as they say, who brought it.

    A removed one stays as a row, with who, when and why; its bytes are served to nobody.
    """

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=100)
    what = models.CharField(max_length=12, choices=Paper, default=Paper.OTHER)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by_id = models.BigIntegerField(null=True, editable=False)
    uploaded_at = models.DateTimeField(default=timezone.now, editable=False)
    removed_by_id = models.BigIntegerField(null=True, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)
    removed_why = models.CharField(max_length=500, blank=True)

    class Meta(Attached.Meta):
        constraints = [
            *Attached.Meta.constraints,
            one_subject("payments_document_subject"),
            models.CheckConstraint(condition=Q(size__gt=0), name="payments_document_size"),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_why="") | Q(removed_at__isnull=False) & ~Q(removed_why=""),
                name="payments_document_removed",
            ),
            models.UniqueConstraint(
                fields=["clinic", "payment", "event", "account", "sha256"],
                condition=Q(removed_at__isnull=True),
                nulls_distinct=False,
                name="payments_document_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "payment", "-id"], name="payments_document_payment"),
            models.Index(fields=["clinic", "event", "-id"], name="payments_document_event"),
            models.Index(
                fields=["clinic", "account", "-id"],
                condition=Q(account__isnull=False),
                name="payments_document_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.subject}"


class DocumentContent(TenantModel):
    """The bytes of a document, apart from its row so that lists never read them."""

    document = TenantForeignKey(Document, related_name="content")
    data = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["clinic", "document"], name="payments_documentcontent_document"),
        ]

    def __str__(self) -> str:
        return f"content of document {self.document_id}"


class Note(Attached):
    """What somebody who sees money has to say of it. It is never changed; a wrong one is put right by another."""

    text = models.CharField(max_length=LONGEST_NOTE)
    made_by_id = models.BigIntegerField(null=True, editable=False)
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(Attached.Meta):
        constraints = [*Attached.Meta.constraints, one_subject("payments_note_subject")]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "payment", "-id"], name="payments_note_payment"),
            models.Index(fields=["clinic", "event", "-id"], name="payments_note_event"),
            models.Index(
                fields=["clinic", "account", "-id"], condition=Q(account__isnull=False), name="payments_note_account"
            ),
        ]

    def __str__(self) -> str:
        return f"note on {self.subject}"
