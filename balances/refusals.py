"""What a broken constraint means to the person at the desk."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, OperationalError
from django.db.utils import DatabaseError

from clinicpay.clinics.refusals import Refusal

_CHANGED = "It may have changed since you opened this page; look again."

MESSAGES = {
    "balances_charge_outstanding": f"That is more than what is still owed. {_CHANGED}",
    "balances_credit_available": f"That is more than the money that is available. {_CHANGED}",
    "balances_charge_amount": "A charge must be greater than zero.",
    "balances_credit_amount": "A payment must be greater than zero.",
    "balances_charge_written_off": "That is more than what was written off and not recovered yet.",
    "balances_charge_voided": "This invoice is void; what was wrong is billed again on another.",
    "balances_charge_procedure": "This procedure has been billed already.",
    "balances_entry_reversed_once": "This has been undone already.",
    "balances_entry_opens_charge": "This charge has been billed already.",
    "balances_entry_opens_credit": "This payment has been received already.",
    "ledger_closed_day": "That day is closed at this location; nothing more can be posted on it.",
    "ledger_billed": "What is unbilled on a payment plan can't be paid, credited or written off. Bill it first.",
    "ledger_move_paid": "Only money that was received can be set aside.",
    "ledger_reason": "Say why: a reason is kept with every correction.",
    "ledger_allocate_account": (
        "Money of one account can't pay for a patient of another,"
        " unless it is a payer on the patient’s list: name it there."
    ),
    "ledger_allocate_paid": "Only money that was received can be applied.",
    "ledger_allocate_reserved": "This money is reserved for a refund.",
    "ledger_receive_paid": "Only a paid payment can be received, at its own amount.",
    "ledger_reversal_exact": "This has been undone or changed already.",
    "payments_payment_amount": "Enter an amount greater than zero.",
    "payments_message_waiting": "This is on its way to that address already.",
    "payments_refund_amount": "Enter an amount greater than zero.",
    "payments_refund_limit": f"That is more than is left to refund of this payment. {_CHANGED}",
    "payments_refund_moves": "The refund's status has changed meanwhile; look again.",
    "balances_run_moves": "This run was applied or undone meanwhile; look again.",
    "payments_payment_locked": "This payment can't be edited any more: its status has changed meanwhile. Look again.",
    "payments_payment_moves": "The payment's status has changed meanwhile; look again.",
    "followups_plan_moves": "The plan has changed meanwhile; look again.",
    "followups_instalment_moves": "This instalment was billed or cancelled meanwhile; look again.",
    "followups_writeoff_moves": "The write-off was decided meanwhile; look again.",
    "followups_writeoff_delegated": "Your delegated permission doesn't cover this any more. An owner can approve it.",
    "staff_delegation_ended": "This delegation was withdrawn meanwhile.",
    "followups_case_moves": "The follow-up has changed meanwhile; look again.",
    "followups_callback_moves": "The callback was done or cancelled meanwhile; look again.",
    "followups_statementrun_one": "Another batch of statements is at work. Wait until it is over, or stop it.",
    "followups_case_one_open": "This account is followed up already.",
    "close_dailyclose_current": "Somebody else has begun with this day already.",
    "close_eventreview_agrees": f"What is owed is another amount now. {_CHANGED}",
    "close_eventreview_closed": "The treatment's state has changed meanwhile; look again.",
    "close_event_agrees": "What is owed has changed since the review. Review it again.",
    "close_event_evidence": "The evidence was removed meanwhile. Attach some, then confirm.",
    "balances_closedday_once": "This day is closed already.",
    "ledger_day_lifted": "This day was re-opened meanwhile; look again.",
    "deposits_bankslip_one_draft": "Somebody else has begun a draft for this location meanwhile. Go on with theirs.",
    "deposits_bankslip_fit": "A payment on this slip was reversed or bounced meanwhile. Change the draft.",
    "deposits_bankslipline_payment": "A payment is on another slip already. Look at the list again.",
    "deposits_bankslipline_refund": "A refund is on another slip already. Look at the list again.",
    "deposits_payment_on_slip": "This payment is on a printed bank slip, so it went to the bank. Refund it instead.",
    "deposits_refund_on_slip": "This refund is on a printed bank slip: its cash was taken from what went to the bank.",
    "treatments_event_moves": "The treatment's state has changed meanwhile; look again.",
}
"""Constraints that a form can reach. Any other is a bug, and stays an error."""

_BUSY = {"55P03", "40P01", "40001"}  # lock not available, deadlock, serialization failure


@contextmanager
def database_refusals() -> Iterator[None]:
    """Turn the database's refusals into Refusal with words for the user."""
    try:
        yield
    except IntegrityError as error:
        message = MESSAGES.get(_constraint(error))
        if message is None:
            raise
        raise Refusal(message) from error
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") not in _BUSY:
            raise
        raise Refusal("Somebody else is working on this account right now. Try again in a moment.") from error


def _constraint(error: DatabaseError) -> str:
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
