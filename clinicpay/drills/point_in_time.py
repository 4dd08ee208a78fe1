"""F2, F4: a base backup that is checked bit by bit, and a journal kept elsewhere that leads to before a bad delete."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from clinicpay.backups import programs
from clinicpay.embedded.paths import StartupProblem
from clinicpay.embedded.postgres import DATABASE, SUPERUSER, Cluster
from clinicpay.embedded.servers import environment_of

from .away import lies, payments
from .frame import Outcome
from .people import Attempt, at_work
from .people import desk as people_at
from .scene import Scene, own, passable_folder, scene

SERVER = 18
PEOPLE, WORK = 3, 70
KEPT_EVERY = 50
"""Seconds after which PostgreSQL hands over a piece of the journal that isn't full: what a lost machine costs."""
KNOWN_WITHIN = 30
"""Seconds to which somebody knows when the delete was."""
AT_MOST = 60.0
BAD_DELETE = (
    "set session_replication_role = replica; truncate payments_payment, balances_credit, balances_entry cascade"
)


START = re.compile(r"START WAL LOCATION: \w+/(?P<at>\w+) \(file (?P<file>\w+)\)")
SEGMENT, PAST_HEADER = 16 * 1024 * 1024, 20


@dataclass(frozen=True)
class Kept:
    """What an operator keeps elsewhere: a base backup, and the journal since."""

    base: Path
    journal: Path


@dataclass(frozen=True)
class Desk:
    """Where payments were taken, and which."""

    place: Scene
    attempts: list[Attempt]


def run(outcome: Outcome) -> None:
    """Payments, a bad delete, and the ways back: to before the delete, and from a machine that is lost."""
    elsewhere = passable_folder()
    try:
        journal = elsewhere / "journal"
        with scene(archiving(journal)) as place:
            own(journal, place.cluster)
            place.prepare("--bare")
            kept = Kept(base_backup(place.cluster, elsewhere / "base"), journal)
            _flip(outcome, kept.base, elsewhere / "flipped")
            desk = Desk(place, _work(place))
            gone_with_the_machine = Kept(kept.base, Path(shutil.copytree(journal, elsewhere / "journal-so-far")))
            deleted = bad_delete(place)
            _before_the_delete(outcome, desk, kept, deleted)
            _machine_lost(outcome, place, gone_with_the_machine, deleted)
    finally:
        shutil.rmtree(elsewhere, ignore_errors=True)


