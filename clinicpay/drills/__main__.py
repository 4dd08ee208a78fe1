"""`python -m clinicpay.drills [NAME …]`: all drills or the named ones; 1 if a promise was broken."""

from __future__ import annotations

import argparse
import sys

from clinicpay.embedded.stopping import Stopped, stop_on_signals

from . import away, crash, disk, enumeration, full_size, nights, point_in_time, restore
from .frame import RESULTS, Drill, perform, table, write

DRILLS = {
    drill.name: drill
    for drill in (
        Drill("restore", "a backup restores to equal rows; a spoilt one is found", 900, restore.run),
        Drill("database-away", "503 in words, nothing acknowledged is lost, back within 5 s", 480, away.run),
        Drill("disk-full", "said in words, nothing half written, on again when there is room", 480, disk.run),
        Drill("stop-after-crash", "stopped within 10 s right after a crash, nothing lost", 480, crash.run),
        Drill(
            "point-in-time",
            "a flipped bit is found; a bad delete costs a minute",
            900,
            point_in_time.run,
        ),
        Drill("enumeration", "known and unknown people get one answer at one pace", 1500, enumeration.run),
        Drill("nights", "workers and server killed all the time, the night's content is equal", 1800, nights.cut_off),
        Drill(
            "night-queue",
            "sent twice, killed, queue lost: nothing twice, all by the next tick",
            900,
            nights.through_the_queue,
        ),
        Drill("money-walk", "a long random walk through the money, 0 differences", 1800, full_size.walk),
        Drill("races", "crowds on one payment, clinics on few connections, 0 mixes", 1200, full_size.races),
        Drill("desk", "reception at work during nights: 0 violations, short waits", 900, full_size.desk),
        Drill("fuzz", "20,000 broken requests, stored markup; no page breaks", 1500, full_size.fuzz),
    )
}


def main(arguments: list[str]) -> int:
    """Perform, print, keep."""
    parser = argparse.ArgumentParser(prog="drill", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(DRILLS)}; all without one")
    names = parser.parse_args(arguments).names or list(DRILLS)
    unknown = [name for name in names if name not in DRILLS]
    if unknown:
        parser.error(f"there is no drill {unknown[0]!r}; there are {', '.join(DRILLS)}")
    stop_on_signals()
    try:
        outcomes = perform(DRILLS[name] for name in names)
    except Stopped:
        return 130
    print("\n".join(table(outcomes)))
    write(outcomes)
    print(f"\nKept in {RESULTS}")
    return 1 if any(outcome.broken for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
