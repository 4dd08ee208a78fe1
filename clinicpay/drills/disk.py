"""D11: the database's disk is full while payments are taken: said in words, nothing half done, on again with room."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from clinicpay.embedded.paths import StartupProblem
from clinicpay.embedded.postgres import SUPERUSER

from .away import lies, payments
from .frame import NotHere, Outcome
from .people import DONE, Cashier, at_work, desk
from .scene import Scene, passable_folder, scene

MB = 1024 * 1024
SIZE = 384 * MB
"""Of the small disk: a database of demo clinics and its journal fit."""
LARGEST = 4096 * MB
"""A disk that somebody offers is filled up; a larger one is hardly meant."""
PEOPLE, LONG, RECOVERY = 4, 60, 30
SMALL_JOURNAL = {"max_wal_size": "64MB", "min_wal_size": "32MB"}
WORDS = "Nothing of your last step was saved"

LINE = """insert into public.naive
          select %s, string_agg(md5(random()::text), '') from generate_series(1, 200)"""
"""What does not fit where its header still did."""

HALVES = """
select
  (select count(*) from payments_payment p where memo like 'drill-%' and (
     (select count(*) from balances_credit c where c.payment_id = p.id and c.amount = p.amount) <> 1
     or (select count(*) from audit_auditevent e where e.action = 'payment.received'
         and e.subject_id = p.receipt_id and e.clinic_id = p.clinic_id) <> 1
     or not exists (select from balances_requestkey k where k.clinic_id = p.clinic_id
         and k.answer->>'receipt' = (select number::text from payments_receipt r where r.id = p.receipt_id)))
  ) as "payments without receipt, money, trail or key",
  (select count(*) from payments_receipt r
   where not exists (select from payments_payment p where p.receipt_id = r.id)) as "receipts without payment",
  (select count(*) from balances_credit c
   where not exists (select from balances_entry e where e.credit_id = c.id)) as "money without lines",
  (select count(*) from balances_posting p
   where not exists (select from balances_entry e where e.posting_id = p.id)) as "postings without lines"
