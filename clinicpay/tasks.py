"""Tasks: ids in, the clinic's scope, one call. Each may run twice without harm."""

import structlog
from celery import shared_task
from django.core.management import call_command
from django.db import connection

from balances.checks import run_checks
from clinicpay.clinics.commands import long_scope

log = structlog.get_logger(__name__)


@shared_task
def forget_old_sessions() -> None:
    """Delete sessions that have expired."""
    call_command("clearsessions")


@shared_task
def verify_ledgers() -> None:
    """Wake the nightly verifier of every clinic."""
    with connection.cursor() as cursor:
        cursor.execute("select id from all_clinics()")
        clinics = [clinic_id for (clinic_id,) in cursor.fetchall()]
    for clinic_id in clinics:
        verify_ledger.delay(clinic_id)


@shared_task
def verify_ledger(clinic_id: int) -> bool:
    """Recompute one clinic's totals from its entries; a difference is logged as an error. True if all agree."""
    with long_scope(clinic_id):
        wrong = [result for result in run_checks() if result.differences]
    for result in wrong:
        log.error("ledger differs", clinic=clinic_id, check=result.check.name, rows=result.differences)
    return not wrong
