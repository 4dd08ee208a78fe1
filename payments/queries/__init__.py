"""Reads of payments for screens. Amounts are minor units."""

from payments.queries.cards import Cards, Standing, cards
from payments.queries.detail import (
    Treated,
    about_patient,
    captures_of,
    treated,
    waiting_since,
    whole_payments,
)
from payments.queries.files import documents_of, notes_of
from payments.queries.holds import (
    held_lines,
    held_of_account,
    held_of_payment,
    own_field_use,
    pre_payments,
    sums_of,
)
from payments.queries.lists import (
    PaidLine,
    Parts,
    lines,
    name_in,
    parts_in,
    parts_of,
    payments,
    receipt_facts,
    receipts_in_colour,
    receipts_of,
    with_parts,
)
from payments.queries.mail import messages_about
from payments.queries.refunds import all_refunds
from payments.queries.sources import MoneySource, applied_by_charge, sources_of_payment
from payments.queries.timeline import Happened, patient_timeline

__all__ = [
    "Cards",
    "Happened",
    "MoneySource",
    "PaidLine",
    "Parts",
    "Standing",
    "Treated",
    "about_patient",
    "all_refunds",
    "applied_by_charge",
    "captures_of",
    "cards",
    "documents_of",
    "held_lines",
    "held_of_account",
    "held_of_payment",
    "lines",
    "messages_about",
    "name_in",
    "notes_of",
    "own_field_use",
    "parts_in",
    "parts_of",
    "patient_timeline",
    "payments",
    "pre_payments",
    "receipt_facts",
    "receipts_in_colour",
    "receipts_of",
    "sources_of_payment",
    "sums_of",
    "treated",
    "waiting_since",
    "whole_payments",
    "with_parts",
]
