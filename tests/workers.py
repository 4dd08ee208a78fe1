"""Two workers share one run of the suite: what each has for itself, and which tests stay together."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connections
from psycopg.conninfo import conninfo_to_dict
from xdist.scheduler import LoadScopeScheduling

from clinicpay.embedded.paths import make_folder
from clinicpay.embedded.postgres import Cluster
from clinicpay.embedded.servers import Tenancy, environment_of
from tests.ports import remember_port

TOGETHER = ("tests/embedded/", "tests/backups/")
"""Folders whose tests share a server of their own."""
APART = ("tests/access/", "tests/ui/test_every_page.py")
"""Their functions need not meet: what they share is made in no time, or by all."""
LONGEST = ("tests/ui/test_every_page.py", "tests/embedded/", "tests/backups/", "tests/journeys/", "tests/security/")
"""They begin, so that no worker is left with one of them in the end."""
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")


@contextmanager
def database_server() -> Iterator[None]:
    """A PostgreSQL for each worker; the first, and a run without workers, has the one of the environment.

    A database of its own would not do: a line of the trail is sealed when no transaction of the whole server is older.
    """
    if WORKER == "gw0":
        yield
        return
    folder = make_folder(Path(os.environ["CLINICPAY_DATA"]) / WORKER)
    tenancy = Tenancy(Cluster(remember_port(folder), durable=False))
    tenancy.enter(in_passing=False)
    try:
        os.environ |= environment_of(tenancy.cluster) | {"CLINICPAY_DATA": str(folder)}
        for alias, variable in (("default", "DATABASE_URL"), ("owner", "DATABASE_OWNER_URL")):
            login = conninfo_to_dict(os.environ[variable])
            connections[alias].settings_dict |= {"PORT": login["port"], "PASSWORD": login["password"]}
        yield
    finally:
        tenancy.leave_and_stop(patience=3)


def take_own_cache() -> None:
    """Each worker counts sign-ins in a numbered database of its own on the one cache server.

    None has number 0, where the broker's queues are: a test that clears its cache would clear them too.
    """
    number = int(WORKER.removeprefix("gw")) + 1
    address = urlsplit(settings.CACHES["default"]["LOCATION"])._replace(path=f"/{number}").geturl()
    settings.CACHES["default"]["LOCATION"] = os.environ["CACHE_URL"] = address


class ByFile(LoadScopeScheduling):
    """A file goes to one worker: what it has set up is used to the end."""

    def _split_scope(self, nodeid: str) -> str:
        folder = next((folder for folder in TOGETHER if nodeid.startswith(folder)), "")
        if folder:
            return folder
        return nodeid.partition("[")[0] if nodeid.startswith(APART) else nodeid.partition("::")[0]


def longest_first(nodeid: str) -> int:
    """Sorts tests by how long their files take."""
    return next((place for place, name in enumerate(LONGEST) if nodeid.startswith(name)), len(LONGEST))
