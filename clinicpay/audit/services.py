"""Writing the trail."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from operator import attrgetter
from typing import Any

from django.db import connection, models
from django.utils import timezone
from django.utils.text import Truncator

from clinicpay.audit.context import request_id, via
from clinicpay.audit.models import (
    LIST_EXPORTED,
    LIST_VIEWED,
    RECORD_EXPORTED,
    RECORD_VIEWED,
    REFUSED,
    Actor,
    AuditEvent,
)
from clinicpay.clinics.db.arrays import TEXTS_END, bigints, texts
from clinicpay.clinics.scope import current_clinic_id, current_user_id

AGAIN = timedelta(minutes=10)
"""A part that a page fetches again, or an attempt that is refused again, within this time is no new line."""

NEWEST = 50
"""Of so many of the person's lines."""

SAME = ("action", "subject_type", "subject_id", "subject", "after")


def record(
    action: str,
    subject: models.Model,
    *,
    by: Actor,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Add one line to the trail, in the transaction of the act itself.

    `action` is dotted past tense ("payment.received"); amounts in `before` and `after` are minor units.
    The words for it stand in clinicpay/trail/words.py.
    """
    _insert(line_of(action, subject, by=by, before=before, after=after, reason=reason))


def line_of(
    action: str,
    subject: models.Model,
    *,
    by: Actor,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEvent:
    """The line that `record` would add, for `record_many` to write together with others."""
    line = _line(action, subject, by)
    line.before, line.after, line.reason = dict(before or {}), dict(after or {}), reason
    return line


def record_many(
    action: str,
    changes: Sequence[tuple[models.Model, Mapping[str, Any], Mapping[str, Any]]],
    *,
    by: Actor,
    reason: str = "",
    also: Sequence[AuditEvent] = (),
) -> None:
    """Like `record` for several subjects of one act: (subject, before, after) each, in one statement.

    `also` are lines of the same act that follow these.
    """
    if also:  # an act of somebody at work, of few lines: all of them in one statement
        lines = [
            line_of(action, subject, by=by, before=before, after=after, reason=reason)
            for subject, before, after in changes
        ]
        AuditEvent.objects.bulk_create([*lines, *also])
    elif changes:
        _insert_many(action, changes, by, reason)


_COLUMNS = attrgetter(
    *("clinic_id", "actor", "action", "subject_type", "subject_id", "subject", "patient_id", "before", "after"),
    *("reason", "request_id", "via", "server_id", "transaction_id"),
)
_INSERT = """
    insert into audit_auditevent (clinic_id, actor, action, subject_type, subject_id, subject, patient_id,
                                  before, after, reason, request_id, via, server_id, transaction_id)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def _insert(line: AuditEvent) -> None:
    """By a statement that stands ready: each page leaves a line, and saving a model makes its statement anew."""
    values = [json.dumps(value) if isinstance(value, dict) else value for value in _COLUMNS(line)]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)


def _insert_many(
    action: str, changes: Sequence[tuple[models.Model, Mapping[str, Any], Mapping[str, Any]]], by: Actor, reason: str
) -> None:
    """All subjects are of one kind. A night writes thousands: built one by one, they would cost more than its money."""
    subjects = [subject for subject, _, _ in changes]
    columns = [
        bigints(subject.pk for subject in subjects),
        bigints(_patient_of(subject) for subject in subjects),
    ]
    words = [
        texts(_name_of(subject) for subject in subjects),
        texts(json.dumps(before) for _, before, _ in changes),
        texts(json.dumps(after) for _, _, after in changes),
    ]
    said = [by.label[:160], action, subjects[0]._meta.label_lower, reason, request_id.get(), via.get()[:80]]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            insert into audit_auditevent (clinic_id, actor, action, subject_type, reason, request_id, via, subject_id,
                                          subject, patient_id, before, after, server_id, transaction_id)
            select %s, %s, %s, %s, %s, %s, %s, l.id, coalesce(l.name, ''), l.patient,
                   l.before::jsonb, l.after::jsonb, 0, 0
            from unnest(%s::bigint[], %s::bigint[], string_to_array(%s, %s), string_to_array(%s, %s),
                        string_to_array(%s, %s))
                 with ordinality as l (id, patient, name, before, after, position)
            order by l.position
            """,
            [current_clinic_id(), *said, *columns, *(part for text in words for part in (text, TEXTS_END))],
        )


def record_view(shown: Any, *, by: Actor, page: str, asked: Mapping[str, str], exported: bool, part: bool) -> None:
    """Somebody saw `shown`: a record, or rows that `asked` has narrowed down (then how many).

    A `part` that the same person has just been shown leaves no second line.
    """
    if isinstance(shown, models.Model):
        line = _line(RECORD_EXPORTED if exported else RECORD_VIEWED, shown, by)
    else:
        line = _bare(LIST_EXPORTED if exported else LIST_VIEWED, page, by, {"asked": dict(asked), "rows": len(shown)})
    if not (part and _just_now(line)):
        _insert(line)


def record_refusal(subject: str, *, by: Actor, why: str) -> None:
    """Somebody tried what their role may not; said again only after a while."""
    line = _bare(REFUSED, subject, by, {"answer": why})
    if not _just_now(line):
        _insert(line)


def _line(action: str, subject: models.Model, by: Actor) -> AuditEvent:
    return AuditEvent(
        actor=by.label[:160],
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        subject=_name_of(subject),
        patient_id=_patient_of(subject),
        request_id=request_id.get(),
        via=via.get()[:80],
    )


def _name_of(subject: models.Model) -> str:
    name = str(subject)
    return name if len(name) <= 80 else str(Truncator(name).chars(80))


def _bare(action: str, subject: str, by: Actor, after: dict[str, Any]) -> AuditEvent:
    """A line about a page rather than about one record."""
    return AuditEvent(
        actor=by.label[:160],
        action=action,
        subject_type="page",
        subject_id=0,
        subject=subject[:80],
        after=after,
        request_id=request_id.get(),
        via=via.get()[:80],
    )


def _patient_of(subject: models.Model) -> int | None:
    """The patient whom a record is about: itself, or the one that it or its treatment names, if that is loaded."""
    if subject._meta.label_lower == "patients.patient":
        return int(subject.pk)
    event = subject._state.fields_cache.get("event")
    found: int | None = getattr(subject, "patient_id", None) or getattr(event, "patient_id", None)
    return found


def _just_now(line: AuditEvent) -> bool:
    """Whether the person's newest lines say the same already; the index on the person finds them at any size."""
    mine = AuditEvent.objects.filter(actor_id=current_user_id()).order_by("-pk")
    wanted, since = [getattr(line, name) for name in SAME], timezone.now() - AGAIN
    return any(at > since and said == wanted for at, *said in mine.values_list("at", *SAME)[:NEWEST])
