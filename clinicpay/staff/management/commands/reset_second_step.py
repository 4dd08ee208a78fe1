"""`manage.py reset_second_step`: for the only owner who lost a phone, or somebody who works in several clinics."""

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import CommandError
from django.db import transaction

from clinicpay.audit.services import record
from clinicpay.clinics.commands import BAD_ARGUMENTS, ClinicCommand
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.models import ClinicPayItself, User
from clinicpay.staff.queries import memberships_of
from clinicpay.staff.sessions import end_sign_ins


class Command(ClinicCommand):
    """Takes the authenticator app and the recovery codes off a person; each of their clinics' trails says so."""

    help = "Take the second step off somebody who lost it and sign them out. Make sure first that it is they who ask."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email", metavar="EMAIL")

    def handle(self, *, email: str, **options: Any) -> None:
        """All of it, or nothing."""
        user = User.objects.filter(email=email.strip().lower()).first()
        if not user:
            raise CommandError(f"Nobody signs in as {email}.", returncode=BAD_ARGUMENTS)
        clinics = _reset(user)
        words = f"{email} was signed out everywhere and signs in by password, until a clinic asks for a second step."
        self.answer({"email": user.email, "clinics": clinics}, words, as_json=options["json"])


@transaction.atomic
def _reset(user: User) -> list[str]:
    gone, _ = Authenticator.objects.filter(user=user).delete()
    if not gone:
        raise CommandError(f"{user.email} has no second step.", returncode=1)
    end_sign_ins(user)
    members = memberships_of(user)
    for member in members:
        with clinic_scope(member.clinic):
            by = ClinicPayItself(member.clinic, "Reset second step command")
            record("member.second_step_reset", member, by=by, after={"email": user.email})
    return [member.clinic.slug for member in members]