"""
"""What is there without the rest of it."""


def run(outcome: Outcome) -> None:
    """Somebody else's file takes all room; then the journal's room goes, too; then both come back."""
    with small_disk() as disk, scene(SMALL_JOURNAL, disk) as place:
        place.prepare("--bare")
        with place.web(processes=2) as port:
            people = desk(port, PEOPLE)
            with at_work(people):
                _fill_and_free(outcome, place, disk / "ballast", people)
            for person in people:
                person.resend()
        _judge(outcome, place, people)


def _fill_and_free(outcome: Outcome, place: Scene, ballast: Path, people: list[Cashier]) -> None:
    """Payments go on meanwhile."""
    time.sleep(3)
    # Open before: the first of a new connection's acts is to write a file.
    naive = psycopg.connect(place.cluster.url(SUPERUSER), autocommit=True)
    naive.execute("create table public.naive as select -1::bigint as id, 'whole' as line")
    fill(ballast)
    full = time.monotonic()
    wait(lambda: any(503 in one.answers for person in people for one in person.attempts))
    outcome.figures["control: half writes of a naive writer"] = naive_halves(naive)
    outcome.figures["PostgreSQL stops without journal"] = journal_runs_out(naive)
    naive.close()
    time.sleep(3)
    ballast.unlink()
    room = time.monotonic()
    start(place)
    wait(lambda: any(_taken_since(room, people)))
    back = min(_taken_since(room, people), default=float("inf"))
    outcome.figures |= {
        "seconds without room": round(room - full, 1),
        "seconds until payments are taken again": round(back - room, 1),
    }
    outcome.expect(back - room <= RECOVERY, "it took too long to go on")
    time.sleep(3)


def _taken_since(moment: float, people: list[Cashier]) -> list[float]:
    return [one.ended for person in people for one in person.attempts if one.ended > moment and one.answers[-1] in DONE]


def _judge(outcome: Outcome, place: Scene, people: list[Cashier]) -> None:
    attempts = [attempt for person in people for attempt in person.attempts]
    refused = [one for one in attempts if one.refusals]
    statuses = Counter(status for one in attempts for status in one.answers)
    kept, halves, ledger = payments(place), half_writes(place), place.manage("check_ledger")
    outcome.figures |= {
        "payments tried / refused / acknowledged": f"{len(attempts)} / {len(refused)} / "
        f"{sum(one.acknowledged for one in attempts)}",
        "answers to payments": dict(sorted(statuses.items())),
        "acknowledged and lost": lies(attempts, kept),
        **halves,
    }
    control = outcome.figures["control: half writes of a naive writer"]
    outcome.expect(control > 0, "a naive writer left nothing half: the disk was not full")
    outcome.expect(503 in statuses, "the full disk refused nothing")
    outcome.expect(set(statuses) <= {302, 503}, f"payments were answered {dict(statuses)}")
    outcome.expect(all(WORDS in page for one in refused for page in one.refusals), "a refusal said nothing of it")
    outcome.expect(not any(halves.values()), "something is half written")
    outcome.expect(lies(attempts, kept) == 0, "an acknowledged payment is lost")
    outcome.expect(max(kept.values()) == 1, "a payment was taken twice")
    outcome.expect(all(one.acknowledged for one in attempts), "a form that was sent again was not done")
    outcome.expect(ledger.returncode == 0, f"check_ledger: {ledger.stdout[-300:]}")


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system that may be filled up: mounted in memory, or a folder that CLINICPAY_SMALL_DISK names."""
    offered = os.environ.get("CLINICPAY_SMALL_DISK")
    if offered:
        if shutil.disk_usage(offered).total > LARGEST:
            raise NotHere(f"CLINICPAY_SMALL_DISK={offered} is larger than {LARGEST // MB} MB: it would be filled up.")
        yield Path(offered)
        return
    if os.geteuid():
        raise NotHere(
            "Needs root, to mount a small disk; or mount one of 400 to 4000 MB, and name it in CLINICPAY_SMALL_DISK."
        )
    folder = passable_folder()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=711", "clinicpay-drill", str(folder)]
    try:
        if (done := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
            raise NotHere(
                f"No small disk can be mounted here ({done.stderr.strip()}); name one in CLINICPAY_SMALL_DISK."
            )
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)  # noqa: S607
        folder.rmdir()


def fill(ballast: Path) -> None:
    """Take all room of a disk, to the last page."""
    with ballast.open("wb", buffering=0) as file:
        for size in (MB, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def half_writes(place: Scene) -> dict[str, int]:
    """How often something is there without the rest of it."""
    with psycopg.connect(place.cluster.url(SUPERUSER), row_factory=dict_row) as superuser:
        return superuser.execute(HALVES).fetchone() or {}


def naive_halves(naive: psycopg.Connection) -> int:
    """The control: header and lines each by themselves, as a form without a transaction would write them."""
    with suppress(psycopg.errors.DiskFull):
        for number in range(10_000):
            naive.execute("insert into public.naive values (%s, null)", [number])
            naive.execute(LINE, [number])
    row = naive.execute(
        "select count(*) from (select id from public.naive group by id having count(line) = 0) as half"
    ).fetchone()
    return row[0] if row else 0


def journal_runs_out(superuser: psycopg.Connection) -> bool:
    """Write to the journal alone until PostgreSQL has no room for it, and ends. Whether it did."""
    with suppress(psycopg.OperationalError):
        for _ in range(SIZE // MB):
            superuser.execute("select pg_logical_emit_message(false, 'drill', repeat('x', 1024 * 1024))")
        return False
    return True


def start(place: Scene) -> None:
    """As an operator does: again, while PostgreSQL is still ending by itself."""
    deadline = time.monotonic() + LONG
    while True:
        try:
            return place.cluster.start()
        except StartupProblem:
            if time.monotonic() > deadline:
                raise


def wait(until: Callable[[], bool]) -> None:
    """Look again and again, for a bounded time."""
    deadline = time.monotonic() + LONG
    while not until() and time.monotonic() < deadline:
        time.sleep(0.1)
