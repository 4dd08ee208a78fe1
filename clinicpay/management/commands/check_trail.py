"""`manage.py check_trail`: compute the trail's seals again, and look for a head that was noted earlier."""

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from clinicpay.audit.sealing import holds, oldest_waiting, prove
from clinicpay.clinics.commands import BAD_ARGUMENTS, WRONG, ClinicCommand, clinic_id, long_scope
from clinicpay.clinics.queries import all_clinics


class Command(ClinicCommand):
    """Exits with 1 when a row, a block or the noted head is not as it was."""

    help = "Prove that nothing sealed in the trail has changed, for one clinic or for all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--clinic", metavar="SLUG", help="only this clinic")
        parser.add_argument("--head", metavar="HEX", help="a head noted earlier: it must still be in the chain")

    def handle(self, *, clinic: str | None, head: str | None, **options: Any) -> None:
        """Check clinic by clinic; a noted head must be in one of them."""
        if head is not None and not re.fullmatch(r"\s*[0-9a-fA-F]{64}\s*", head):
            raise CommandError("A head has 64 digits from 0 to f. Copy all of it.", returncode=BAD_ARGUMENTS)
        clinics = {clinic: clinic_id(clinic)} if clinic else all_clinics()
        found = [_checked(slug, pk, head) for slug, pk in clinics.items()]
        report = {"ok": all(not one["faults"] for one in found), "clinics": found}
        if head is not None:
            report["head_found"] = any(one["holds_head"] for one in found)
            report["ok"] = report["ok"] and report["head_found"]
        self.answer(report, _words(report), as_json=options["json"])
        if not report["ok"]:
            raise SystemExit(WRONG)


def _checked(slug: str, clinic: int, head: str | None) -> dict[str, Any]:
    with long_scope(clinic):
        proof, waits = prove(), oldest_waiting()
        return {
            "clinic": slug,
            "head": proof.head,
            "blocks": proof.blocks,
            "rows": proof.rows,
            "sealed_at": proof.sealed_at and proof.sealed_at.isoformat(timespec="seconds"),
            "waiting": proof.waiting,
            "waiting_since": waits.isoformat(timespec="seconds") if waits and proof.waiting else None,
            "holds_head": bool(head) and holds(str(head)),
            "faults": proof.faults,
        }


def _words(report: dict[str, Any]) -> str:
    lines = [line for one in report["clinics"] for line in _of_clinic(one)]
    if report.get("head_found") is False:
        lines.append("THE NOTED HEAD IS NOT IN THE TRAIL: what it sealed was cut off or rewritten.")
    elif report.get("head_found"):
        lines.append("The noted head is in the trail.")
    whole = all(not one["faults"] for one in report["clinics"])
    lines.append("The trail is whole." if whole else "THE TRAIL WAS CHANGED.")
    return "\n".join(lines)


def _of_clinic(one: dict[str, Any]) -> list[str]:
    sealed = f"sealed {one['sealed_at']}, head {one['head']}" if one["head"] else "nothing sealed yet"
    waiting = f"{one['waiting']} rows not yet sealed"
    since = f", the oldest from {one['waiting_since']}" if one["waiting_since"] else ""
    return [
        f"{one['clinic']}: {one['rows']} rows in {one['blocks']} blocks, {sealed}; {waiting}{since}.",
        *(f"  {fault}" for fault in one["faults"]),
    ]
