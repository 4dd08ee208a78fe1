"""Sealing the trail in blocks, and proving that nothing sealed has changed since.

A block covers every row of a window of transactions that were all finished when it was made, so a slow one
can't slip a row into the past. Each block's head covers the head before it: whoever noted a head elsewhere
can tell later whether the trail up to there is still the same.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from clinicpay.audit.models import AuditBlock, AuditEvent


def seal() -> list[AuditBlock]:
    """Seal what is settled of the clinic in scope; the new blocks, none if nothing was."""
    last = AuditBlock.objects.order_by("-number").values_list("number", flat=True).first() or 0
    with connection.cursor() as cursor:
        made = True
        while made:
            cursor.execute("insert into audit_auditblock default values")
            made = cursor.rowcount == 1
    return list(AuditBlock.objects.filter(number__gt=last).order_by("number"))


@dataclass
class Proof:
    """What a check of the trail has found; `faults` are sentences, none if the trail is whole."""

    head: str = ""
    blocks: int = 0
    sealed_at: datetime | None = None
    rows: int = 0
    waiting: int = 0
    since: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the trail is as it was sealed."""
        return not self.faults


_BLOCKS = """
select b.number, b.server_id, b.starts, b.below, b.previous, b.head, b.sealed_at, b.size,
       audit_block_head(b) = b.head, w.size,
       (w.size, w.first_id, w.last_id, w.rows_hash) = (b.size, b.first_id, b.last_id, b.rows_hash)
from audit_auditblock b
left join lateral audit_window(b.clinic_id, b.server_id, b.starts, b.below) w on b.number > %s
order by b.number
"""

_OPEN = """
select count(*), count(*) filter (where e.server_id <> (select audit_server()))
from audit_auditevent e
left join (select server_id, max(below) as below from audit_auditblock group by server_id) s using (server_id)
where e.transaction_id >= coalesce(s.below, 0)
"""


def prove(*, newest: int | None = None) -> Proof:
    """Compute the clinic's blocks again, or as many as hold the `newest` rows, and follow the chain of all of them."""
    proof = Proof(since=_all_but(newest))
    with connection.cursor() as cursor:
        cursor.execute(_BLOCKS, [proof.since])
        chain = _Chain(proof)
        for row in cursor.fetchall():
            chain.follow(_Block(*row))
        cursor.execute(_OPEN)
        waiting, strangers = cursor.fetchone()
    if strangers and chain.is_here:
        proof.faults.append(f"{_rows(strangers)} claim to come from another server, after this one had taken over.")
    proof.waiting = waiting
    return proof


def holds(head: str) -> bool:
    """Whether a head that was noted earlier is still in the clinic's chain."""
    return AuditBlock.objects.filter(head=head.strip().lower()).exists()


def oldest_waiting() -> datetime | None:
    """When the oldest row was written that no block covers yet."""
    last = AuditBlock.objects.order_by("-number").first()
    rows = AuditEvent.objects.order_by("server_id", "transaction_id", "id")
    if last:
        rows = rows.filter(server_id=last.server_id, transaction_id__gte=last.below)
    return rows.values_list("at", flat=True).first()


def _all_but(rows: int | None) -> int:
    """Number of the last block that is not computed again, so that at most so many rows are."""
    if rows is not None:
        for number, size in AuditBlock.objects.order_by("-number").values_list("number", "size").iterator():
            rows -= size
            if rows < 0:
                return int(number)
    return 0


@dataclass(frozen=True)
class _Block:
    """A stored block beside what its rows and columns give today."""

    number: int
    server: int
    starts: int
    below: int
    previous: str
    head: str
    sealed_at: datetime
    size: int
    head_fits: bool
    found: int | None
    rows_fit: bool | None


class _Chain:
    """Walks the blocks in order and writes down what doesn't fit."""

    def __init__(self, proof: Proof) -> None:
        self.proof, self.covered = proof, dict[int, int]()
        self.server: Any = None

    @property
    def is_here(self) -> bool:
        """Whether the newest block was sealed by this server."""
        with connection.cursor() as cursor:
            cursor.execute("select audit_server()")
            return bool(cursor.fetchone()[0] == self.server)

    def follow(self, block: _Block) -> None:
        """Check one block against its rows and against the one before it."""
        proof, fault = self.proof, self.proof.faults.append
        if block.number != proof.blocks + 1:
            fault(f"Block {proof.blocks + 1} is missing.")
        elif block.previous != proof.head:
            fault(f"Block {block.number} does not follow block {proof.blocks}: one of them was rewritten.")
        if not block.head_fits:
            fault(f"Block {block.number} was rewritten: its head is not that of its contents.")
        if block.starts != self.covered.get(block.server, 0):
            fault(f"Block {block.number} does not begin where the block before it ends.")
        if block.rows_fit is False:
            now = "they were changed" if block.found == block.size else f"{block.found} stand there now"
            fault(f"Block {block.number} sealed {_rows(block.size)}; {now}.")
        proof.blocks, proof.head, proof.sealed_at = block.number, block.head, block.sealed_at
        proof.rows += block.found or 0
        self.covered[block.server] = block.below
        self.server = block.server


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"
