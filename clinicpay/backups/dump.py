"""Making a backup: a dump, the roles, stored files, and the list that proves them, all of one moment."""

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg

import clinicpay
from clinicpay.backups import programs
from clinicpay.backups.digests import tables_of
from clinicpay.backups.manifest import DUMP, MEDIA, ROLES, Manifest, hash_of
from clinicpay.embedded import roles
from clinicpay.embedded.paths import StartupProblem


def back_up(target: Path, *, url: str, media: Path | None = None) -> Manifest:
    """Write a backup of the database at `url` to the folder `target`, which appears only when it is complete."""
    with _draft(target) as draft, roles.connect(url) as connection:
        server = connection.info.server_version // 10000
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            refuse_blind_role(connection)
            (snapshot,) = connection.execute("select pg_export_snapshot()").fetchone() or ("",)
            options = ["--format=custom", f"--file={draft / DUMP}", f"--snapshot={snapshot}"]
            programs.run("pg_dump", *options, url=url, server=server)
            tables, migrations = tables_of(connection), migrations_of(connection)
        (draft / ROLES).write_text(roles.roles_script())
        if media and media.is_dir():
            with tarfile.open(draft / MEDIA, "w") as tar:
                tar.add(media, arcname=".")
        manifest = Manifest(
            version=clinicpay.__version__,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            server=connection.info.parameter_status("server_version") or "",
            migrations=migrations,
            tables=tables,
            files={file.name: hash_of(file) for file in sorted(draft.iterdir())},
        )
        manifest.write(draft)
    return manifest


def refuse_blind_role(connection: psycopg.Connection) -> None:
    """Raise unless the connected role sees the rows of every clinic: what it can't see would be missing."""
    found = connection.execute(
        "select rolbypassrls or rolsuper, rolname from pg_roles where rolname = current_user"
    ).fetchone()
    if found is None or not found[0]:
        raise StartupProblem(
            f"{found and found[1]} can't make backups: row level security hides rows from it. Use {roles.BACKUP}."
        )


class FolderTaken(StartupProblem):
    """What stands at the address of the new backup is no new or empty folder."""


def migrations_of(connection: psycopg.Connection) -> list[str]:
    """The migrations that a database has had, as app.name."""
    return [name for (name,) in connection.execute("select app || '.' || name from django_migrations order by 1")]


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """A folder beside the target for the owner alone; it takes the target's name at the end, or is removed."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FolderTaken(f"{target} is there already and is not an empty folder; nothing was written.")
    draft = target.parent / f".{target.name}.{os.getpid()}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
        yield draft
        for file in draft.iterdir():
            file.chmod(0o600)
            _to_disk(file)
        _to_disk(draft)
        draft.rename(target)
        _to_disk(target.parent)
    except OSError as error:
        raise StartupProblem(f"{target} can't be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
