"""F1: a backup of working clinics restores to the same rows on an empty server, and a spoilt one is found."""

from __future__ import annotations

import json
from typing import Any

from .frame import Outcome
from .scene import Scene, scene

DUMP = "clinicpay.dump"


def run(outcome: Outcome) -> None:
    """Back up demo clinics, restore, compare; then the control: one flipped bit must be found."""
    with scene() as place:
        place.prepare()
        folder = place.data / "backup"
        made = json.loads(place.manage("backup", str(folder), "--json").stdout)
        proof = _drill(place)
        outcome.figures |= {
            "rows": made["rows"],
            "tables": made["tables"],
            "differences": sum(check["differences"] for check in proof.get("checks", [])),
            "restore and checks, seconds": round(sum(check["seconds"] for check in proof.get("checks", [])), 1),
        }
        outcome.expect(proof["ok"], "the restored database is not equal")
        dump = bytearray((folder / DUMP).read_bytes())
        dump[len(dump) // 2] ^= 1
        (folder / DUMP).write_bytes(dump)
        control = _drill(place)
        outcome.figures["control: flipped bit found"] = not control["ok"]
        outcome.expect(not control["ok"], "a flipped bit was not found")


def _drill(place: Scene) -> dict[str, Any]:
    done = place.manage("restore_drill", str(place.data / "backup"), "--json")
    found: dict[str, Any] = json.loads(done.stdout or '{"ok": false}')
    return found
