"""`manage.py undo_run RUN --clinic SLUG`: undo everything that an automatic run applied."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from balances.models import AutoApplyRun
from balances.services import undo_run
from clinicpay.clinics.commands import BAD_ARGUMENTS, ClinicCommand, clinic_id, long_scope
from clinicpay.clinics.numbers import typed
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.models import ClinicPayItself


class Command(ClinicCommand):
    """All of it, or nothing when any of it was undone or refunded since."""

    help = "Undo an automatic run as a whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("run", metavar="RUN", help="as auto_apply answered it, such as RUN-012")
        parser.add_argument("--clinic", metavar="SLUG", required=True)

    def handle(self, *, run: str, clinic: str, **options: Any) -> None:
        """Undo it and tell how many applications that were."""
        with long_scope(clinic_id(clinic)) as found:
            row = AutoApplyRun.objects.filter(number=typed(AutoApplyRun.KIND, run) or 0).first()
            if row is None:
                raise CommandError(f"{found.name} has no run “{run}”.", returncode=BAD_ARGUMENTS)
            try:
                count = undo_run(row, by=ClinicPayItself(found, "Undo-run command"), reason="Undone by command")
            except Refusal as refusal:
                raise CommandError(str(refusal)) from refusal
        undone = "1 application" if count == 1 else f"{count} applications"
        self.answer({"reversed": count}, f"{undone} undone.", as_json=options["json"])
