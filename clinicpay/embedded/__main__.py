"""ClinicPay on embedded servers; the Makefile's commands come here."""

from __future__ import annotations

import argparse
import signal
import sys

from .checks import run_checks
from .paths import StartupProblem, data_folder
from .postgres import Cluster
from .removal import remove
from .servers import Tenancy
from .stopping import Stopped, ignore_signals, stop_on_signals
from .supervisor import run
from .valkey import Broker

COMMANDS = {
    "run": "everything, in the foreground; Ctrl+C stops it",
    "serve": "only PostgreSQL and Valkey, in the foreground, to develop with manage.py",
    "stop": "end a database that a killed supervisor left behind",
    "test": "every check and all tests, or the tests that pytest's arguments choose",
    "remove": "stop the database and remove the data folder",
}


def main(arguments: list[str]) -> int:
    """Do one of the commands; a problem that the reader can mend is one line and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m clinicpay.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in COMMANDS.items():
        commands.add_parser(name, help=purpose, add_help=name != "test")
    chosen, rest = parser.parse_known_args(arguments)
    if rest and chosen.command != "test":
        parser.error(f"unknown arguments: {' '.join(rest)}")
    try:
        if chosen.command == "test":
            return run_checks(rest)
        return {"run": run, "serve": serve, "stop": stop, "remove": remove}[chosen.command]()
    except StartupProblem as problem:
        print(problem, file=sys.stderr)
        return 1


def serve() -> int:
    """Run the database and the broker until asked to end."""
    stop_on_signals()
    data = data_folder()
    tenancy, broker = Tenancy(Cluster(data)), Broker(data)
    try:
        tenancy.enter(in_passing=False)
        print(f"PostgreSQL and Valkey ({broker.start()}) are running; Ctrl+C stops them.", flush=True)
        while True:
            signal.pause()
    except Stopped:
        return 0
    finally:
        ignore_signals()
        broker.stop()
        tenancy.leave_and_stop(patience=3)


def stop() -> int:
    """End the database if it runs without anybody to stop it."""
    Cluster(data_folder()).stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
