"""`manage.py prepare_database --superuser-url URL`: roles, database and rights on a server of one's own."""

import os
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError

from clinicpay.clinics.commands import BAD_ARGUMENTS, WRONG
from clinicpay.embedded.paths import StartupProblem
from clinicpay.embedded.roles import prepare_database


class Command(BaseCommand):
    """Makes the four roles and the database that DATABASE_URL and DATABASE_OWNER_URL name."""

    help = "Create or mend the database roles, the database and its rights. Run it again at any time; data stay."
    requires_system_checks = ()  # there may be no database yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--superuser-url", metavar="URL", required=True, help="a superuser of the server, used once"
        )

    def handle(self, *, superuser_url: str, **_options: Any) -> None:
        """Prepare for the logins of the environment."""
        urls = [_needed(name) for name in ("DATABASE_URL", "DATABASE_OWNER_URL")]
        try:
            prepare_database(superuser_url, *urls)
        except StartupProblem as problem:
            raise CommandError(str(problem), returncode=WRONG) from problem
        self.stdout.write(f"{urlsplit(urls[0]).path.lstrip('/')} is prepared; run migrate next.")


def _needed(name: str) -> str:
    if not os.environ.get(name):
        raise CommandError(f"Set {name}: the login that it names is made.", returncode=BAD_ARGUMENTS)
    return os.environ[name]
