"""`manage.py compare_backup DIR`: after a restore for real, before anybody signs in."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from clinicpay.backups.drill import compare, report, words
from clinicpay.clinics.commands import BAD_ARGUMENTS, WRONG, ClinicCommand
from clinicpay.embedded.paths import StartupProblem


class Command(ClinicCommand):
    """Exits with 1 on any difference."""

    help = "Compare every table of the database of DATABASE_BACKUP_URL with what a backup has written down."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("folder", metavar="DIR", type=Path, help="what `manage.py backup` has written")

    def handle(self, *, folder: Path, **options: Any) -> None:
        """Say what was compared and what differs."""
        url = os.environ.get("DATABASE_BACKUP_URL")
        if not url:
            raise CommandError("Set DATABASE_BACKUP_URL, the login of clinicpay_backup.", returncode=BAD_ARGUMENTS)
        try:
            results = compare(folder.absolute(), url)
        except StartupProblem as problem:
            raise CommandError(str(problem), returncode=WRONG) from problem
        found = report(results)
        verdict = "The database has exactly the rows of the backup." if found["ok"] else "THE DATABASE DIFFERS."
        self.answer(found, "\n".join([*words(results), verdict]), as_json=options["json"])
        if not found["ok"]:
            raise SystemExit(WRONG)
