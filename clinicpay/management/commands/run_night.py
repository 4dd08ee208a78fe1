"""`manage.py run_night --clinic SLUG --date YYYY-MM-DD`: do what is left of a clinic's night, now."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.utils import timezone

from clinicpay.clinics.commands import BAD_ARGUMENTS, WRONG, ClinicCommand, clinic_id, long_scope
from clinicpay.clinics.models import Clinic, JobRun
from clinicpay.night import STEPS, begins, run_night
from clinicpay.ui.days import within_reach


class Command(ClinicCommand):
    """Once more is the same as once. Exits with 1 when something of it failed."""

    help = "Run a clinic's night: instalments, automatic allocation, promises, follow-ups."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--clinic", metavar="SLUG", required=True)
        parser.add_argument("--date", metavar="YYYY-MM-DD", required=True, help="the clinic's local date")

    def handle(self, *, clinic: str, **options: Any) -> None:
        """Run it, and tell what each step did."""
        found, day = clinic_id(clinic), _date(options["date"])
        with long_scope(found) as scoped:
            _check(scoped, day)
        run_night(found, day)
        with long_scope(found):
            steps = [_told(step.name, day) for step in STEPS]
        self.answer({"steps": steps}, "\n".join(_words(step) for step in steps), as_json=options["json"])
        if any(step["failed"] for step in steps):
            raise SystemExit(WRONG)


def _date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
        within_reach(day)
    except ValueError as error:
        raise CommandError(f"“{text}” is not a date such as 2026-11-22.", returncode=BAD_ARGUMENTS) from error
    except ValidationError as error:
        raise CommandError(f"“{text}” is no date of a night: {error.messages[0]}", returncode=BAD_ARGUMENTS) from error
    return day


def _check(clinic: Clinic, day: date) -> None:
    if begins(clinic, day) > timezone.now():
        raise CommandError(f"The night of {day} has not begun at {clinic.name} yet.", returncode=BAD_ARGUMENTS)


def _told(name: str, day: date) -> dict[str, Any]:
    row = JobRun.objects.get(job=name, local_date=day)
    failed = row.failures.filter(mended_at=None).count()
    return {"name": name, "done": row.done, "skipped": row.skipped, "failed": failed}


def _words(step: dict[str, Any]) -> str:
    return f"{step['name']}: {step['done']} done, {step['skipped']} left as they are, {step['failed']} failed"
