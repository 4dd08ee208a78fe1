"""The drill: a backup is restored on an empty server and compared with what was written down when it was made."""

import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import models
from django.db.migrations.loader import MigrationLoader

from balances.checks import run_checks
from clinicpay.backups import attacks, programs
from clinicpay.backups.digests import tables_of
from clinicpay.backups.dump import refuse_blind_role
from clinicpay.backups.manifest import DUMP, MEDIA, Manifest, Unreadable, differences, read
from clinicpay.backups.scratch import Scratch, application_on, major_version, scratch_server
from clinicpay.clinics.commands import long_scope
from clinicpay.clinics.db import catalogue
from clinicpay.clinics.queries import all_clinics
from clinicpay.embedded import roles
from clinicpay.embedded.paths import StartupProblem

EXAMPLES = 10


@dataclass
class Found:
    """One check: how many things it looked at, and what was wrong with which of them."""

    name: str
    looked_at: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def restore_drill(folder: Path, superuser_url: str | None = None) -> list[Found]:
    """Check a backup by restoring it; the checks in their order. A damaged backup is not restored at all."""
    found, manifest = _files(folder)
    if manifest is None or found.wrong:
        return [found]
    results = [found, _timed("version", _version, manifest), _timed("stored files", _stored_files, folder)]
    if any(result.wrong for result in results):
        return results
    with scratch_server(superuser_url) as scratch:
        restored = _timed("restore", _restore, folder, scratch)
        results.append(restored)
        if not restored.wrong:
            results += [
                _timed("tables", _tables, manifest, scratch.superuser),
                _timed("fence", _fence, scratch),
                _timed("ledger", _ledger, scratch),
                _timed("attacks", _attacks, scratch),
            ]
    return results


def _timed(name: str, check: Callable[..., tuple[int, list[str]]], *of: object) -> Found:
    begin = time.monotonic()
    looked_at, wrong = check(*of)
    return Found(name, looked_at, wrong, round(time.monotonic() - begin, 2))


def _files(folder: Path) -> tuple[Found, Manifest | None]:
    """The files are those on the list, byte by byte."""
    try:
        manifest = read(folder)
    except Unreadable as problem:
        return Found("files", 1, [str(problem)]), None
    return _timed("files", lambda: (len(manifest.files), list(differences(folder, manifest)))), manifest


def _version(manifest: Manifest) -> tuple[int, list[str]]:
    """This ClinicPay has the migrations that the backup had: with others its checks would ask the wrong questions."""
    here = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    wrong = sorted(set(manifest.migrations) ^ here)
    hint = f": made by ClinicPay {manifest.version}; run the drill with that version" if wrong else ""
    return len(here), [f"{name}{hint}" for name in wrong]


def _stored_files(folder: Path) -> tuple[int, list[str]]:
    if not (folder / MEDIA).exists():
        return 0, []
    with tarfile.open(folder / MEDIA) as tar:
        return sum(member.isfile() for member in tar), []


def _restore(folder: Path, scratch: Scratch) -> tuple[int, list[str]]:
    options = ("--exit-on-error", "--jobs=2", f"--dbname={roles_database(scratch)}", str(folder / DUMP))
    try:
        programs.run("pg_restore", *options, url=scratch.superuser, server=major_version(scratch.superuser))
    except StartupProblem as problem:
        return 1, [str(problem)]
    return 1, []


def roles_database(scratch: Scratch) -> str:
    """The name of the database to restore into."""
    return scratch.superuser.partition("?")[0].rpartition("/")[2]


def compare(folder: Path, url: str) -> list[Found]:
    """A database that was restored for real beside what was written down; the files are checked first."""
    found, manifest = _files(folder)
    if manifest is None or found.wrong:
        return [found]
    return [found, _timed("tables", _tables, manifest, url)]


def _tables(manifest: Manifest, url: str) -> tuple[int, list[str]]:
    """Every table has the rows that were there at the moment of the backup, and no other."""
    with roles.connect(url) as connection, connection.transaction():
        refuse_blind_role(connection)
        here = tables_of(connection)
    wrong = [
        f"{name}: {there.rows if there else 'no'} rows were written down, {mine.rows if mine else 'none'} restored"
        + (", and they differ" if there and mine and there.rows == mine.rows else "")
        for name in sorted({*manifest.tables, *here})
        if (there := manifest.tables.get(name)) != (mine := here.get(name))
    ]
    return sum(table.rows for table in here.values()), wrong


def _fence(scratch: Scratch) -> tuple[int, list[str]]:
    """Policies, keys, triggers and rights came back: the catalogue has no finding."""
    tenants: list[type[models.Model]] = catalogue.tenant_models()
    with roles.connect(scratch.superuser) as connection:
        wrong = [f"{lint}: {one}" for lint in catalogue.LINTS for one in catalogue.findings(connection, lint)]
        wrong += catalogue.missing_tenant_keys(connection, tenants)
    return len(catalogue.LINTS) + len(tenants), wrong


def _ledger(scratch: Scratch) -> tuple[int, list[str]]:
    """`check_ledger` over every clinic."""
    rows, wrong = 0, []
    with application_on(scratch.app):
        for slug, clinic in all_clinics().items():
            with long_scope(clinic):
                for found in run_checks():
                    rows += found.rows
                    if found.differences:
                        wrong.append(f"{slug}: {found.check.name}, {found.differences} wrong: {found.check.meaning}")
    return rows, wrong


def _attacks(scratch: Scratch) -> tuple[int, list[str]]:
    with application_on(scratch.app):
        return attacks.attempts(), [f"{one} was not refused" for one in attacks.successes()]


def report(results: list[Found]) -> dict[str, Any]:
    """The results for machines."""
    checks = [
        {
            "name": one.name,
            "rows": one.looked_at,
            "differences": len(one.wrong),
            "examples": one.wrong[:EXAMPLES],
            "seconds": one.seconds,
        }
        for one in results
    ]
    return {"ok": not any(one.wrong for one in results), "checks": checks}


def words(results: list[Found]) -> Iterator[str]:
    """The results as lines of a table, each fault below its check."""
    yield f"{'check':<14}{'looked at':>12}{'wrong':>8}{'seconds':>10}"
    for one in results:
        yield f"{one.name:<14}{one.looked_at:>12,}{len(one.wrong):>8,}{one.seconds:>10.2f}"
        yield from (f"    {fault}" for fault in one.wrong[:EXAMPLES])
