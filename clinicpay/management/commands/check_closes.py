"""`manage.py check_closes`: compute the seals of closed days again, and look for one that a day sheet has."""

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from clinicpay.clinics.commands import BAD_ARGUMENTS, WRONG, ClinicCommand, clinic_id, long_scope
from clinicpay.clinics.queries import all_clinics
from clinicpay.close.models import DailyClose
from clinicpay.close.queries.sheet import proof_of


class Command(ClinicCommand):
    """Exits with 1 when a closed day is not what it was when it was closed, or nothing has the given seal."""

    help = "Prove that closed days are what they were when they were closed, for one clinic or for all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--clinic", metavar="SLUG", help="only this clinic")
        parser.add_argument("--seal", metavar="HEX", help="a seal as a day sheet has it: a closed day must have it")

    def handle(self, *, clinic: str | None, seal: str | None, **options: Any) -> None:
        """Check clinic by clinic; a given seal must be that of a day of one of them."""
        wanted = re.sub(r"\s", "", seal or "").lower()
        if seal is not None and not re.fullmatch(r"[0-9a-f]{64}", wanted):
            raise CommandError("A seal has 64 digits from 0 to f. Copy all of it.", returncode=BAD_ARGUMENTS)
        clinics = {clinic: clinic_id(clinic)} if clinic else all_clinics()
        found = [_checked(slug, pk, wanted) for slug, pk in clinics.items()]
        report: dict[str, Any] = {"ok": all(not one["faults"] for one in found), "clinics": found}
        if wanted:
            report["seal_of"] = next((one["seal_of"] for one in found if one["seal_of"]), "")
            report["ok"] = report["ok"] and bool(report["seal_of"])
        self.answer(report, _words(report), as_json=options["json"])
        if not report["ok"]:
            raise SystemExit(WRONG)


def _checked(slug: str, clinic: int, wanted: str) -> dict[str, Any]:
    faults: list[str] = []
    closes, seal_of = 0, ""
    with long_scope(clinic):
        rows = DailyClose.objects.filter(number__isnull=False).select_related("location").order_by("number")
        for close in rows.iterator(chunk_size=20):
            proof, closes = proof_of(close), closes + 1
            faults += proof.faults
            if wanted and proof.seal == wanted:
                seal_of = f"{slug} {close.ref}: {close.location}, {close.day}, version {close.version}"
    return {"clinic": slug, "closes": closes, "faults": faults, "seal_of": seal_of}


def _words(report: dict[str, Any]) -> str:
    lines = []
    for one in report["clinics"]:
        lines += [f"{one['clinic']}: {one['closes']} closed days.", *(f"  {fault}" for fault in one["faults"])]
    if report.get("seal_of"):
        lines.append(f"The seal is that of {report['seal_of']}.")
    elif "seal_of" in report:
        lines.append("NO CLOSED DAY HAS THIS SEAL.")
    whole = all(not one["faults"] for one in report["clinics"])
    lines.append("The closed days are as they were closed." if whole else "A CLOSED DAY WAS CHANGED.")
    return "\n".join(lines)
