"""Columns of the queue."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.numbers import shown
from clinicpay.patients.models import Account
from clinicpay.staff.access import ClinicRequest
from clinicpay.ui.cells import moment, pill
from clinicpay.ui.export import Amount
from clinicpay.ui.tables import Empty, ListTable, column
from followups.next_action import next_action
from followups.queries import BUCKETS, bucket_of, by_bucket, lines
from followups.states import AttemptOutcome


class QueueTable(ListTable):
    """Accounts with outstanding balance (S2.11–S2.15, S2.46): the oldest open invoice first."""

    request: ClinicRequest

    account = column("Account", order_by="name")
    owes = column("Balance", order_by="owes", css="text-end")
    days = column("Days", order_by="-oldest_open", css="text-end")
    oldest = column("Oldest invoice", order_by="oldest_open")
    first = column("0-30", order_by=None, css="text-end wide-only")
    second = column("31-60", order_by=None, css="text-end wide-only")
    third = column("61-90", order_by=None, css="text-end wide-only")
    fourth = column("90+", order_by=None, css="text-end wide-only")
    last = column("Last contact", order_by=None)
    next = column("Next action", order_by=None)
    who = column("Who", order_by=None, css="desk-only")

    row_template = "followups/queue_rows.html"
    noun = "accounts"
    two_lines = True
    empty = Empty("Nobody owes anything", "Accounts with unpaid invoices are listed here.", icon="circle-check")
    never_null = frozenset({"oldest_open"})
    shape = staticmethod(lines)

    class Meta:
        order_by = "-days"

    @cached_property
    def drawn(self) -> list[dict[str, Any]]:
        """The rows as the template draws them."""
        clinic = self.request.member.clinic
        zone, today = clock.zone(clinic), clock.today(clinic)
        return [
            {
                "key": line["pk"],  # a link that has an id keeps the focus when the list is drawn anew
                "url": address(clinic, "follow_up", number=line["number"]),
                "name": line["name"],
                "patients": _others(line),
                "owes": money.show(line["owes"], clinic.currency),
                "days": (age := (today - line["oldest_open"]).days),
                "is_old": bucket_of(age) is BUCKETS[-1],
                "oldest": moment(line["oldest_open"], zone),
                "parts": [_part(minor, clinic.currency) for minor in by_bucket(line, today).values()],
                "last": _last(line["attempt"], zone),
                "next": (action := next_action(line["case"], line["instalment"], clinic)),
                "pill": pill(action.state, action.label),
                "who": (line["case"] or {}).get("worker_name") or "",
            }
            for line in self.shown.rows
        ]


def _others(line: dict[str, Any]) -> str:
    """The patients of an account besides the person whose name it has."""
    names = [f"{one['first']} {one['last']}".strip() for one in line["treated"]]
    return ", ".join(name for name in names if name != line["name"])


def _part(minor: int, currency: str) -> str:
    """What is owed in one bucket; nothing where that is nothing, so that amounts stand out."""
    return money.show(minor, currency) if minor else ""


def _last(attempt: dict[str, Any] | None, zone: Any) -> dict[str, Any] | None:
    if attempt is None:
        return None
    at = datetime.fromisoformat(attempt["at"])
    return {"at": moment(at, zone), "outcome": AttemptOutcome(attempt["outcome"]).label}


EXPORTED = (
    *("Account", "Name", "Patients", "Balance", "Days", "Oldest invoice"),
    *(bucket.key for bucket in BUCKETS),
    *("In hand", "Last contact", "Outcome", "Next action", "Due", "Who"),
)
"""The columns of the queue as a file."""


def exported(keys: Sequence[int], clinic: Clinic) -> Iterator[tuple[Any, ...]]:
    """The queue's lines of these accounts, in their order, as cells of a file."""
    zone, today = clock.zone(clinic), clock.today(clinic)
    found = {line["pk"]: line for line in lines(keys)}
    for line in (found[key] for key in keys if key in found):
        said, action = line["attempt"], next_action(line["case"], line["instalment"], clinic)
        yield (
            shown(Account.KIND, line["number"]),
            line["name"],
            _others(line),
            _plain(line["owes"], clinic),
            (today - line["oldest_open"]).days,
            line["oldest_open"],
            *(_plain(minor, clinic) for minor in by_bucket(line, today).values()),
            _plain(line["in_hand"], clinic),
            datetime.fromisoformat(said["at"]).astimezone(zone) if said else "",
            AttemptOutcome(said["outcome"]).label if said else "",
            action.label,
            action.text,
            (line["case"] or {}).get("worker_name") or "",
        )


def _plain(minor: int, clinic: Clinic) -> Amount:
    return Amount(money.plain(minor, clinic.currency))
