"""What commands about clinics share: how a clinic is named, and how they answer people and machines."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.queries import all_clinics
from clinicpay.clinics.scope import clinic_scope

WRONG, BAD_ARGUMENTS = 1, 2
"""Exit codes: found something wrong; asked for something that makes no sense."""


class ClinicCommand(BaseCommand):
    """A command that answers in words, or with one JSON object and nothing else on stdout."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Every such command speaks to machines as well."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def answer(self, found: dict[str, Any], words: str, *, as_json: bool) -> None:
        """Print what was found, for a machine or for a person."""
        self.stdout.write(json.dumps(found, ensure_ascii=False) if as_json else words)


def clinic_id(slug: str) -> int:
    """Id of the clinic that a person named. Ends the command when there is none."""
    known = all_clinics()
    if slug not in known:
        named = ", ".join(known) or "none yet"
        raise CommandError(f"There is no clinic “{slug}”. Clinics: {named}.", returncode=BAD_ARGUMENTS)
    return known[slug]


@contextmanager
def long_scope(clinic: Clinic | int) -> Iterator[Clinic]:
    """One clinic's scope for work that may take longer than a page may; it is read if only its id is given."""
    with clinic_scope(clinic):
        be_patient()
        yield Clinic.objects.get(pk=clinic) if isinstance(clinic, int) else clinic


def be_patient() -> None:
    """Lift the limits on waiting from the open transaction; they are there for people at a screen."""
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0; set local lock_timeout = 0")
