"""What the forms that correct an invoice send, and who sends them."""

import uuid
from typing import Any

from balances.models import Invoice
from balances.queries import credit_notes
from balances.services import undo_allocation
from payments.services import foresee_billing, foresee_uncredit, foresee_void
from tests.worlds import World


def _why(_world: World) -> dict[str, Any]:
    return {"reason": "Wrong one", "request_key": str(uuid.uuid4())}


def _credit_note(world: World) -> dict[str, Any]:
    """Something of the world's line is owed, and a part of that is taken back."""
    undo_allocation(world.allocation.pk, by=world.home.rita, reason="To credit it")
    return _why(world) | {"charge": world.charge.pk, "amount": "1.00"}


def _voided(world: World) -> dict[str, Any]:
    return _why(world) | {"seal": foresee_void(Invoice.objects.get(pk=world.invoice.pk), world.home.clinic).seal}


def _credited_less(world: World) -> dict[str, Any]:
    note = credit_notes().get(pk=world.credited.pk)
    return _why(world) | {"seal": foresee_uncredit(note, world.home.clinic).seal}


def _billed_again(world: World) -> dict[str, Any]:
    seal = foresee_billing(world.void.event, world.home.clinic).seal
    return {"seal": seal, "request_key": str(uuid.uuid4())}


def _office_charge(world: World) -> dict[str, Any]:
    asked = {"description": "Copies", "amount": "15.00", "location": world.location.pk}
    return asked | {"request_key": str(uuid.uuid4())}


def _not_billed(world: World) -> dict[str, Any]:
    return _billed_again(world) | {"reason": "Wrong one"}


OF_INVOICES: dict[str, tuple[str, Any]] = {
    "invoice_credit": ("bill", _credit_note),
    "invoice_void": ("bill", _voided),
    "credit_reverse": ("bill", _credited_less),
    "office_charge": ("rita", _office_charge),
    "treatment_bill": ("rita", _billed_again),
    "treatment_not_billed": ("rita", _not_billed),
}
