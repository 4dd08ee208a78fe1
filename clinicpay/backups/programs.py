"""Which of PostgreSQL's programs to use: a client must be at least as new as the server."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from clinicpay.embedded.paths import StartupProblem
from clinicpay.embedded.postgres import installed_programs


def run(name: str, *options: str, url: str, server: int) -> str:
    """Run a program of PostgreSQL on the database of a URL; the server's major version chooses which."""
    command = [str(program(name, server)), "--no-password", *options]
    done = subprocess.run(
        command, env=_environment(url), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = [line for line in done.stderr.strip().splitlines() if "error:" in line] or ["no reason given"]
        raise StartupProblem(f"{name} failed: {reason[0]}")
    return done.stdout


def program(name: str, server: int) -> Path:
    """The first that is new enough: of the machine, then of the package that brings the embedded server."""
    found: list[str] = []
    for path in _candidates(name):
        version = _major(path)
        if version >= server:
            return path
        found.append(f"{path} is version {version}")
    raise StartupProblem(
        f"{name} of PostgreSQL {server} or later is needed; {', '.join(found) or 'none was found'}. "
        f"On Debian it is in the package postgresql-client-{server}."
    )


def _candidates(name: str) -> Iterator[Path]:
    on_path = shutil.which(name)
    if on_path:
        yield Path(on_path)
    installed = installed_programs()
    if installed:
        yield installed / name


def _major(path: Path) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\) (\d+)", said)
    return int(version[1]) if version else 0


def _environment(url: str) -> dict[str, str]:
    """The login as the environment has it: on a command line everybody on the machine could read the password."""
    parts = urlsplit(url)
    login = {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
        **{f"PG{name.upper()}": value for name, value in parse_qsl(parts.query) if name.startswith("ssl")},
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DATABASE_"))}
    return clean | {name: value for name, value in login.items() if value}
