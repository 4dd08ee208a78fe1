"""The broken control of the nights: a worker as one would write it first."""

from collections.abc import Sequence
from datetime import date

from django.db.models import F

from clinicpay.clinics.commands import long_scope
from clinicpay.clinics.models import JobRun
from clinicpay.night import Night, Step


def run_naively(clinic: int, day: date, steps: Sequence[Step]) -> None:
    """It notes how far it is, and then does the work; each is committed alone, and nothing is locked."""
    for step in steps:
        while accounts := _noted(clinic, day, step):
            with long_scope(clinic) as found:
                tally = step.work(Night(found, day), accounts)
                counts = {"done": F("done") + tally.done, "skipped": F("skipped") + tally.skipped}
                JobRun.objects.filter(job=step.name, local_date=day).update(**counts)
        with long_scope(clinic) as found:
            step.finish(Night(found, day))


def _noted(clinic: int, day: date, step: Step) -> list[int]:
    with long_scope(clinic):
        row, _ = JobRun.objects.get_or_create(job=step.name, local_date=day)
        accounts = list(step.accounts(day).filter(account__gt=row.cursor)[: step.chunk])
        row.cursor, row.state = [row.cursor, *accounts][-1], row.state if accounts else JobRun.State.DONE
        row.save(update_fields=["cursor", "state"])
    return accounts
