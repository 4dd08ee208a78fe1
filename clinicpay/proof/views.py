"""The page "Prove it": every figure that a page shows, beside what its entries say."""

from collections.abc import Iterator
from time import perf_counter
from typing import Any

from django.db import OperationalError, transaction
from django.http import HttpResponse

from balances.checks import Found, run_checks
from clinicpay.clinics.models import Clinic
from clinicpay.proof.figures import Group, Outcome, is_timeout, prove, wait_at_most
from clinicpay.proof.groups import GROUPS
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page

PATIENCE = 11
"""Seconds that one question may take on a page, so that two of them end before a server gives up; the command
has no such limit."""

ENOUGH = 8
"""Seconds after which the page begins with nothing more: what is left is asked for by its own link."""

CHECKS = "checks"


@allowed(Can.PROVE_LEDGER)
def ledger_proof(request: ClinicRequest) -> HttpResponse:
    """Figures and checks, as many as a page can wait for; `of` asks for one of them alone. It only reads."""
    clinic, asked, began = request.member.clinic, request.GET.get("of", ""), perf_counter()
    chosen = [group for group in GROUPS if group.key == asked]
    outcomes = list(_outcomes(clinic, chosen or ([] if asked == CHECKS else GROUPS), began))
    results = None if chosen or _is_late(began) else _checked()
    differ = any(one.differences for one in outcomes) or any(one.differences for one in results or ())
    whole = not chosen and asked != CHECKS and results is not None and all(one.is_done for one in outcomes)
    context: dict[str, Any] = {"outcomes": outcomes, "results": results, "asked": asked, "patience": PATIENCE}
    context |= {"ok": not differ, "is_whole": whole, "seconds": perf_counter() - began}
    return render_page(request, "proof/ledger_proof.html", context)


def _outcomes(clinic: Clinic, groups: tuple[Group, ...] | list[Group], began: float) -> Iterator[Outcome]:
    """Each group, proved for as long as there is time."""
    for group in groups:
        yield Outcome(group) if _is_late(began) else prove(group, clinic, patience=PATIENCE)


def _is_late(began: float) -> bool:
    return perf_counter() - began > ENOUGH


def _checked() -> list[Found] | None:
    """The checks of `check_ledger`; none where they take longer than a page may."""
    try:
        with transaction.atomic():
            wait_at_most(PATIENCE)
            return run_checks()
    except OperationalError as error:
        if not is_timeout(error):
            raise
        return None
