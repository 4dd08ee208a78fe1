"""D4 to D7: workers, the server and the broker are killed while nights are done; what they leave is always the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

from clinicpay.embedded.paths import PROJECT, StartupProblem

from .frame import Outcome
from .scene import Scene, scene

ACCOUNTS = int(os.environ.get("CLINICPAY_NIGHT_ACCOUNTS", "400"))
KILLS = int(os.environ.get("CLINICPAY_NIGHT_KILLS", "50"))
CRASHES = int(os.environ.get("CLINICPAY_NIGHT_CRASHES", "10"))
SLOWER = 3
"""How much longer than an undisturbed night one may take that is cut off all the time."""

Content = dict[str, list[Any]]


def cut_off(outcome: Outcome) -> None:
    """One night undisturbed, by a crowd, cut off by kills and crashes; and the same by the naive worker."""
    with scene() as place:
        place.must("migrate")
        for slug in ("calm", "crowd", "cut", "naive"):
            crew(place, "build", slug, ACCOUNTS)
        calm = crew(place, "work", "calm", 1, 0, 0)["seconds"]
        crowd = crew(place, "work", "crowd", 4, 0, 0)["seconds"]
        naive = crew(place, "work", "naive", 2, KILLS // 5, calm / (KILLS // 5 + 1), "naive")["killed"]
        cut, killed, crashed = _cut_off(place, calm)
        found = {slug: crew(place, "content", slug) for slug in ("calm", "crowd", "cut", "naive")}
    wanted = found["calm"]
    outcome.figures |= {
        "accounts": ACCOUNTS,
        "entries written and kept": len(wanted["entries"]),
        "undisturbed, seconds": calm,
        "four workers, seconds": crowd,
        "four workers: rows that differ": differing(wanted, found["crowd"]),
        "workers killed / server crashes": f"{killed} / {crashed}",
        "cut off, seconds": cut,
        "cut off: rows that differ": differing(wanted, found["cut"]),
        f"control: naive, {naive} kills": differing(wanted, found["naive"]),
    }
    for slug in ("calm", "crowd", "cut"):
        outcome.expect(not differing(wanted, found[slug]), f"{slug} left something else than an undisturbed night")
        outcome.expect(not found[slug]["broken"], f"{slug} broke {found[slug]['broken']}")
    outcome.expect(bool(differing(wanted, found["naive"])), "the drill could not see a naive worker's losses")
    outcome.expect(killed == KILLS and crashed == CRASHES, "the night was over before all kills")
    outcome.expect(cut <= SLOWER * calm, f"it took more than {SLOWER} times as long")


def differing(wanted: Content, found: Content) -> dict[str, int]:
    """How many rows of each kind stand in one of them only."""
    rows = {name: ({str(row) for row in wanted[name]}, {str(row) for row in found[name]}) for name in wanted}
    return {name: len(one ^ other) for name, (one, other) in rows.items() if one ^ other}


def crew(place: Scene, *arguments: Any) -> Any:
    """What ClinicPay's own side of the drill answers."""
    said, trouble = _crew(place, *arguments).communicate()
    if not said:
        raise StartupProblem(f"{arguments[0]} failed: {trouble.strip()[-600:]}")
    return json.loads(said.splitlines()[-1])


def _crew(place: Scene, *arguments: Any) -> subprocess.Popen[str]:
    with (place.data / "crew.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.drills.crew", *(str(one) for one in arguments)],
            cwd=PROJECT,
            env=place.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


def _cut_off(place: Scene, calm: float) -> tuple[float, int, int]:
    """Two workers, killed in turn, on a server that crashes; how long it took, and how often each happened."""
    process, crashed = _crew(place, "work", "cut", 2, KILLS, calm / KILLS), 0
    while process.poll() is None:
        if crashed < CRASHES:
            time.sleep(calm / CRASHES)
            place.crash()
            crashed += 1
        time.sleep(0.05)
    told = json.loads(process.communicate()[0])
    return told["seconds"], told["killed"], crashed


def through_the_queue(outcome: Outcome) -> None:
    """D7: a real worker on a real broker: a task twice at once, the worker killed, the broker gone with its queue."""
    with scene() as place:
        place.must("migrate")
        for slug in ("calm", "queue"):
            crew(place, "build", slug, ACCOUNTS // 2)
        calm = crew(place, "work", "calm", 1, 0, 0)["seconds"]
        with place.worker():
            crew(place, "send", "night", 2, "queue")
            time.sleep(calm / 3)
        after_kill = crew(place, "left", "queue")
        crew(place, "send", "night", 2, "queue")
        place.lose_the_queue()
        with place.worker():
            begin = time.monotonic()
            time.sleep(3)
            unwoken = crew(place, "left", "queue")
            crew(place, "send", "tick", 2)
            while crew(place, "left", "queue") and time.monotonic() < begin + 300:
                time.sleep(0.5)
            seconds = round(time.monotonic() - begin, 1)
        wanted, found = crew(place, "content", "calm"), crew(place, "content", "queue")
    outcome.figures |= {
        "accounts": ACCOUNTS // 2,
        "steps left when the worker was killed": after_kill,
        "control: steps left without a tick": unwoken,
        "done after the tick, seconds": seconds,
        "rows that differ": differing(wanted, found),
    }
    outcome.expect(after_kill > 0, "the worker was done before it was killed")
    outcome.expect(unwoken > 0, "the lost queue was not lost: the tick proves nothing")
    outcome.expect(seconds < 300, "the tick did not finish the night")
    outcome.expect(not differing(wanted, found), "what the queue did twice, or not at all, shows")
    outcome.expect(not found["broken"], f"broken: {found['broken']}")
