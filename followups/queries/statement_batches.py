"""Who would get a statement of a filtered queue, and what became of a batch."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils import timezone

from clinicpay.clinics.numbers import shown
from clinicpay.patients.models import Account, Patient
from followups.models import Statement, StatementLine, StatementRun
from payments.models import Message

SHOWN = 5
"""Batches that the page of a new one lists."""


@dataclass(frozen=True)
class Planned:
    """One account of the list: where its statement would go (`to`, or paper), unless it is `left_out`."""

    account_id: int
    number: int
    name: str
    owes: int
    to: str
    wrong: str
    last_number: int | None
    last_at: datetime | None
    left_out: bool

    @property
    def last_ref(self) -> str:
        """The number of the last statement, if there was one."""
        return shown(Statement.KIND, self.last_number) if self.last_number else ""


@dataclass(frozen=True)
class Batch:
    """All of a list, as its page counts them."""

    planned: list[Planned]

    @cached_property
    def given(self) -> list[Planned]:
        """Those who get one."""
        return [one for one in self.planned if not one.left_out]

    @property
    def left_out(self) -> list[Planned]:
        """Those who had one a short while ago."""
        return [one for one in self.planned if one.left_out]

    @property
    def mailed(self) -> list[Planned]:
        """Those who get it by email."""
        return [one for one in self.given if one.to]

    @property
    def printed(self) -> list[Planned]:
        """Those who get it on paper."""
        return [one for one in self.given if not one.to]

    @property
    def owed(self) -> int:
        """What those who get one owe together, in minor units."""
        return sum(one.owes for one in self.given)

    @property
    def seal(self) -> str:
        """What its page shows, in short: a form carries it, and does nothing else (decisions/0097)."""
        told = repr([(one.account_id, one.to) for one in self.given])
        return hashlib.sha256(told.encode()).hexdigest()[:32]


def batch_of(rows: QuerySet[Account], recent: int, most: int) -> Batch:
    """The first `most` of a list, the oldest debt first; who was sent one in the last `recent` days is left out."""
    last = Statement.objects.filter(account=OuterRef("pk")).order_by("-pk")
    patients = Patient.objects.filter(account=OuterRef("pk")).exclude(email="").order_by("pk")
    found = rows.order_by("oldest_open", "pk").values_list(
        *("pk", "number", "name", "owes", "email"),
        Subquery(patients.values("email")[:1]),
        Subquery(last.values("number")[:1]),
        Subquery(last.values("made_at")[:1]),
    )
    since = timezone.now() - timedelta(days=recent)
    return Batch([_planned(row, since if recent else None) for row in found[:most]])


def _planned(row: Any, since: datetime | None) -> Planned:
    pk, number, name, owes, own, patients, last_number, last_at = row
    address = own or patients or ""
    to = address if not address or is_good(address) else ""
    left_out = bool(since and last_at and last_at > since)
    return Planned(pk, number, name, owes, to, address if address != to else "", last_number, last_at, left_out)


def is_good(address: str) -> bool:
    """Whether an email could be sent there at all."""
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True


def address_of(account: Account) -> str:
    """Where an account's statement goes if nobody says otherwise: its own address, or a patient's."""
    patients = Patient.objects.filter(account=account).exclude(email="").order_by("pk")
    address = account.email or patients.values_list("email", flat=True).first() or ""
    return address if is_good(address) else ""


@dataclass(frozen=True)
class Standing:
    """How many lines of a batch are in each state."""

    waiting: int
    sent: int
    printed: int
    left_out: int

    @property
    def total(self) -> int:
        """All lines."""
        return self.waiting + self.done

    @property
    def done(self) -> int:
        """Lines that are through."""
        return self.sent + self.printed + self.left_out


def standing_of(run: StatementRun) -> Standing:
    """The figures of a batch; what the mail server refused in the end was not sent."""
    counted = dict(run.lines.order_by().values_list("state").annotate(Count("pk")))
    state = StatementLine.State
    waiting = sum(counted.get(one, 0) for one in StatementLine.OPEN)
    failed = run_lines(run).filter(state=state.SENT, mail=Message.State.FAILED).count()
    sent, printed, left_out = (counted.get(one, 0) for one in (state.SENT, state.PRINTED, state.LEFT_OUT))
    return Standing(waiting, sent - failed, printed, left_out + failed)


def newest_runs() -> QuerySet[Any]:
    """The newest batches with how many accounts each is about: who left one finds it again here."""
    rows = StatementRun.objects.select_related("asked_by__user").annotate(count=Count("lines"))
    return rows.order_by("-number")[:SHOWN]


def run_lines(run: StatementRun) -> QuerySet[Any]:
    """A batch's lines with what became of their emails; what was not sent first."""
    messages = Message.objects.filter(statement=OuterRef("statement")).order_by("-pk")
    rows = run.lines.annotate(mail=Subquery(messages.values("state")[:1]), fault=Subquery(messages.values("fault")[:1]))
    return rows.select_related("account", "statement").defer("statement__content").order_by("state", "pk")


def statements_in(run: StatementRun, *, printed: bool) -> QuerySet[Statement]:
    """The statements of a batch in order: those to print, or all."""
    rows = Statement.objects.filter(run=run).select_related("link", "location", "account").order_by("number")
    return rows.filter(to="") if printed else rows
