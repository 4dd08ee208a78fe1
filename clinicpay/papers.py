"""Papers that take seconds of a processor: a worker draws a long one, once for each state of what it tells of, and it
is kept (decisions 168, 187). A short one is drawn while somebody waits, and not kept.
"""

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from clinicpay.clinics.models import TenantModel
from clinicpay.clinics.scope import current_clinic_id
from clinicpay.ui.htmx import wants_part
from clinicpay.waking import wake

AT_ONCE = 250
"""Lines that are drawn while somebody waits: about a second (decision 168)."""

RECENT = timedelta(days=1)
"""How long beat finds a paper whose worker was not woken, or died."""

LATE = 30
"""After so many questions (a minute) a page that waits says that this takes long, and has a worker asked anew."""

TOO_LONG = 6
"""Digits that no page counts to."""

Facts = dict[str, Any]
"""All that a paper says, with its record and the `clinic`."""


class Wait(NamedTuple):
    """A page that waits: how often it has asked."""

    times: int

    @property
    def is_late(self) -> bool:
        """Whether it should be there by now."""
        return self.times >= LATE


Record = TypeVar("Record", bound=TenantModel)


class Papers(ABC, Generic[Record]):
    """The papers of one kind of record that has a `state`. `kept` is their model: `of` names its record, beside `state`
    and `content`; `task` of clinicpay.tasks draws one.
    """

    kept: type[TenantModel]
    of: str
    task: str

    @abstractmethod
    def read(self, pk: int) -> Facts:
        """What the paper of a record says, as a worker reads it."""

    @abstractmethod
    def size(self, facts: Facts) -> int:
        """How many lines these facts have on paper."""

    @abstractmethod
    def draw(self, facts: Facts) -> bytes:
        """The PDF of these facts; asks the database nothing."""

    @abstractmethod
    def since(self, moment: datetime) -> QuerySet[Record]:
        """Records that have a paper and took their state since then, with `size` as their lines."""

    def paper(self, facts: Facts) -> bytes | None:
        """The PDF of these facts: drawn now if it is short, else what a worker drew; None until then."""
        if self.size(facts) <= AT_ONCE:
            return self.draw(facts)
        content = self._kept(facts[self.of]).values_list("content", flat=True).first()
        return None if content is None else bytes(content)

    def is_drawn(self, record: Record, size: int) -> bool:
        """Whether the paper of a record of so many lines can be had at once."""
        return size <= AT_ONCE or self._kept(record).exists()

    def ask(self, record: Record, size: int) -> None:
        """Have the paper of a record of so many lines drawn after this transaction, unless it can be had at once."""
        if not self.is_drawn(record, size):
            wake(self.task, current_clinic_id(), record.pk)

    def wait(self, request: HttpRequest, record: Record, size: int) -> Wait | None:
        """How the part of a page that waits for a paper stands; None once the paper is there, or the page is wanted."""
        if not wants_part(request) or self.is_drawn(record, size):
            return None
        said = request.GET.get("times", "")
        wait = Wait(int(said) if said.isdecimal() and len(said) < TOO_LONG else 1)
        if wait.times % LATE == 0:
            self.ask(record, size)
        return wait

    def undrawn(self) -> list[int]:
        """Long ones of the last day that are not there."""
        there = self.kept._default_manager.filter(**{self.of: OuterRef("pk"), "state": OuterRef("state")})
        rows = self.since(timezone.now() - RECENT).filter(~Exists(there))
        return [pk for pk, size in rows.values_list("pk", "size") if size > AT_ONCE]

    def to_draw(self, pk: int) -> Facts | None:
        """What a worker draws, read at once; None when there is nothing to draw any more."""
        facts = self.read(pk)
        return None if self.is_drawn(facts[self.of], self.size(facts)) else facts

    def keep(self, facts: Facts, made: bytes) -> None:
        """Keep the paper of a record as it stood when it was read, unless another worker was faster."""
        record = facts[self.of]
        paper = self.kept(**{self.of: record, "state": record.state, "content": made})
        self.kept._default_manager.bulk_create([paper], ignore_conflicts=True)

    def _kept(self, record: Any) -> QuerySet[Any]:
        return self.kept._default_manager.filter(**{self.of: record, "state": record.state})
