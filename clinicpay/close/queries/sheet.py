"""What a closed version keeps of its day: everything that its day sheet shows, and the seal over it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from clinicpay.audit.models import AuditBlock, AuditEvent
from clinicpay.clinics.models import Clinic, Location
from clinicpay.close.models import CashCount, DailyClose
from clinicpay.close.queries.days import current_close
from clinicpay.close.queries.findings import Finding, day_findings
from clinicpay.close.queries.gaps import Gaps, gaps_of
from clinicpay.close.queries.rows import acts_to_see, events_for_sheet, money_for_sheet
from clinicpay.close.queries.totals import Drawer, Tender, acts_of_day, drawer_of, tenders_of_day
from clinicpay.staff.queries import names_of


class Facts(NamedTuple):
    """What a page shows of a day that is not closed, and what its close is made of."""

    tenders: list[Tender]
    drawer: Drawer
    acts: dict[str, int]
    gaps: Gaps
    found: list[Finding]

    @property
    def seal(self) -> str:
        """A digest of it: whoever closes sends it back, and nothing else is closed."""
        count = self.drawer.count.pk if self.drawer.count else 0
        shown = [[one.kept for one in self.tenders], self.acts, [one[:4] for one in self.found], count]
        return digest(shown)


def facts_of(clinic: Clinic, location: Location, day: date) -> Facts:
    """The day as it is now, without the proof of the ledger."""
    return facts_for(clinic, location, day, current_close(location, day))


def facts_for(clinic: Clinic, location: Location, day: date, close: DailyClose | None) -> Facts:
    """The same where the version that counts is known already."""
    tenders = tenders_of_day(location, day)
    drawer = drawer_of(location, day, close, tenders)
    [gaps] = gaps_of(clinic, [(location.pk, day)])
    found = day_findings(clinic.currency, gaps, tenders, drawer)
    return Facts(tenders, drawer, acts_of_day(location, day), gaps, found)


def digest(value: Any) -> str:
    """SHA-256 over a value as JSON, its keys in order."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def snapshot_of(close: DailyClose, clinic: Clinic, facts: Facts, reasons: Mapping[str, str]) -> dict[str, Any]:
    """All that the day sheet will ever show of this version, in minor units; taken while the day is locked."""
    checks = [
        {"check": one.check, "key": one.key, "words": one.words, "reason": reasons[one.key]} for one in facts.found
    ]
    return {
        "clinic": clinic.name,
        "currency": clinic.currency,
        "location": str(close.location),
        "tenders": {one.method: one.kept for one in facts.tenders},
        "acts": facts.acts,
        "count": _count(facts.drawer) if facts.drawer.count else None,
        "findings": [one.check for one in facts.found],
        "checks": checks,
        "events": events_for_sheet(clinic, close.location, close.day),
        "money": money_for_sheet(close.location, close.day),
        "notable": [one._asdict() for one in acts_to_see(clinic, close.location, close.day)],
        "trail": _head(),
    }


def _count(drawer: Drawer) -> dict[str, Any]:
    count: CashCount = drawer.count  # type: ignore[assignment]  # asked before
    return {
        "opening": count.opening,
        "opening_reason": count.opening_reason,
        "expected": drawer.expected,
        "counted": count.counted,
        "difference": drawer.difference,
        "kept": count.kept,
        "banked": drawer.banked,
        "pieces": [[value, pieces] for value, pieces in drawer.pieces.items()],
        "terminals": dict(drawer.terminals),
        "by": names_of([count.made_by_id]).get(count.made_by_id or 0, "ClinicPay"),
    }


def _head() -> dict[str, Any]:
    """The newest seal of the trail at this moment; empty while nothing was sealed."""
    block = AuditBlock.objects.order_by("-number").first()
    return {"block": block.number, "head": block.head} if block else {}


def seal_of(close: DailyClose) -> str:
    """The seal of a closed version: a digest of all that its sheet shows. It never changes, as the version doesn't."""
    told = [close.ref, close.version, close.location_id, close.day.isoformat(), close.reason, close.snapshot]
    return digest(told)


class Proof(NamedTuple):
    """Whether a closed version is what the trail kept of it; `faults` are sentences."""

    seal: str
    head: str
    faults: list[str]


def proofs_of(closes: Sequence[DailyClose]) -> list[Proof]:
    """Compute the seals of versions again, and look for them and for the heads that they name in the trail.

    Two questions for all of them.
    """
    lines = AuditEvent.objects.filter(
        subject_type=DailyClose._meta.label_lower, subject_id__in=[one.pk for one in closes], action="day.closed"
    )
    noted: dict[int, list[str]] = {one.pk: [] for one in closes}
    for line in lines:
        noted[line.subject_id].append(line.after.get("seal", ""))
    heads = {one.pk: (one.snapshot or {}).get("trail", {}).get("head", "") for one in closes}
    known = set(AuditBlock.objects.filter(head__in=set(heads.values())).values_list("head", flat=True))
    return [_proof(one, noted[one.pk], heads[one.pk], known) for one in closes]


def proof_of(close: DailyClose) -> Proof:
    """The proof of one version."""
    return proofs_of([close])[0]


def _proof(close: DailyClose, noted: list[str], head: str, known: set[str]) -> Proof:
    seal, faults = seal_of(close), []
    if seal not in noted:
        faults.append(f"{close.ref} is not what the trail noted when it was closed.")
    if head and head not in known:
        faults.append(f"The head of the trail that {close.ref} names is not in the trail any more.")
    return Proof(seal, head, faults)
