"""What the commands that import share: how they refuse, and how they tell what they have added."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from balances.queries import clinic_totals
from clinicpay import money
from clinicpay.clinics.commands import WRONG, ClinicCommand
from clinicpay.clinics.models import Clinic
from clinicpay.imports.practice import Skipped
from clinicpay.imports.writer import Imported

SHOWN = 50
"""Faults that a person is told at once; a machine gets all."""


class ImportCommand(ClinicCommand):
    """A command that adds everything or nothing."""

    def refuse(self, faults: list[str], found: dict[str, Any] | None) -> None:
        """End the command: nothing was imported. `found` is what a machine is told."""
        if found is not None:
            self.answer(found, "", as_json=True)
        more = [f"… and {len(faults) - SHOWN} more."] if len(faults) > SHOWN else []
        told = "\n".join([*faults[:SHOWN], *more])
        raise CommandError(f"Nothing was imported:\n{told}", returncode=WRONG)

    def progress(self, words: str) -> None:
        """Tell a person who waits; machines read stdout."""
        self.stderr.write(words)
        self.stderr.flush()


def figures(added: Imported, skipped: list[Skipped], clinic: Clinic) -> dict[str, Any]:
    """What was added and what the clinic is now owed and holds, with amounts as text, for a machine."""
    totals = clinic_totals()
    found = asdict(added) | {key: totals[key] for key in ("outstanding", "unapplied", "deposits")}
    for key in found:
        if key.endswith("_total") or key in totals:
            found[key] = money.plain(found[key], clinic.currency)
    return found | {"skipped": [asdict(one) for one in skipped]}


def left_out(found: dict[str, Any]) -> list[str]:
    """What was left out and why, in words."""
    return [f"Left out: {one['count']} × {one['what']}: {one['reason']}." for one in found["skipped"]]
