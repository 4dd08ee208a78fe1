"""Stands in for the pages: says which process answers, to whom, and how much it was sent."""

import json
import os
import resource
from collections.abc import Iterable
from typing import Any

from clinicpay.serving import Worker


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer everything."""
    sent = len(environ["wsgi.input"].read())
    page = json.dumps({"process": os.getpid(), "path": environ["PATH_INFO"], "sent": sent}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(page)))])
    return [page]


class Patient(Worker):
    """Sends nobody away, however long a busy machine takes."""

    patience = 3600.0


class Hasty(Worker):
    """Sends away soon who says nothing."""

    patience = 0.1


class Cramped(Worker):
    """Lets only two wait."""

    room = 2


class Tired(Worker):
    """Has no patience left once it has answered."""

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Answer, and then wait for nobody."""
        super().handle(listener, client, addr)
        self.patience = 0.0


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


class Poor(Patient):
    """Has room for three connections more than it began with."""

    def run(self) -> None:
        """Answer, with that little."""
        free = [number for number in range(1000) if not _is_open(number)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (free[4], free[4]))  # the first is the selector's own
        super().run()
