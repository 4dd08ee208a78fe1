"""`manage.py prepare_database --superuser-url URL`: roles, database and rights on a server of one's own."""

import os
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError

from clinicpay.clinics.commands import BAD_ARGUMENTS, WRONG
from clinicpay.embedded.paths import StartupProblem
from clinicpay.embedded.roles import BACKUP, Login, prepare_database


class Command(BaseCommand):
    """Makes the four roles and the database that DATABASE_URL and DATABASE_OWNER_URL name."""

    help = "Create or mend the database roles, the database and its rights. Run it again at any time; data stay."
    requires_system_checks = ()  # there may be no database yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--superuser-url", metavar="URL", help="a superuser of the server, used once; or DATABASE_SUPERUSER_URL"
        )

    def handle(self, *, superuser_url: str | None, **_options: Any) -> None:
        """Prepare for the logins of the environment; the backup's is made where there is one."""
        app, owner = (_needed(name) for name in ("DATABASE_URL", "DATABASE_OWNER_URL"))
        backup = os.environ.get("DATABASE_BACKUP_URL")
        try:
            prepare_database(
                superuser_url or _needed("DATABASE_SUPERUSER_URL"),
                app,
                owner,
                backup_password=Login.from_url(backup, role=BACKUP).password if backup else None,
            )
        except StartupProblem as problem:
            raise CommandError(str(problem), returncode=WRONG) from problem
        self.stdout.write(f"{urlsplit(app).path.lstrip('/')} is prepared; run migrate next.")


def _needed(name: str) -> str:
    if not os.environ.get(name):
        raise CommandError(f"Set {name}.", returncode=BAD_ARGUMENTS)
    return os.environ[name]
