"""`make run`: everything ClinicPay needs, started in order, watched together, stopped together."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from . import roles
from .locks import FileLock
from .parts import LONG, Alarms, Part, Watched, fresh_log, last_lines, stop_all
from .paths import StartupProblem, data_folder, private_folder
from .postgres import Cluster, port_is_free
from .preparation import Preparation
from .ready import wait_until_ready
from .servers import ADDRESSES, BROKERS, Tenancy, environment_of, fill_in_defaults
from .stopping import Stopped, ignore_signals, stop_on_signals
from .system_packages import DOCUMENTS
from .valkey import Broker

# Together under the 5 seconds in which Ctrl+C must have stopped everything.
PARTS_PATIENCE, BROKER_PATIENCE, DATABASE_PATIENCE = 3.2, 0.4, 0.9
# The web and the worker get the application's own login and no stronger one.
ADDRESSES_FOR_SET_UP = ("DATABASE_OWNER_URL", "DATABASE_SUPERUSER_URL", "DATABASE_BACKUP_URL")


def run() -> int:
    """Start everything and stay until asked to end (exit code 0) or until a part ends by itself (1)."""
    stop_on_signals()
    supervisor = Supervisor(data_folder(), chosen_port())
    try:
        supervisor.check()
        supervisor.start()
        return supervisor.watch()
    except Stopped:
        print("Stopping ClinicPay …", flush=True)
        return 0
    finally:
        ignore_signals()
        supervisor.stop()


def chosen_port() -> int:
    """The port of the web server: $PORT, or 8000."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise StartupProblem(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


