"""Tasks: ids in, the clinic's scope, one call. Each may run twice without harm."""

from collections.abc import Callable
from datetime import date
from typing import Any

import structlog
from celery import shared_task
from django.core.management import call_command

from balances.checks import run_checks
from balances.services import asked_by, go_on, note_problem, unfinished
from clinicpay.audit.sealing import prove, seal
from clinicpay.clinics.commands import be_patient, long_scope
from clinicpay.clinics.queries import all_clinics
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.services.papers import sheet_papers
from clinicpay.night import plan_nights, run_night
from clinicpay.papers import Papers
from clinicpay.staff.access import Refused
from deposits import services as deposits
from deposits.services.papers import slip_papers
from followups.services import statement_runs
from payments.services import fold_tallies, mail
from payments.services.gateway_events import catch_up, process_event
from payments.services.gateway_refunds import send_refund
from payments.services.simulation import tell_of_refund

log = structlog.get_logger(__name__)

TRIES = 3
"""How often a chunk of a long run is tried before the run stands still."""


@shared_task
def forget_old_sessions() -> None:
    """Delete sessions that have expired."""
    call_command("clearsessions")


@shared_task
def tick() -> None:
    """Write down the nights that have begun, and wake each that has work left, missed ones first, and long runs."""
    for clinic_id in all_clinics().values():
        with long_scope(clinic_id) as clinic:
            waiting = plan_nights(clinic)
            runs = list(unfinished().values_list("pk", flat=True))
            lists = list(deposits.unfinished().values_list("pk", flat=True))
            batches = statement_runs.unfinished_runs()
            slips, sheets = slip_papers.undrawn(), sheet_papers.undrawn()
        for day in waiting:
            night.delay(clinic_id, day.isoformat())
        for run in runs:
            auto_apply.delay(clinic_id, run)
        for run in lists:
            reconcile_deposits.delay(clinic_id, run)
        for batch in batches:
            send_statements.delay(clinic_id, batch)
        for slip in slips:
            draw_slip.delay(clinic_id, slip)
        for sheet in sheets:
            draw_sheet.delay(clinic_id, sheet)


@shared_task
def night(clinic_id: int, day: str) -> None:
    """Do what is left of one clinic's night."""
    run_night(clinic_id, date.fromisoformat(day))


@shared_task
def auto_apply(clinic_id: int, run_id: int) -> None:
    """Do what is left of a long preview, or of applying one, in transactions of a chunk each."""
    while _chunk_of(go_on, clinic_id, run_id):
        pass


@shared_task
def reconcile_deposits(clinic_id: int, run_id: int) -> None:
    """Do what is left of applying a long list of deposits, likewise."""
    while _chunk_of(deposits.go_on, clinic_id, run_id):
        pass


def _chunk_of(chunk: Callable[[int], bool], clinic_id: int, run_id: int) -> bool:
    """One chunk, as who asked for the run; what keeps it from going on stands on its page."""
    with clinic_scope(clinic_id):
        user = asked_by(run_id)
    words = ""
    for _ in range(TRIES):
        try:
            with clinic_scope(clinic_id, user):
                be_patient()
                return chunk(run_id)
        except (Refusal, Refused) as refusal:  # such as somebody at the desk who held an account for long
            words = str(refusal)
        except Exception:
            log.exception("run stands still", clinic=clinic_id)
            words = "Something went wrong that was not foreseen."
    with clinic_scope(clinic_id):
        note_problem(run_id, words)
    return False


@shared_task
def draw_slip(clinic_id: int, slip_id: int) -> None:
    """Draw the paper of a long bank slip, and keep it."""
    _draw(slip_papers, clinic_id, slip_id)


@shared_task
def draw_sheet(clinic_id: int, close_id: int) -> None:
    """Draw the sheet of a large closed day, and keep it."""
    _draw(sheet_papers, clinic_id, close_id)


def _draw(papers: Papers[Any], clinic_id: int, pk: int) -> None:
    """Between two transactions."""
    with clinic_scope(clinic_id):
        facts = papers.to_draw(pk)
    if facts:
        made = papers.draw(facts)
        with clinic_scope(clinic_id):
            papers.keep(facts, made)


@shared_task
def send_statements(clinic_id: int, run_id: int) -> None:
    """Do what is left of a batch of statements, one after the other; another worker may be at the same batch."""
    while statement_runs.go_on(clinic_id, run_id):
        pass


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
def fold_all_tallies() -> None:
    """Wake the folding of every clinic's sums over its payments."""
    for clinic_id in all_clinics().values():
        fold_clinic_tallies.delay(clinic_id)


@shared_task
def fold_clinic_tallies(clinic_id: int) -> int:
    """Put one clinic's lines of sums together; the lines that went."""
    with long_scope(clinic_id):
        return fold_tallies()


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


@shared_task
def process_gateway_event(clinic_id: int, event_id: int) -> None:
    """Make so what an event of a gateway points at; what can't be done now is found by beat."""
    process_event(clinic_id, event_id)


@shared_task
def send_gateway_refund(clinic_id: int, refund_id: int) -> None:
    """Ask the gateway for an approved refund; if it is away beat asks again."""
    send_refund(clinic_id, refund_id)
    tell_of_refund(clinic_id, refund_id)


@shared_task
def follow_gateways() -> None:
    """Wake what follows the gateway of every clinic."""
    for clinic_id in all_clinics().values():
        follow_gateway.delay(clinic_id)


@shared_task
def follow_gateway(clinic_id: int) -> None:
    """Take up what no message has woken."""
    catch_up(clinic_id)


@shared_task
def send_waiting_messages() -> None:
    """Wake each clinic's mail that is due again, or whose own task was lost."""
    for clinic_id in all_clinics().values():
        send_waiting.delay(clinic_id)


@shared_task
def send_waiting(clinic_id: int) -> None:
    """Wake one clinic's mail that is due."""
    with clinic_scope(clinic_id):
        waiting = mail.waiting_messages()
    for message_id in waiting:
        send_message.delay(clinic_id, message_id)


@shared_task
def send_message(clinic_id: int, message_id: int) -> None:
    """One attempt to send a message: taken and kept in transactions of their own, none is open while it is sent."""
    with clinic_scope(clinic_id):
        taken = mail.take_message(message_id)
    if not taken:
        return
    with clinic_scope(clinic_id):
        letter = mail.composed(message_id)
    fault = mail.post(letter)
    with clinic_scope(clinic_id):
        mail.settle_message(message_id, fault)
    if fault:
        log.warning("message not sent", clinic=clinic_id, fault=fault.words)
