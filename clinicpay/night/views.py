"""Nights: what ran, what it did, what failed, and running one again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from celery import current_app
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from balances.models import AutoApplyRun
from balances.states import Source
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import JobFailure, JobRun
from clinicpay.night.steps import ATTEMPTS, STEPS, begins, try_again
from clinicpay.patients.models import Account, Patient
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.queries import managers
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import notify, redirect_after, render_page
from clinicpay.ui.days import within_reach

SHOWN = 30
"""Nights on the page."""


@dataclass
class Told:
    """One night as its page tells it."""

    day: date
    steps: list[Any]
    run: AutoApplyRun | None = None
    failures: list[Any] = field(default_factory=list)

    @property
    def step(self) -> dict[str, Any]:
        """Its steps by their names."""
        return {step.job: step for step in self.steps}

    @property
    def failed(self) -> int:
        """Accounts for which something of it is still undone."""
        return len({one.account_id for one in self.failures})

    @property
    def causes(self) -> dict[str, list[Any]]:
        """What went wrong, in words, with the failures that it is about."""
        found: dict[str, list[Any]] = {}
        for one in self.failures:
            found.setdefault(f"{one.label}: {one.words}", []).append(one)
        return found

    @property
    def is_tried_again(self) -> bool:
        """Whether the next waking tries again what failed, without anybody."""
        return any(one.state == JobRun.State.PARTIAL and one.attempts < ATTEMPTS for one in self.steps)

    @property
    def state(self) -> str:
        """Done, partly done, or still due."""
        states = {step.state for step in self.steps}
        return next((one for one in (JobRun.State.DUE, JobRun.State.PARTIAL) if one in states), JobRun.State.DONE)

    @property
    def label(self) -> str:
        return JobRun.State(self.state).label

    @property
    def began(self) -> datetime | None:
        return min((step.started_at for step in self.steps if step.started_at), default=None)


@allowed(Can.AUTO_APPLY, shows="nights")
def nights(request: ClinicRequest) -> HttpResponse:
    """The nights, newest first, or those before a date: what each step did, and what failed."""
    before = _asked(request.GET.get("before", ""))
    told = list(_told(before))
    context: dict[str, Any] = {"nights": told[:SHOWN], "next": _next(request)}
    context["managers"] = managers(besides=request.member)
    context["waiting"] = not before and any(night.state == JobRun.State.DUE for night in told)
    context["before"], context["older"] = before, told[SHOWN - 1].day if len(told) > SHOWN else None
    context["timezone"] = request.member.clinic.timezone.replace("_", " ")
    return render_page(request, "night/nights.html", context, fragment="nights")


@require_POST
@allowed(Can.AUTO_APPLY)
def night_run_now(request: ClinicRequest) -> HttpResponse:
    """Wake a night that has begun: one asked for, the oldest that is due, else the last. Ten clicks do it once (D9)."""
    clinic = request.member.clinic
    day = _asked(request.POST.get("day", "")) or _oldest_due() or _last_begun(request)
    if begins(clinic, day) > clock.local_now(clinic):
        notify(request, "That night has not begun yet.")
    elif not try_again(day, by=request.member):
        notify(request, "That night is done. Auto-Apply Payments applies what came in since.")
    else:
        name, arguments = "clinicpay.tasks.night", [clinic.pk, day.isoformat()]
        transaction.on_commit(lambda: current_app.send_task(name, arguments))
        notify(request, "The night runs now. This page follows it.")
    return redirect_after(request, address(clinic, "nights"))


def _told(before: date | None) -> Iterator[Told]:
    """One more than is shown, if there is one."""
    failed = Count("failures", filter=Q(failures__mended_at=None))
    found = JobRun.objects.filter(local_date__lt=before) if before else JobRun.objects.all()
    rows = found.annotate(failed=failed).order_by("-local_date", "id")[: (SHOWN + 1) * len(STEPS)]
    nightly = AutoApplyRun.objects.filter(source=Source.NIGHTLY, local_date__in={row.local_date for row in rows})
    runs = {run.local_date: run for run in nightly}
    failures = _failures([row.pk for row in rows if row.failed])
    for day, group in groupby(rows, key=lambda row: row.local_date):
        steps: list[Any] = list(group)
        yield Told(day, steps, runs.get(day), [one for step in steps for one in failures.get(step.pk, [])])


def _failures(run_ids: list[int]) -> dict[int, list[Any]]:
    """What failed and was not mended, by step, with the account's name and a patient to begin with."""
    if not run_ids:
        return {}
    labels = {step.name: step.label for step in STEPS}
    rows: list[Any] = list(
        JobFailure.objects.filter(run__in=run_ids, mended_at=None).select_related("run").order_by("pk")
    )
    wanted = {row.account_id for row in rows}
    accounts = Account.objects.in_bulk(wanted)
    patients = dict(Patient.objects.filter(account__in=wanted).order_by("-number").values_list("account", "number"))
    found: dict[int, list[Any]] = {}
    for row in rows:
        row.account, row.patient = accounts.get(row.account_id), patients.get(row.account_id)
        row.label, row.words = labels.get(row.run.job, row.run.job), _in_words(row.error)
        found.setdefault(row.run_id, []).append(row)
    return found


def _in_words(error: str) -> str:
    """A refusal is a sentence already; anything else is a mistake of the program's, and is named as such."""
    told = error.removeprefix("Refusal: ")
    return told if told != error else f"ClinicPay made a mistake ({error})."


def _last_begun(request: ClinicRequest) -> date:
    """The newest date whose night has begun; before 3 AM that is yesterday's."""
    clinic = request.member.clinic
    now = clock.local_now(clinic)
    return now.date() if begins(clinic, now.date()) <= now else now.date() - timedelta(days=1)


def _oldest_due() -> date | None:
    """The oldest night that nobody has finished, as when no worker ran for days."""
    due = JobRun.objects.filter(state=JobRun.State.DUE).order_by("local_date")
    return due.values_list("local_date", flat=True).first()


def _next(request: ClinicRequest) -> datetime:
    """When the next night begins."""
    clinic = request.member.clinic
    now = clock.local_now(clinic)
    today = begins(clinic, now.date())
    return today if today > now else begins(clinic, now.date() + timedelta(days=1))


def _asked(text: str) -> date | None:
    """The date in an address or a form, if it is one that somebody can mean."""
    try:
        day = date.fromisoformat(text)
        within_reach(day)
    except (ValueError, ValidationError):
        return None
    return day
