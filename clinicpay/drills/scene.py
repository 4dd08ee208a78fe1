"""A ClinicPay of its own for one drill: servers in a temporary folder, demo clinics, the web as in production."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clinicpay.embedded.parts import Part, stop_all
from clinicpay.embedded.paths import PROJECT, StartupProblem
from clinicpay.embedded.postgres import Cluster, free_port
from clinicpay.embedded.servers import Tenancy, environment_of
from clinicpay.embedded.supervisor import ADDRESSES_FOR_SET_UP, answer_of_readyz
from clinicpay.embedded.valkey import Broker

OURS = ("DATABASE_", "REDIS_", "CACHE_", "CLINICPAY_", "PG")


@dataclass
class Scene:
    """Where a drill happens."""

    data: Path
    cluster: Cluster
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

    def prepare(self) -> None:
        """Tables and demo clinics."""
        for command in ("migrate", "demo"):
            done = self.manage(command)
            if done.returncode:
                raise StartupProblem(f"`manage.py {command}` failed: {done.stderr.strip()[-400:]}")

    @contextmanager
    def web(self, *, processes: int = 4) -> Iterator[int]:
        """The web server, ready; its port."""
        port = free_port()
        environment = {name: text for name, text in self.environment.items() if name not in ADDRESSES_FOR_SET_UP}
        command = ["gunicorn", "clinicpay.wsgi:application", "--bind", f"127.0.0.1:{port}"]
        part = Part("web", [*command, "--workers", str(processes)], log=self.data / "web.log", environment=environment)
        try:
            deadline = time.monotonic() + 30
            while answer_of_readyz(port) != 200:
                if time.monotonic() > deadline:
                    raise StartupProblem("The web server did not become ready.")
                time.sleep(0.1)
            yield port
        finally:
            stop_all([part], patience=5)


@contextmanager
def scene() -> Iterator[Scene]:
    """Durable servers, as in production; nothing of them is left."""
    data = Path(tempfile.mkdtemp(prefix="clinicpay-drill-"))
    data.chmod(0o711)  # the server's unprivileged user has to get through
    cluster, broker = Cluster(data), Broker(data)
    tenancy = Tenancy(cluster)
    try:
        tenancy.enter(in_passing=False)
        environment = {name: text for name, text in os.environ.items() if not name.startswith(OURS)}
        environment |= environment_of(cluster) | {"REDIS_URL": broker.start(), "CLINICPAY_DATA": str(data)}
        environment |= {"SECRET_KEY": "only-for-a-drill", "STATIC_ROOT": str(data / "static")}
        # Pages name their static files without looking for them: none is asked for here.
        environment["STATICFILES_STORAGE"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        yield Scene(data, cluster, environment)
    finally:
        broker.stop()
        tenancy.leave_and_stop(patience=3)
        shutil.rmtree(cluster.home, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)
