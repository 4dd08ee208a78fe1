"""Who uses the embedded database, who may stop it, and the environment that leads Django to it."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import FrameType

from . import roles
from .locks import FileLock, only_one
from .paths import StartupProblem, data_folder, kept_secret
from .postgres import SUPERUSER, Cluster
from .valkey import Broker

ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_BACKUP_URL", "DATABASE_SUPERUSER_URL")
BROKERS = ("REDIS_URL", "CACHE_URL")


class Tenancy:
    """One process's use of a cluster.

    All users hold one lock together. A server that was started in passing (by manage.py) is stopped by
    whoever leaves last; a server that a supervisor started is stopped by that supervisor and by nobody else.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.started_here = False
        self._use: FileLock | None = None

    def enter(self, *, in_passing: bool) -> None:
        """Make sure that the server runs, with its roles, and stays up while we use it."""
        with self._turn():
            self._use = FileLock(self.cluster.data / "postgres.use")
            self._use.take(shared=True)
            if not self.cluster.running():
                self._in_passing.touch() if in_passing else self._in_passing.unlink(missing_ok=True)
                self.cluster.start()
                self.started_here = True
            prepare_once(self.cluster)

    def leave(self) -> None:
        """Stop using the server; stop it if it was started in passing and nobody else is left."""
        with self._turn():
            if self._let_go() and self._in_passing.exists():
                self.cluster.stop()

    def leave_and_stop(self, *, patience: float) -> None:
        """Stop the server: always if it was started here, otherwise unless somebody else is using it."""
        with self._turn():
            if self._let_go() or self.started_here:
                self.cluster.stop(patience=patience)

    def _let_go(self) -> bool:
        """End our use; answers whether ours was the last."""
        if self._use is None:
            return False
        was_last = self._use.try_take()
        self._use.release()
        self._use = None
        return was_last

    def _turn(self) -> AbstractContextManager[None]:
        return only_one(self.cluster.data / "postgres.turn")

    @property
    def _in_passing(self) -> Path:
        return self.cluster.data / "postgres_started_in_passing"


def prepare_once(cluster: Cluster) -> None:
    """Create the roles and the database, again only when the rules in roles.py have changed."""
    marker = cluster.prepared_marker
    rules = hashlib.sha256(Path(roles.__file__).read_bytes()).hexdigest()
    if marker.exists() and marker.read_text() == rules:
        return
    roles.prepare_database(
        superuser_url=cluster.url(SUPERUSER, database="postgres"),
        app_url=cluster.url(roles.APP),
        owner_url=cluster.url(roles.OWNER),
        backup_password=cluster.password(roles.BACKUP),
    )
    marker.write_text(rules)


def environment_of(cluster: Cluster) -> dict[str, str]:
    """The addresses of the database, one for each role that can log in."""
    return {
        "DATABASE_URL": cluster.url(roles.APP),
        "DATABASE_OWNER_URL": cluster.url(roles.OWNER),
        "DATABASE_BACKUP_URL": cluster.url(roles.BACKUP),
        "DATABASE_SUPERUSER_URL": cluster.url(SUPERUSER),
    }


def fill_in_defaults(data: Path) -> None:
    """Settings that a fresh shell lacks; whatever is set already stays."""
    os.environ["CLINICPAY_DATA"] = str(data)
    os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost")
    if "SECRET_KEY" not in os.environ:
        os.environ["SECRET_KEY"] = kept_secret(data / "secret_key")


@contextmanager
def embedded_environment() -> Iterator[None]:
    """For manage.py: without DATABASE_URL, lead Django to the embedded database while the block lasts.

    The broker is used if a supervisor runs one, never started.
    """
    roles.refuse_malformed(ADDRESSES, BROKERS)
    if os.environ.get("DATABASE_URL"):
        # A container has no data folder of its own, and needs none: it is given all its settings.
        with suppress(StartupProblem):
            fill_in_defaults(data_folder())
        yield
        return
    data = data_folder()
    # A TERM must end the command the way Ctrl+C does, or it would leave the server behind.
    signal.signal(signal.SIGTERM, _exit_on_signal)
    tenancy = Tenancy(Cluster(data))
    tenancy.enter(in_passing=True)
    try:
        fill_in_defaults(data)
        os.environ.update(environment_of(tenancy.cluster))
        broker = None if os.environ.get("REDIS_URL") else Broker(data).url()
        if broker:
            os.environ["REDIS_URL"] = broker
        yield
    finally:
        tenancy.leave()


def _exit_on_signal(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
