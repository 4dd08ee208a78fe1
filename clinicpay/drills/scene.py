"""A ClinicPay of its own for one drill: servers in a temporary folder, demo clinics, the web as in production."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clinicpay.embedded.parts import Part, stop_all
from clinicpay.embedded.paths import PROJECT, StartupProblem
from clinicpay.embedded.postgres import Cluster, free_port
from clinicpay.embedded.ready import wait_until_ready
from clinicpay.embedded.servers import Tenancy, environment_of
from clinicpay.embedded.supervisor import ADDRESSES_FOR_SET_UP
from clinicpay.embedded.unprivileged import POINTER
from clinicpay.embedded.valkey import Broker

READY = 120
"""Seconds for the web server to start; a busy machine takes its time."""
OURS = ("DATABASE_", "REDIS_", "CACHE_", "CLINICPAY_", "PG")


@dataclass
class Scene:
    """Where a drill happens."""

    data: Path
    cluster: Cluster
    broker: Broker
    environment: dict[str, str]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of manage.py here."""
        return subprocess.run(
            [sys.executable, str(PROJECT / "manage.py"), *arguments],
            env=self.environment,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def must(self, *command: str) -> None:
        """Run a command of manage.py that has to succeed."""
        done = self.manage(*command)
        if done.returncode:
            raise StartupProblem(f"`manage.py {command[0]}` failed: {done.stderr.strip()[-400:]}")

    def prepare(self, *demo: str) -> None:
        """Tables and demo clinics; `--bare` ones have nothing but people, patients and prices."""
        self.must("migrate")
        self.must("demo", *demo)

    @contextmanager
    def web(self, *, processes: int = 4, application: str = "clinicpay.wsgi:application") -> Iterator[int]:
        """The web server, ready; its port. A control may name a broken `application`."""
        port = free_port()
        command = ["gunicorn", application, "--bind", f"127.0.0.1:{port}"]
        part = self._part("web", *command, "--workers", str(processes))
        try:
            wait_until_ready(port, part.ended)
            yield port
        finally:
            stop_all([part], patience=5)

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Two processes that take tasks, as in production; in the end they are killed at once."""
        command = ["celery", "--app", "clinicpay", "--quiet", "worker", "--concurrency", "2", "--loglevel", "WARNING"]
        part = self._part("worker", *command)
        try:
            yield
        finally:
            stop_all([part], patience=0)

    def lose_the_queue(self) -> None:
        """The broker dies, its files are gone, and an empty one takes its place."""
        if self.broker.process:
            self.broker.process.kill()
            self.broker.process.wait()
        shutil.rmtree(self.data / "valkey")
        if self.broker.start() != self.environment["REDIS_URL"]:
            raise StartupProblem("Somebody has taken the broker's port.")

    def crash(self) -> None:
        """The database's first process dies; the others follow it, and the next start mends what they left."""
        if running := self.cluster.running():
            os.kill(running.pid, signal.SIGKILL)
        self.cluster.start()

    def _part(self, name: str, *command: str) -> Part:
        environment = {name: text for name, text in self.environment.items() if name not in ADDRESSES_FOR_SET_UP}
        return Part(name, command, log=self.data / f"{name}.log", environment=environment)


def own(folder: Path, cluster: Cluster) -> None:
    """Give a folder with all that is in it to the account that runs the server."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if cluster.user.is_somebody_else:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, cluster.user.uid, cluster.user.gid)


def passable_folder() -> Path:
    """A new folder; the server's unprivileged user has to get through."""
    folder = Path(tempfile.mkdtemp(prefix="clinicpay-drill-"))
    folder.chmod(0o711)
    return folder


@contextmanager
def scene(settings: Mapping[str, str] | None = None, disk: Path | None = None) -> Iterator[Scene]:
    """Durable servers, as in production; nothing of them is left. PostgreSQL may have its files on another `disk`."""
    data = passable_folder()
    if disk:
        (data / POINTER).write_text(f"{disk / data.name}\n")
    cluster, broker = Cluster(data, settings=settings), Broker(data)
    tenancy = Tenancy(cluster)
    try:
        tenancy.enter(in_passing=False)
        environment = {name: text for name, text in os.environ.items() if not name.startswith(OURS)}
        environment |= environment_of(cluster) | {"REDIS_URL": broker.start(), "CLINICPAY_DATA": str(data)}
        environment |= {"SECRET_KEY": "only-for-a-drill", "STATIC_ROOT": str(data / "static")}
        # Pages name their static files without looking for them: none is asked for here.
        environment["STATICFILES_STORAGE"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        yield Scene(data, cluster, broker, environment)
    finally:
        broker.stop()
        tenancy.leave_and_stop(patience=3)
        shutil.rmtree(cluster.home, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)
