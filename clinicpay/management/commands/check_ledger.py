"""`manage.py check_ledger`: recompute every total and test every invariant of the ledger."""

from argparse import ArgumentParser
from typing import Any

from balances.checks import Found, run_checks
from clinicpay.clinics.commands import WRONG, ClinicCommand, clinic_id, long_scope
from clinicpay.clinics.queries import all_clinics


class Command(ClinicCommand):
    """Exits with 1 when anything differs."""

    help = "Recompute the ledger's totals from its entries and test its invariants, for one clinic or for all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--clinic", metavar="SLUG", help="only this clinic")

    def handle(self, *, clinic: str | None, **options: Any) -> None:
        """Check clinic by clinic; what is found is added up by check."""
        clinics = {clinic: clinic_id(clinic)} if clinic else all_clinics()
        found = {slug: _checked(pk) for slug, pk in clinics.items()}
        report = _report(found)
        self.answer(report, _words(report, list(clinics)), as_json=options["json"])
        if not report["ok"]:
            raise SystemExit(WRONG)


def _checked(clinic: int) -> list[Found]:
    with long_scope(clinic):
        return run_checks()


def _report(found: dict[str, list[Found]]) -> dict[str, Any]:
    checks: dict[str, dict[str, Any]] = {}
    for slug, results in found.items():
        for one in results:
            check = checks.setdefault(
                one.check.name,
                {
                    "name": one.check.name,
                    "meaning": one.check.meaning,
                    "rows": 0,
                    "differences": 0,
                    "examples": [],
                },
            )
            check["rows"] += one.rows
            check["differences"] += one.differences
            check["examples"] += [f"{slug}: {example}" for example in one.examples]
    return {"ok": not any(check["differences"] for check in checks.values()), "checks": list(checks.values())}


def _words(report: dict[str, Any], clinics: list[str]) -> str:
    lines = [f"{check['rows']:>9} {check['name']}{_fault(check)}" for check in report["checks"]]
    verdict = "The ledger agrees." if report["ok"] else "THE LEDGER DOES NOT AGREE."
    return "\n".join([*lines, f"{verdict} Clinics: {', '.join(clinics) or 'none yet'}."])


def _fault(check: dict[str, Any]) -> str:
    if not check["differences"]:
        return ""
    return f": {check['differences']} WRONG ({', '.join(check['examples'])}). {check['meaning']}"
