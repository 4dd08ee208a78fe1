"""`manage.py backup DIR`: everything that a new server needs, with what proves it."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from clinicpay.backups.dump import FolderTaken, back_up
from clinicpay.backups.manifest import NAME
from clinicpay.clinics.commands import BAD_ARGUMENTS, WRONG, ClinicCommand
from clinicpay.embedded.paths import StartupProblem


class Command(ClinicCommand):
    """Writes a new folder, complete or not at all."""

    help = "Back up the database of all clinics, its roles and stored files to a new folder, with proofs beside them."
    requires_system_checks = ()  # an emergency is no time to argue about settings

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("folder", metavar="DIR", type=Path, help="a folder that isn't there yet, or is empty")

    def handle(self, *, folder: Path, **options: Any) -> None:
        """Back up as the role that sees every clinic and changes nothing."""
        url = os.environ.get("DATABASE_BACKUP_URL")
        if not url:
            raise CommandError("Set DATABASE_BACKUP_URL, the login of clinicpay_backup.", returncode=BAD_ARGUMENTS)
        media = Path(settings.MEDIA_ROOT) if settings.MEDIA_ROOT else None
        try:
            manifest = back_up(folder.absolute(), url=url, media=media)
        except FolderTaken as taken:
            raise CommandError(str(taken), returncode=BAD_ARGUMENTS) from taken
        except StartupProblem as problem:
            raise CommandError(str(problem), returncode=WRONG) from problem
        rows = sum(table.rows for table in manifest.tables.values())
        found = {
            "ok": True,
            "folder": str(folder),
            "files": sorted([*manifest.files, NAME]),
            "tables": len(manifest.tables),
            "rows": rows,
            "seal": manifest.seal(),
        }
        words = (
            f"{folder} has {rows:,} rows of {len(manifest.tables)} tables, and the roles.\n"
            f"Keep this seal elsewhere: {manifest.seal()}\n"
            f"Prove it: manage.py restore_drill {folder}"
        )
        self.answer(found, words, as_json=options["json"])
