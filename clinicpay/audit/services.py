"""Writing the trail."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from clinicpay.audit.context import request_id
from clinicpay.audit.models import Actor, AuditEvent


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
    """
    AuditEvent.objects.create(
        actor=by.label[:160],
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        subject=str(subject)[:80],
        before=dict(before or {}),
        after=dict(after or {}),
        reason=reason,
        request_id=request_id.get(),
    )


def record_many(
    action: str,
    changes: list[tuple[models.Model, Mapping[str, Any], Mapping[str, Any]]],
    *,
    by: Actor,
    reason: str = "",
) -> None:
    """Like `record` for several subjects of one act: (subject, before, after) each, in one statement."""
    AuditEvent.objects.bulk_create(
        AuditEvent(
            actor=by.label[:160],
            action=action,
            subject_type=subject._meta.label_lower,
            subject_id=subject.pk,
            subject=str(subject)[:80],
            before=dict(before),
            after=dict(after),
            reason=reason,
            request_id=request_id.get(),
        )
        for subject, before, after in changes
    )
