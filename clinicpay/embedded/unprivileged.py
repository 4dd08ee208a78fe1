"""Running the database as somebody other than root, as it insists, without opening anybody's folders."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .paths import StartupProblem

CANDIDATES = ("postgres", "nobody")
POINTER = "postgres_home"
# Where services keep their data; root alone may write there.
FALLBACK = Path("/var/lib/clinicpay")


@dataclass(frozen=True)
class ServerUser:
    """The account that runs the database server: ourselves, or an unprivileged one when we are root."""

    name: str
    uid: int
    gid: int

    @property
    def is_somebody_else(self) -> bool:
        """Whether a server process has to change its user."""
        return self.uid != os.geteuid()

    def process_options(self) -> dict[str, Any]:
        """What subprocess needs to start a program as this user, in a working folder that it can read."""
        options: dict[str, Any] = {"cwd": "/"}
        if self.is_somebody_else:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def can_enter(self, folder: Path) -> bool:
        """Whether the user gets into the folder, asked of the kernel by a process of that user."""
        return self._succeeds(["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)])

    def can_run(self, program: Path) -> bool:
        """Whether the user can execute the program with all that it loads."""
        return self._succeeds([str(program), "--version"])

    def owned_folder(self, folder: Path) -> Path:
        """The folder, made for this user alone if it is missing."""
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
            if self.is_somebody_else:
                os.chown(folder, self.uid, self.gid)
        return folder

    def _succeeds(self, command: list[str]) -> bool:
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, check=False, **self.process_options()
            )
        except OSError:
            return False
        return done.returncode == 0


def server_user(data: Path) -> ServerUser:
    """Who runs the database of this data folder: the present user, or for root an unprivileged account.

    Files that are already there decide: root takes over the account that owns them.
    """
    owner = _owner_of_files(data)
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise StartupProblem(f"The database in {data} belongs to another user; start ClinicPay as that user.")
        return ServerUser(str(os.geteuid()), os.geteuid(), os.getegid())
    for user in _unprivileged_accounts(owner):
        if user.can_enter(Path("/")):
            return user
    raise StartupProblem(
        "PostgreSQL does not run as root and there is no user postgres or nobody to run it; "
        "start ClinicPay as an ordinary user or set DATABASE_URL."
    )


def home_for(user: ServerUser, data: Path) -> Path:
    """The folder of the database files: inside the data folder, or where the user can reach it.

    A pointer file remembers another place, so that the answer never changes once there is a database.
    """
    home = _present_home(data)
    if not home.exists() and not user.can_enter(data):
        home = _reachable_folder(user, data)
        (data / POINTER).write_text(f"{home}\n")
        print(
            f"The user {user.name}, who runs the database, cannot reach {data}: it is kept in {home}",
            file=sys.stderr,
            flush=True,
        )
    user.owned_folder(home)
    if not user.can_enter(home):
        raise StartupProblem(f"The user {user.name}, who runs the database, cannot reach {home}.")
    return home


def _present_home(data: Path) -> Path:
    pointer = data / POINTER
    return Path(pointer.read_text().strip()) if pointer.exists() else data / "postgres"


def _owner_of_files(data: Path) -> int | None:
    home = _present_home(data)
    return home.stat().st_uid if home.exists() else None


def _unprivileged_accounts(owner: int | None) -> Iterator[ServerUser]:
    if owner:
        entry = pwd.getpwuid(owner)
        yield ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
        return
    for name in CANDIDATES:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            yield ServerUser(name, entry.pw_uid, entry.pw_gid)


def _reachable_folder(user: ServerUser, data: Path) -> Path:
    with suppress(OSError):
        FALLBACK.mkdir(mode=0o755, exist_ok=True)
    if not user.can_enter(FALLBACK):
        raise StartupProblem(f"The user {user.name}, who runs the database, cannot reach {data}; set CLINICPAY_DATA.")
    return FALLBACK / hashlib.sha256(str(data).encode()).hexdigest()[:12]


def reachable_binaries(user: ServerUser, home: Path, installed: Path, libraries: Path) -> Path:
    """The folder of PostgreSQL's programs; a copy in the home when the user cannot run the installed ones."""
    if user.can_run(installed / "bin" / "postgres"):
        return installed / "bin"
    program = (installed / "bin" / "postgres").stat()
    version = hashlib.sha256(f"{program.st_size} {program.st_mtime_ns}".encode()).hexdigest()[:12]
    copy = home / f"programs-{version}"
    if not copy.exists():
        draft = home / f"programs-{os.getpid()}"
        # The programs find their libraries by a path relative to themselves, so both keep their places.
        shutil.copytree(installed, draft / installed.parent.name / installed.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        draft.chmod(0o755)
        draft.rename(copy)
        print(
            f"The user {user.name} cannot reach PostgreSQL's programs: copied to {copy}",
            file=sys.stderr,
            flush=True,
        )
    programs = copy / installed.parent.name / installed.name / "bin"
    if not user.can_run(programs / "postgres"):
        raise StartupProblem(f"PostgreSQL's programs do not run on this machine as the user {user.name}.")
    return programs
