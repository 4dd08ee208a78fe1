"""A real Celery worker for a test: another process, the real broker, a queue that nobody else uses."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from clinicpay.embedded.paths import PROJECT
from tests.conftest import _named

SAYS = "worker.out"


@contextmanager
def a_worker(queue: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of this queue over the test's own database; its mail and what it says go into the folder."""
    told = os.environ | {
        "DATABASE_URL": _named(os.environ["DATABASE_URL"], connection.settings_dict["NAME"]),
        "EMAIL_URL": f"filemail:///{folder}",
        "STATICFILES_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
    }
    command = ["celery", "--app", "clinicpay", "--quiet", "worker", "--pool", "solo", "--queues", queue]
    with (folder / SAYS).open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", *command, "--without-gossip", "--without-mingle", "--without-heartbeat"],
            cwd=PROJECT,
            env=told,
            stdout=output,
            stderr=output,
        )
        try:
            yield worker
        finally:
            worker.terminate()
            worker.wait(60)


def wait_for(found: Callable[[], Any], folder: Path, seconds: float = 120) -> Any:
    """What is found in the end; fails with what the worker said."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(0.2)
    raise AssertionError(f"nothing came; the worker says: {(folder / SAYS).read_text()}")
