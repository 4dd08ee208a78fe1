"""`manage.py import_synthea DIR --clinic SLUG`: a practice's history from Synthea's CSV files, all or nothing."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import transaction

from clinicpay.clinics.commands import BAD_ARGUMENTS, clinic_id, long_scope
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.queries import all_clinics
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.clinics.services import create_clinic
from clinicpay.imports import synthea
from clinicpay.imports.commands import ImportCommand, figures, left_out
from clinicpay.imports.practice import Practice
from clinicpay.imports.sheets import BadFiles
from clinicpay.imports.writer import import_practice
from clinicpay.staff.models import ClinicPayItself

REPORTED = (
    *("patients", "events", "procedures", "charges", "charges_total", "payments", "payments_total"),
    *("skipped", "outstanding", "unapplied"),
)
"""These files have no opening balances, and what is applied is the automatic run's to tell."""

TIMEZONE, CURRENCY = "America/New_York", "USD"
"""Of a clinic made by --create: Synthea's patients live in Massachusetts."""


class Command(ImportCommand):
    """Imports patients, insurers, events, charges, invoices and paid payments."""

    help = "Import Synthea CSV files into a clinic. All or nothing; importing the same files again adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument("--clinic", metavar="SLUG", required=True)
        parser.add_argument("--create", action="store_true", help="make the clinic if there is none")
        parser.add_argument("--no-allocate", action="store_true", help="leave all money unapplied")

    def handle(self, *, folder: Path, clinic: str, **options: Any) -> None:
        """Read everything, then write everything."""
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.", returncode=BAD_ARGUMENTS)
        target = _found(clinic, create=options["create"])
        try:
            practice = synthea.read(folder, target)
            with transaction.atomic():
                found = _imported(_saved(target), practice, allocate=not options["no_allocate"])
        except BadFiles as faults:
            self._refuse([str(problem) for problem in faults.problems], as_json=options["json"])
        except Refusal as refusal:
            self._refuse([str(refusal)], as_json=options["json"])
        else:
            self.answer(found, _words(found), as_json=options["json"])

    def _refuse(self, faults: list[str], *, as_json: bool) -> None:
        self.refuse(faults, {"errors": faults} if as_json else None)


def _found(slug: str, *, create: bool) -> Clinic:
    """The clinic as it is, or an unsaved one to be made."""
    if not create or slug in all_clinics():
        with clinic_scope(clinic_id(slug)):
            return Clinic.objects.get()
    name = slug.replace("-", " ").replace("_", " ").title()
    clinic = Clinic(slug=slug, name=name, timezone=TIMEZONE, currency=CURRENCY)
    try:
        clinic.clean_fields()
    except ValidationError as error:
        raise CommandError(f"--clinic {slug}: {' '.join(error.messages)}", returncode=BAD_ARGUMENTS) from error
    return clinic


def _saved(clinic: Clinic) -> Clinic:
    if clinic.pk:
        return clinic
    return create_clinic(slug=clinic.slug, name=clinic.name, timezone=clinic.timezone, currency=clinic.currency)


def _imported(clinic: Clinic, practice: Practice, *, allocate: bool) -> dict[str, Any]:
    with long_scope(clinic.pk):
        added, skipped = import_practice(practice, by=ClinicPayItself(clinic, "Import"), allocate=allocate)
        found = figures(added, skipped, clinic)
    return {key: found[key] for key in REPORTED}


def _words(found: dict[str, Any]) -> str:
    lines = [
        f"Imported {found['patients']} patients, {found['events']} events, {found['charges']} charges of "
        f"{found['charges_total']} and {found['payments']} payments of {found['payments_total']}.",
        *left_out(found),
        f"The clinic is now owed {found['outstanding']} and holds {found['unapplied']} unapplied.",
    ]
    return "\n".join(lines)
