"""Tasks: ids in, the clinic's scope, one call. Each may run twice without harm."""

import structlog
from celery import shared_task
from django.core.management import call_command

from balances.checks import run_checks
from clinicpay.audit.sealing import prove, seal
from clinicpay.clinics.commands import long_scope
from clinicpay.clinics.queries import all_clinics

log = structlog.get_logger(__name__)


@shared_task
def forget_old_sessions() -> None:
    """Delete sessions that have expired."""
    call_command("clearsessions")


@shared_task
def verify_ledgers() -> None:
    """Wake the nightly verifiers of every clinic."""
    for clinic_id in all_clinics().values():
        verify_ledger.delay(clinic_id)
        verify_trail.delay(clinic_id)


@shared_task
def verify_ledger(clinic_id: int) -> bool:
    """Recompute one clinic's totals from its entries; a difference is logged as an error. True if all agree."""
    with long_scope(clinic_id):
        wrong = [result for result in run_checks() if result.differences]
    for result in wrong:
        log.error("ledger differs", clinic=clinic_id, check=result.check.name, rows=result.differences)
    return not wrong


@shared_task
def verify_trail(clinic_id: int) -> bool:
    """Compute one clinic's seals again; what was changed is logged as an error. True if the trail is whole."""
    with long_scope(clinic_id):
        proof = prove()
    for fault in proof.faults:
        log.error("trail changed", clinic=clinic_id, fault=fault)
    return proof.ok


@shared_task
def seal_trails() -> None:
    """Wake the sealer of every clinic."""
    for clinic_id in all_clinics().values():
        seal_trail.delay(clinic_id)


@shared_task
def seal_trail(clinic_id: int) -> int:
    """Seal what is settled of one clinic's trail; the rows sealed. The log keeps each head outside the database."""
    with long_scope(clinic_id):
        blocks = seal()
    for block in blocks:
        log.info("trail sealed", clinic=clinic_id, block=block.number, rows=block.size, head=block.head)
    return sum(block.size for block in blocks)