def _flip(outcome: Outcome, base: Path, copy: Path) -> None:
    """F2: the backup is whole; with one bit flipped in a table, in the journal, or without a file, it isn't."""
    outcome.figures["base backup: files, MB"] = f"{sum(1 for _ in files_of(base))}, {size_of(base) // 2**20}"
    problem = verified(base)
    outcome.expect(problem is None, f"the base backup is not whole: {problem}")
    table = max(files_of(base / "base"), key=lambda file: file.stat().st_size)
    segment, begin = journal_of(base)
    for name, (victim, at) in {"a table": (table, table.stat().st_size // 2), "the journal": (segment, begin)}.items():
        shutil.copytree(base, copy)
        flip_one_bit(copy / victim.relative_to(base), at)
        found = verified(copy)
        outcome.figures[f"control: bit flipped in {name} found"] = bool(found)
        outcome.expect(bool(found), f"a bit that was flipped in {name} was not found")
        shutil.rmtree(copy)


def _work(place: Scene) -> list[Attempt]:
    with place.web(processes=2) as port:
        people = people_at(port, PEOPLE)
        with at_work(people):
            time.sleep(WORK)
    return [attempt for person in people for attempt in person.attempts]


def bad_delete(place: Scene) -> datetime:
    """Somebody with all rights empties the tables of money. When."""
    with psycopg.connect(place.cluster.url(SUPERUSER), autocommit=True) as superuser:
        at = datetime.now(UTC)
        superuser.execute(BAD_DELETE)
        row = superuser.execute("select pg_walfile_name(pg_switch_wal())").fetchone()
        piece = row[0] if row else ""
        while not _handed_over(superuser, piece):
            time.sleep(0.1)
    return at


def _handed_over(superuser: psycopg.Connection, piece: str) -> bool:
    row = superuser.execute("select last_archived_wal >= %s from pg_stat_archiver", [piece]).fetchone()
    return bool(row and row[0])


def _before_the_delete(outcome: Outcome, desk: Desk, kept: Kept, deleted: datetime) -> None:
    """F4: to the last moment that is surely before the delete; the control goes on to the end of the journal."""
    place, target = desk.place, deleted - timedelta(seconds=KNOWN_WITHIN)
    wall = time.time() - time.monotonic()
    done = [attempt for attempt in desk.attempts if attempt.ended + wall < target.timestamp() - 1]
    begin = time.monotonic()
    with recovered(place.cluster, kept, until=target) as cluster:
        there = replace(place, cluster=cluster, environment=place.environment | environment_of(cluster))
        outcome.figures |= {
            "before the delete: recovery, seconds": round(time.monotonic() - begin, 1),
            "before the delete: data lost, seconds": lost_seconds(there, deleted),
            "acknowledged before the moment chosen / missing": f"{len(done)} / {lies(done, payments(there))}",
        }
        ledger = there.manage("check_ledger")
        outcome.expect(len(done) > 0, "nobody paid before the delete")
        outcome.expect(lies(done, payments(there)) == 0, "payments before the moment chosen are missing")
        outcome.expect(lost_seconds(there, deleted) <= AT_MOST, "more than a minute is lost")
        outcome.expect(ledger.returncode == 0, f"check_ledger: {ledger.stdout[-300:]}")
    with recovered(place.cluster, kept) as cluster:
        left = sum(payments(replace(place, cluster=cluster)).values())
        outcome.figures["control: payments after the whole journal"] = left
        outcome.expect(left == 0, "the whole journal did not bring the delete: the moment chosen proves nothing")


def _machine_lost(outcome: Outcome, place: Scene, kept: Kept, gone: datetime) -> None:
    """Only what was handed over in time is left."""
    with recovered(place.cluster, kept) as cluster:
        there = replace(place, cluster=cluster)
        outcome.figures["machine lost: data lost, seconds"] = lost_seconds(there, gone)
        outcome.expect(lost_seconds(there, gone) <= AT_MOST, "a lost machine costs more than a minute")


def lost_seconds(place: Scene, gone: datetime) -> float:
    """From the last payment that is there to the moment when something was lost."""
    with psycopg.connect(place.cluster.url(SUPERUSER)) as superuser:
        row = superuser.execute("select max(paid_at) from payments_payment where memo like 'drill-%'").fetchone()
    return round((gone - row[0]).total_seconds(), 1) if row and row[0] else float("inf")


def archiving(journal: Path) -> dict[str, str]:
    """What an operator sets: each piece of the journal is copied elsewhere, whole or not at all."""
    return {
        "archive_mode": "on",
        "archive_timeout": f"{KEPT_EVERY}s",
        "archive_command": f"test ! -f {journal}/%f && cp %p {journal}/%f.part && mv {journal}/%f.part {journal}/%f",
    }


def base_backup(cluster: Cluster, folder: Path, *, database: str = DATABASE) -> Path:
    """All files of the running server, with a list of their checksums."""
    options = (f"--pgdata={folder}", "--checkpoint=fast", "--wal-method=stream", "--manifest-checksums=SHA256")
    programs.run("pg_basebackup", *options, url=cluster.url(SUPERUSER, database), server=SERVER)
    return folder


def verified(base: Path) -> str | None:
    """What `pg_verifybackup` has found wrong; None if all is as it was written."""
    command = [str(programs.program("pg_verifybackup", SERVER)), "--exit-on-error", str(base)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.strip() or "it said no" if done.returncode else None


def journal_of(base: Path) -> tuple[Path, int]:
    """The piece of the journal with which a base backup begins, and at which byte of it."""
    found = START.search((base / "backup_label").read_text())
    if not found:
        raise StartupProblem(f"The base backup in {base} does not say where its journal begins.")
    return base / "pg_wal" / found["file"], int(found["at"], 16) % SEGMENT + PAST_HEADER


def flip_one_bit(file: Path, at: int) -> None:
    """In one byte of a file."""
    with file.open("r+b") as bits:
        bits.seek(at)
        (byte,) = bits.read(1)
        bits.seek(-1, os.SEEK_CUR)
        bits.write(bytes([byte ^ 1]))


def files_of(folder: Path) -> Iterator[Path]:
    """All files below a folder."""
    return (path for path in folder.rglob("*") if path.is_file())


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in files_of(folder))


@contextmanager
def recovered(lost: Cluster, kept: Kept, *, until: datetime | None = None) -> Iterator[Cluster]:
    """A new server from what was kept, as it was at a moment, or at the end of the journal."""
    data = passable_folder()
    settings = {"restore_command": f"cp {kept.journal}/%f %p", "recovery_target_action": "promote"}
    if until:
        settings["recovery_target_time"] = until.isoformat(sep=" ")
    cluster = Cluster(data, settings=settings)
    try:
        shutil.copytree(lost.data / "passwords", data / "passwords")
        shutil.copytree(kept.base, cluster.files)
        (cluster.files / "recovery.signal").touch()
        own(cluster.files, cluster)
        own(kept.journal, cluster)
        cluster.start()
        _wait_until_writable(cluster)
        yield cluster
    finally:
        cluster.stop(patience=3)
        shutil.rmtree(cluster.home, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)


def _wait_until_writable(cluster: Cluster, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as superuser:
        while superuser.execute("select pg_is_in_recovery()").fetchone() != (False,):
            if time.monotonic() > deadline:
                raise StartupProblem("PostgreSQL did not come to the end of its recovery.")
            time.sleep(0.1)
