"""Where a bench runs: a database, a folder and a web server of its own, so that it meets nobody else's data."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clinicpay.embedded.locks import FileLock
from clinicpay.embedded.parts import Part, fresh_log, last_lines, stop_all
from clinicpay.embedded.paths import PROJECT, StartupProblem, data_folder, kept_secret, make_folder, private_folder
from clinicpay.embedded.postgres import Cluster, port_is_free
from clinicpay.embedded.ready import wait_until_ready
from clinicpay.embedded.removal import remove_database
from clinicpay.embedded.servers import Tenancy, environment_of
from clinicpay.embedded.stopping import ignore_signals
from clinicpay.embedded.supervisor import ADDRESSES_FOR_SET_UP

WORKERS = 2
"""Web processes, as `make run` has them."""


@contextmanager
def own_servers(*, keep: bool) -> Iterator[Path]:
    """A durable PostgreSQL in var/bench with the present schema, and an environment that leads to it.

    Without `keep` it begins with an empty database, and the folder is removed in the end.
    """
    folder = make_folder(data_folder() / "bench")
    alone = FileLock(folder / "run.lock")
    if not alone.try_take():
        raise StartupProblem(f"Another bench is running in {folder}.")
    if not keep:
        _empty(folder)
    tenancy = Tenancy(Cluster(folder))
    try:
        tenancy.enter(in_passing=False)
        os.environ |= environment_of(tenancy.cluster)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "SECRET_KEY": kept_secret(folder / "secret_key"),
            "STATIC_ROOT": str(folder / "static"),
            "STATEMENT_TIMEOUT_MS": "60000",  # a naive page at a million rows must be allowed to end
            "ALLOWED_HOSTS": "127.0.0.1",
            "PROGRAMS": str(tenancy.cluster.program("psql").parent),
        }
        manage("migrate", "--noinput", "--verbosity", "0")
        manage("collectstatic", "--noinput", "--verbosity", "0")
        yield folder
    finally:
        ignore_signals()
        tenancy.leave_and_stop(patience=5)
        if not keep:
            _empty(folder)
        alone.release()


def manage(*arguments: str) -> None:
    """Run a command of manage.py on the bench's database."""
    done = subprocess.run(
        [sys.executable, str(PROJECT / "manage.py"), *arguments], stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise StartupProblem(f"`manage.py {arguments[0]}` failed (exit code {done.returncode}).")


def _empty(folder: Path) -> None:
    """Remove everything but the lock that says who is at work here."""
    remove_database(folder)
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in {"run.lock", "made-by-clinicpay"}:
            path.unlink()


@contextmanager
def web(folder: Path, port: int) -> Iterator[Part]:
    """The application behind gunicorn on a port that was free, as `make run` serves it."""
    if not port_is_free(port):
        raise StartupProblem(f"Port {port} is taken; choose another one: make bench ARGS='--port 8100'.")
    log = fresh_log(private_folder(folder / "log") / "web.log")
    environment = {name: value for name, value in os.environ.items() if name not in ADDRESSES_FOR_SET_UP}
    module = ["gunicorn", "clinicpay.wsgi:application", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    part = Part("web", [*module, "--workers", str(WORKERS)], log=log, environment=environment)
    try:
        wait_until_ready(port, part.ended)
        yield part
        ensure_alive(part)
    finally:
        stop_all([part], patience=5)


def ensure_alive(part: Part) -> None:
    """A dead server answers nothing very fast: figures after its end would mean nothing."""
    if not part.watched().is_alive():
        raise StartupProblem(f"The web server has ended:\n{last_lines(part.log)}")


def exchange(port: int, request: bytes) -> bytes:
    """One request and its whole answer, by the barest client there is: the bench must not wait for its own tools."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        pieces = []
        while piece := connection.recv(262_144):
            pieces.append(piece)
    return b"".join(pieces)