class Supervisor:
    """One running ClinicPay on one data folder and one port."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.port = port
        self._alone = FileLock(data / "run.lock")
        self._tenancy: Tenancy | None = None
        self._broker: Broker | None = None
        self._preparation = Preparation(data)
        self._parts: list[Part] = []

    def check(self) -> None:
        """Refuse early, in words, what would fail later in a log."""
        if not self._alone.try_take():
            raise StartupProblem(f"ClinicPay is already running with the data folder {self.data}.")
        # The web server of a supervisor that was killed needs a moment to go.
        deadline = time.monotonic() + 2
        while not port_is_free(self.port):
            if time.monotonic() > deadline:
                raise StartupProblem(f"Port {self.port} is taken; choose another one with PORT=8001 make run.")
            time.sleep(0.1)

    def start(self) -> None:
        """Servers, preparation, parts; ready when /readyz says so."""
        fill_in_defaults(self.data)
        if os.environ.get("CLINICPAY_DEMO") != "no":
            os.environ.setdefault("GATEWAY_SIMULATOR", "true")  # demo clinics take cards that don't exist
        DOCUMENTS.provide(self.data)
        self._start_database()
        self._start_broker()
        print("Preparing the database and the pages …", flush=True)
        self._preparation.begin()
        self._preparation.finish_migration()
        # The web comes up while the demo is looked after; the worker finds the demo complete.
        self._preparation.begin_demo()
        self._preparation.finish_collection()
        self._start_parts("web")
        logins = self._preparation.finish_demo()
        wait_until_ready(self.port, self._ended)
        self._parts[0].add_web_process()
        self._start_parts("worker", "beat")
        # In one write: who waits for the address finds the logins below it.
        print(f"ClinicPay is ready on http://127.0.0.1:{self.port}/\n{logins}", flush=True)

    def watch(self) -> int:
        """Stay while every part lives; say which one ended."""
        alarms = Alarms({part.name: part.log for part in self._parts})
        while True:
            ended = self._ended()
            alarms.sound()
            if ended is not None:
                print(last_lines(ended.log), file=sys.stderr)
                print(
                    f"The {ended.name} has ended by itself; stopping the rest. See {ended.log}.",
                    file=sys.stderr,
                )
                return 1
            time.sleep(0.25)

    def stop(self) -> None:
        """Stop what was started here, the web first and the database last."""
        self._preparation.stop()
        stop_all(self._parts, patience=PARTS_PATIENCE)
        if self._broker is not None:
            self._broker.stop(patience=BROKER_PATIENCE)
        if self._tenancy is not None:
            self._tenancy.leave_and_stop(patience=DATABASE_PATIENCE)
        self._alone.release()

    def _start_database(self) -> None:
        if os.environ.get("DATABASE_URL"):
            use_external_database()
            return
        print("Starting PostgreSQL …", flush=True)
        fresh_log(private_folder(self.data / "log") / "postgres.log", longer_than=LONG)
        self._tenancy = Tenancy(Cluster(self.data))
        self._tenancy.enter(in_passing=False)
        os.environ.update(environment_of(self._tenancy.cluster))

    def _start_broker(self) -> None:
        if os.environ.get("REDIS_URL"):
            use_external_broker(os.environ["REDIS_URL"])
            return
        fresh_log(private_folder(self.data / "log") / "valkey.log", longer_than=LONG)
        self._broker = Broker(self.data)
        os.environ["REDIS_URL"] = self._broker.start()

    def _start_parts(self, *names: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in ADDRESSES_FOR_SET_UP}
        modules = self._modules()
        for name in names:
            log = fresh_log(private_folder(self.data / "log") / f"{name}.log")
            self._parts.append(Part(name, modules[name], log=log, environment=environment))

    def _modules(self) -> dict[str, list[str]]:
        celery = ["celery", "--app", "clinicpay", "--quiet"]
        schedule = str(self.data / "beat-schedule")
        return {
            "web": [
                *("gunicorn", "clinicpay.wsgi:application", "--bind", f"127.0.0.1:{self.port}"),
                *("--workers", "1", "--graceful-timeout", "2", "--no-control-socket"),
            ],
            "worker": [
                *(*celery, "worker", "--concurrency", "1", "--loglevel", "INFO"),
                *("--without-gossip", "--without-mingle"),  # there is nobody to talk to
            ],
            "beat": [*celery, "beat", "--schedule", schedule, "--loglevel", "INFO"],
        }

    def _watched(self) -> list[Watched]:
        watched = [part.watched() for part in self._parts]
        if self._broker is not None:
            watched.append(Watched("broker (Valkey)", self._broker.is_alive, self._broker.log))
        if self._tenancy is not None:
            cluster = self._tenancy.cluster
            watched.append(Watched("database (PostgreSQL)", cluster.is_alive, cluster.log))
        return watched

    def _ended(self) -> Watched | None:
        # The servers come last in the list and first in blame: the other parts end when a server does.
        return next((watched for watched in reversed(self._watched()) if not watched.is_alive()), None)


def use_external_database() -> None:
    """Prove that the database of the environment answers, and prepare it if we were given its superuser."""
    roles.refuse_malformed(ADDRESSES, BROKERS)
    app_url, owner_url = os.environ["DATABASE_URL"], os.environ.get("DATABASE_OWNER_URL")
    if not owner_url:
        raise StartupProblem("DATABASE_URL is set but DATABASE_OWNER_URL, which runs the migrations, is not.")
    superuser_url = os.environ.get("DATABASE_SUPERUSER_URL")
    if superuser_url:
        backup_url = os.environ.get("DATABASE_BACKUP_URL")
        backup_password = roles.Login.from_url(backup_url, role=roles.BACKUP).password if backup_url else None
        roles.prepare_database(superuser_url, app_url, owner_url, backup_password)
    for url in (app_url, owner_url):
        roles.connect(url).close()


def use_external_broker(url: str) -> None:
    """Prove that somebody listens where the environment says that Redis or Valkey is."""
    parts = urlsplit(url)
    place = (parts.hostname or "localhost", parts.port or 6379)
    try:
        socket.create_connection(place, timeout=5).close()
    except OSError as error:
        raise StartupProblem(
            f"REDIS_URL names a server that cannot be reached at {place[0]}:{place[1]}: {error.strerror or error}"
        ) from error
