"""`manage.py create_clinic`: a clinic, and the invitation by which its owner comes in."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import transaction

from clinicpay.audit.services import record
from clinicpay.clinics.commands import BAD_ARGUMENTS, ClinicCommand
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.queries import all_clinics
from clinicpay.clinics.scope import clinic_scope
from clinicpay.clinics.services import create_clinic
from clinicpay.staff.models import ClinicPayItself
from clinicpay.staff.roles import Role
from clinicpay.staff.services import VALID_FOR, Invited, invite


class Command(ClinicCommand):
    """Makes a clinic with one location, and invites its owner."""

    help = "Make a clinic and an invitation for its owner. Send the printed path to that address alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--slug", required=True, help="its part of every address: /c/SLUG/")
        parser.add_argument("--name", required=True)
        parser.add_argument("--timezone", required=True, help="such as America/New_York")
        parser.add_argument("--currency", required=True, help="such as USD")
        parser.add_argument("--owner", metavar="EMAIL", required=True)

    def handle(self, *, owner: str, **options: Any) -> None:
        """Make both, or neither."""
        if options["slug"] in all_clinics():
            raise CommandError(f"There is a clinic “{options['slug']}” already.", returncode=BAD_ARGUMENTS)
        clinic = {name: options[name] for name in ("slug", "name", "timezone", "currency")}
        try:
            invited = _made(clinic, owner)
        except ValidationError as error:
            raise CommandError(_faults(error), returncode=BAD_ARGUMENTS) from error
        words = (
            f"{clinic['name']} is made at /c/{clinic['slug']}/. Its owner {owner} comes in by {invited.path} "
            f"within {VALID_FOR.days} days."
        )
        self.answer({"clinic": clinic["slug"], "invitation": invited.path}, words, as_json=options["json"])


@transaction.atomic
def _made(fields: dict[str, str], owner: str) -> Invited:
    clinic = create_clinic(**fields)
    with clinic_scope(clinic):
        Clinic.objects.filter(pk=clinic.pk).update(two_step=Clinic.TwoStep.MANAGERS)
        by = ClinicPayItself(clinic, "Create clinic command")
        record("clinic.created", clinic, by=by, after=fields)
        return invite(owner, role=Role.OWNER, by=by)


def _faults(error: ValidationError) -> str:
    if hasattr(error, "error_dict"):
        return " ".join(f"--{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
    return f"--owner: {' '.join(error.messages)}"
