"""`manage.py practice_template DIR`: empty files for a practice that moves to us, with an example line each."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinicpay.clinics.commands import BAD_ARGUMENTS
from clinicpay.imports.bundle_words import template_files


class Command(BaseCommand):
    """Writes the files that import_practice reads; it never overwrites one."""

    help = "Write the CSV files that import_practice reads, with an example line each, and a README."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to write them."""
        parser.add_argument("folder", metavar="DIR", type=Path)

    def handle(self, *, folder: Path, **options: Any) -> None:
        """Make the folder if there is none, and fill it."""
        files = template_files()
        there = [name for name in files if (folder / name).exists()]
        if there:
            raise CommandError(f"{folder} has {', '.join(there)} already.", returncode=BAD_ARGUMENTS)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                (folder / name).write_text(content, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{folder} can't be written ({error.strerror}).", returncode=BAD_ARGUMENTS) from error
        self.stdout.write(f"Wrote {len(files)} files to {folder}.")
