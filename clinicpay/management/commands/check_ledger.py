"""`manage.py check_ledger`: recompute every total and test every invariant of the ledger."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from balances.checks import Found, run_checks
from clinicpay import money
from clinicpay.clinics.commands import WRONG, ClinicCommand, clinic_id, long_scope
from clinicpay.clinics.queries import all_clinics
from clinicpay.proof.figures import Outcome, prove
from clinicpay.proof.groups import GROUPS


class Command(ClinicCommand):
    """Exits with 1 when anything differs."""

    help = "Recompute the ledger's totals and every shown figure from entries, and test its invariants."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--clinic", metavar="SLUG", help="only this clinic")

    def handle(self, *, clinic: str | None, **options: Any) -> None:
        """Check clinic by clinic; what is found is added up by check."""
        clinics = {clinic: clinic_id(clinic)} if clinic else all_clinics()
        found = {slug: _checked(pk) for slug, pk in clinics.items()}
        report = _report({slug: checks for slug, (checks, _) in found.items()})
        report["figures"] = [figure for _, figures in found.values() for figure in figures]
        report["ok"] = report["ok"] and all(figure["agrees"] for figure in report["figures"])
        self.answer(report, _words(report, list(clinics)), as_json=options["json"])
        if not report["ok"]:
            raise SystemExit(WRONG)


def _checked(clinic: int) -> tuple[list[Found], list[dict[str, Any]]]:
    with long_scope(clinic) as scoped:
        outcomes = [prove(group, scoped) for group in GROUPS]
        return run_checks(), [figure for one in outcomes for figure in _figures(one, scoped.slug, scoped.currency)]


def _figures(outcome: Outcome, slug: str, currency: str) -> Iterator[dict[str, Any]]:
    """Every figure of a group as shown and as recomputed: amounts in major units, counts as they are."""
    for one in outcome.proved:
        values = {"shown": one.shown, "recomputed": one.again, "difference": one.difference}
        said = {name: money.plain(v, currency) if one.line.is_amount else str(v) for name, v in values.items()}
        named = {"clinic": slug, "group": outcome.group.key, "name": one.line.label}
        yield {**named, **said, "agrees": outcome.moved or not one.difference}


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
    wrong = [figure for figure in report["figures"] if not figure["agrees"]]
    lines.append(f"{len(report['figures']):>9} shown figures{f': {len(wrong)} WRONG' if wrong else ''}")
    lines += [f"          {one['name']}: {one['shown']} shown, {one['recomputed']} recomputed" for one in wrong[:10]]
    verdict = "The ledger agrees." if report["ok"] else "THE LEDGER DOES NOT AGREE."
    return "\n".join([*lines, f"{verdict} Clinics: {', '.join(clinics) or 'none yet'}."])


def _fault(check: dict[str, Any]) -> str:
    if not check["differences"]:
        return ""
    return f": {check['differences']} WRONG ({', '.join(check['examples'])}). {check['meaning']}"
