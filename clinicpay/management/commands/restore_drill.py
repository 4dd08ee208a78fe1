"""`manage.py restore_drill DIR`: a backup proves itself by being restored."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from clinicpay.backups.drill import report, restore_drill, words
from clinicpay.clinics.commands import WRONG, ClinicCommand
from clinicpay.embedded.paths import StartupProblem


class Command(ClinicCommand):
    """Exits with 1 on any difference."""

    help = (
        "Restore a backup on an empty server, compare every table with what was written down, check ledger, fence "
        "and rights, and remove the server."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("folder", metavar="DIR", type=Path, help="what `manage.py backup` has written")
        parser.add_argument(
            "--superuser-url", metavar="URL", help="an empty PostgreSQL server to use instead of an own one"
        )

    def handle(self, *, folder: Path, superuser_url: str | None, **options: Any) -> None:
        """Say what was compared and what differs."""
        try:
            results = restore_drill(folder.absolute(), superuser_url)
        except StartupProblem as problem:
            raise CommandError(str(problem), returncode=WRONG) from problem
        found = report(results)
        verdict = "Restored, and equal." if found["ok"] else "THIS BACKUP IS NOT EQUAL TO WHAT WAS WRITTEN DOWN."
        self.answer(found, "\n".join([*words(results), verdict]), as_json=options["json"])
        if not found["ok"]:
            raise SystemExit(WRONG)
