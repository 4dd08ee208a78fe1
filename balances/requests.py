"""One-time keys: the same form sent sixteen times is one act and sixteen equal answers."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from balances.models import RequestKey
from clinicpay.clinics.refusals import Conflict
from clinicpay.clinics.scope import current_clinic_id


@dataclass(frozen=True)
class Once:
    """A form's one-time key, with a digest of what the form asks for."""

    key: UUID
    body: str

    @classmethod
    def of(cls, key: UUID, **order: Any) -> "Once":
        """The key of a form that asks for `order`, any plain values."""
        text = json.dumps(order, sort_keys=True, cls=DjangoJSONEncoder, default=str)
        return cls(key, hashlib.sha256(text.encode()).hexdigest())


class Repeated(Exception):
    """The act has been done; `answer` is what it answered then."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("This was saved already.")
        self.answer = answer


class KeyReused(Conflict):
    """The key was used for something else, or by somebody else: answered with 409, nothing shown."""

    def __init__(self) -> None:
        super().__init__("This form was already used for something else. Load the page again and repeat your entry.")


_CLAIM = """
insert into balances_requestkey (clinic_id, key, user_id, body, at) values (%s, %s, %s, %s, now())
on conflict (clinic_id, key) do nothing
"""


_ANSWER = "update balances_requestkey set answer = %s::jsonb where key = %s"


def claim(once: Once, *, user_id: int | None) -> None:
    """Take the key for this transaction; a second taker waits here until the first has committed.

    Raises Repeated with the first one's answer, KeyReused if the form or the person differs.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [current_clinic_id(), once.key, user_id, once.body])
        if cursor.rowcount:
            return
    row = RequestKey.objects.get(key=once.key)
    if (row.body, row.user_id) != (once.body, user_id):
        raise KeyReused
    if row.answer is not None:
        raise Repeated(row.answer)


def was_answered(key: str) -> bool:
    """Whether a form with this key was done: what it asks for then no longer fits what is owed now."""
    try:
        return RequestKey.objects.filter(key=UUID(key), answer__isnull=False).exists()
    except ValueError:
        return False


def answer(once: Once, value: dict[str, Any]) -> None:
    """Keep what the act answers, for the next arrival of the same key."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWER, [json.dumps(value), once.key])
