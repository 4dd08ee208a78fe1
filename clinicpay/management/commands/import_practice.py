"""`manage.py import_practice DIR --clinic SLUG`: a practice that moves to us, from our CSV files, all or nothing."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from clinicpay.clinics.commands import BAD_ARGUMENTS, clinic_id, long_scope
from clinicpay.clinics.refusals import Refusal
from clinicpay.imports import bundle
from clinicpay.imports.commands import ImportCommand, figures, left_out
from clinicpay.imports.practice import counted
from clinicpay.imports.sheets import BadFiles, Problem
from clinicpay.imports.writer import import_practice
from clinicpay.staff.models import ClinicPayItself


class Command(ImportCommand):
    """Imports accounts, patients, events, charges, payments, allocations, and opening balances and credits."""

    help = "Import a practice's CSV files, all or nothing (docs/import.md). A second import of them adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument("--clinic", metavar="SLUG", required=True)
        parser.add_argument("--dry-run", action="store_true", help="do everything, tell what would be added, undo it")

    def handle(self, *, folder: Path, clinic: str, **options: Any) -> None:
        """Read everything, then write everything."""
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.", returncode=BAD_ARGUMENTS)
        target, dry_run, as_json = clinic_id(clinic), options["dry_run"], options["json"]
        try:
            found = self._imported(target, folder, dry_run=dry_run)
        except BadFiles as faults:
            told = {"errors": [_told(problem) for problem in faults.problems]} if as_json else None
            self.refuse([str(problem) for problem in faults.problems], told)
        except Refusal as refusal:
            self.refuse([str(refusal)], {"errors": [{"message": str(refusal)}]} if as_json else None)
        else:
            self.answer(found, _words(found), as_json=as_json)

    def _imported(self, target: int, folder: Path, *, dry_run: bool) -> dict[str, Any]:
        with long_scope(target) as clinic:
            practice = bundle.read(folder, clinic, self.progress)
            by = ClinicPayItself(clinic, "Import")
            added, skipped = import_practice(practice, by=by, allocate=False, tell=self.progress)
            found = {"dry_run": dry_run} | figures(added, skipped, clinic)
            if dry_run:
                transaction.set_rollback(True)
        return found


def _told(problem: Problem) -> dict[str, Any]:
    return {"file": problem.file, "line": problem.line, "column": problem.column, "message": problem.what}


def _words(found: dict[str, Any]) -> str:
    one_by_one = [
        counted(found["accounts"], "account"),
        counted(found["patients"], "patient"),
        counted(found["events"], "event"),
        f"{counted(found['charges'], 'charge')} of {found['charges_total']}",
        f"{counted(found['payments'], 'payment')} of {found['payments_total']}",
        f"{counted(found['opening_balances'], 'opening balance')} of {found['opening_balances_total']}",
        f"{counted(found['opening_credits'], 'opening credit')} of {found['opening_credits_total']}",
    ]
    lines = [
        f"{'Would import' if found['dry_run'] else 'Imported'} {', '.join(one_by_one)} and "
        f"{counted(found['allocations'], 'allocation')} of {found['allocated_total']}.",
        *left_out(found),
        f"The clinic {'would be' if found['dry_run'] else 'is now'} owed {found['outstanding']} and "
        f"{'would hold' if found['dry_run'] else 'holds'} {found['unapplied']} unapplied and "
        f"{found['deposits']} of deposits.",
        *(["Nothing was kept: this was a dry run."] if found["dry_run"] else []),
    ]
    return "\n".join(lines)
