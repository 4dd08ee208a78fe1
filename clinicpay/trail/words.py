"""The trail in plain words: one table of actions, one of the values that they keep.

A sentence follows the person's name: "Rita Moreno" "recorded $150.00 in cash". An action without words
fails tests/trail/test_words.py.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from balances.states import CreditKind, PostingKind
from clinicpay import money
from clinicpay.clinics.models import Clinic
from clinicpay.close.states import Outcome
from clinicpay.patients.models import Account
from clinicpay.staff.roles import Role
from clinicpay.trail.actions import ACTIONS, Action
from clinicpay.trail.pages import asked_for, counted, page
from clinicpay.ui import words
from followups.states import (
    AttemptOutcome,
    CallbackState,
    CaseOutcome,
    CaseState,
    Channel,
    PlanStatus,
    PromiseStatus,
    WriteOffCause,
)
from payments.models import Message
from payments.states import GatewayName, Method, Paper, PaymentStatus, RefundStatus
from treatments.states import EventState

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LAST_DAY = re.compile(rf"(?<!\S){_DAY.pattern}$")

ASKED: dict[str, str] = {
    "q": "search",
    "on_after": "from",
    "on_before": "to",
    "due_on_after": "due from",
    "due_on_before": "due to",
    "created_after": "created from",
    "created_before": "created to",
}
"""What the address of a list calls otherwise than its filters do."""

LEDGER = {
    PostingKind.CHARGE: "billed charges",
    PostingKind.CREDIT_NOTE: "credited charges",
    PostingKind.REVERSE_CREDIT_NOTE: "reversed a credit note",
    PostingKind.HOLD: "held a pre-payment",
    PostingKind.RELEASE: "released a pre-payment",
    PostingKind.RESERVE: "set money aside for a refund",
    PostingKind.UNRESERVE: "gave up what was set aside for a refund",
    PostingKind.REFUND: "refunded money",
    PostingKind.REVERSE_REFUND: "took refunded money in again",
    PostingKind.RETURN: "recorded money that was taken back",
    PostingKind.REVERSE_RETURN: "took returned money in again",
    PostingKind.WRITE_OFF: "wrote debt off",
    PostingKind.REVERSE_WRITE_OFF: "reversed a write-off",
    PostingKind.RECOVER: "recovered written-off debt",
    PostingKind.CONVERT: "moved debt to a payment plan",
    PostingKind.INSTALMENT: "billed an instalment",
    PostingKind.CANCEL_PLAN: "took debt off a payment plan",
    PostingKind.RECEIVE: "received money",
    PostingKind.ALLOCATE: "applied money",
    PostingKind.UNALLOCATE: "took back applied money",
    PostingKind.REVERSE_PAYMENT: "reversed a payment",
}
"""What "ledger.receive+allocate" says about an account: one act may do several of them."""


@dataclass(frozen=True)
class Value:
    """How a kept value is labelled and written; `is_money` is hidden from those who see none."""

    label: str
    is_money: bool = False
    is_day: bool = False
    choices: Mapping[Any, str] | None = None

    def written(self, value: Any, currency: str) -> str:
        """One kept value, as people read it."""
        if self.is_day:
            return _in_words(str(value))
        if self.choices:
            return self.choices.get(value, str(value)).lower()
        return money.show(value, currency) if self.is_money and isinstance(value, int) else str(value)


def _in_words(text: str) -> str:
    """A kept day, or a kept moment on the clinic's clock, as people write it; any other text as it is."""
    try:
        if _DAY.fullmatch(text):
            return words.day_words(date.fromisoformat(text))
        local = timezone.localtime(datetime.fromisoformat(text))
    except ValueError:
        return text
    return f"{words.day_words(local)}, {words.clock_words(local)}"


def _labels(choices: Any) -> dict[Any, str]:
    return dict(choices.choices)


VALUES = {
    "amount": Value("Amount", is_money=True),
    "applied": Value("Applied", is_money=True),
    "foreign": Value("Charged"),
    "methods": Value("Paid by", is_money=True, choices=_labels(Method)),
    "status": Value("Status", is_money=True, choices=_labels(PaymentStatus)),
    "owes": Value("Owes", is_money=True),
    "planned": Value("On a plan, not billed", is_money=True),
    "unapplied": Value("Unapplied", is_money=True),
    "deposits": Value("Deposits", is_money=True),
    "held": Value("Held pre-payments", is_money=True),
    "fee": Value("Fee", is_money=True),
    "refund_limit": Value("Refund limit for billing", is_money=True),
    "check_days": Value("Days until an insurance check is old"),
    "payments_total": Value("Payments", is_money=True),
    "charges_total": Value("Charges", is_money=True),
    "payer": Value("Payer", is_money=True),
    "member_number": Value("Member number", is_money=True),
    "insurer": Value("Insurer"),
    "insurance_plan": Value("Plan"),
    "benefits": Value("Services with benefits"),
    "deductible_left": Value("Deductible left", is_money=True),
    "out_of_pocket_left": Value("To the out-of-pocket maximum", is_money=True),
    "withdrawn": Value("Withdrawn"),
    "kind": Value("Kind of account", is_money=True, choices=_labels(Account.Kind)),
    "state": Value("State", choices=_labels(EventState)),
    "review": Value("Reviewed as", is_money=True, choices=_labels(Outcome)),
    "evidence": Value("Evidence", is_money=True),
    "plan": Value("Payment plan", is_money=True, choices=_labels(PlanStatus)),
    "refund": Value("Refund", is_money=True, choices=_labels(RefundStatus)),
    "payment": Value("Payment", is_money=True),
    "invoice": Value("Invoice", is_money=True),
    "instead_of": Value("Instead of", is_money=True),
    "document": Value("Document", is_money=True),
    "document_is": Value("What it is", is_money=True, choices=_labels(Paper)),
    "length": Value("Length of the note"),
    "message": Value("Email", is_money=True, choices=_labels(Message.Kind)),
    "instalments": Value("Instalments"),
    "case": Value("Follow-up", is_money=True, choices=_labels(CaseState)),
    "outcome": Value("Outcome", is_money=True, choices=_labels(CaseOutcome)),
    "promise": Value("Promise", is_money=True, choices=_labels(PromiseStatus)),
    "paid": Value("Paid", is_money=True),
    "cause": Value("Reason", is_money=True, choices=_labels(WriteOffCause)),
    "delegation": Value("Under delegation", is_money=True),
    "limit": Value("Up to, each", is_money=True),
    "last_day": Value("Last day", is_day=True),
    "channel": Value("By", is_money=True, choices=_labels(Channel)),
    "attempt": Value("Outcome", is_money=True, choices=_labels(AttemptOutcome)),
    "callback": Value("Callback", is_money=True, choices=_labels(CallbackState)),
    "member": Value("Who", is_money=True),
    "at": Value("When", is_money=True, is_day=True),
    "due": Value("Due", is_day=True),
    "type": Value("Payment type", is_money=True),
    "treatment": Value("Treatment"),
    "memo": Value("Memo", is_money=True),
    "accounts": Value("Accounts"),
    "held_for": Value("Held for", is_money=True),
    "own_fields": Value("Own fields"),
    "custom_1": Value("First own field"),
    "custom_2": Value("Second own field"),
    "done": Value("Accounts done"),
    "mismatch": Value("Not met", is_money=True),
    "kinds": Value("Money that takes part", choices=_labels(CreditKind)),
    "exact_first": Value("Exact amount first"),
    "own_patient_first": Value("Own patient before family"),
    "by_due_date": Value("Earliest due first"),
    "minimum_age": Value("Days an invoice must be old"),
    "excluded": Value("Disciplines left out"),
    "calendar": Value("Calendar address"),
    "cash": Value("Cash", is_money=True),
    "cheques": Value("Cheques", is_money=True),
    "cash_out": Value("Cash taken out", is_money=True),
    "cash_out_reason": Value("Taken out for", is_money=True),
    "lines": Value("Lines"),
    "grace": Value("Days of grace"),
    "two_step": Value("Second step asked of", choices=_labels(Clinic.TwoStep)),
    "idle_minutes": Value("Minutes of rest"),
    "day_starts_at": Value("Hour at which the day begins"),
    "paper": Value("Paper", choices=_labels(Clinic.Paper)),
    "signs_in": Value("Signs in as"),
    "day": Value("Day", is_day=True),
    "business_day": Value("Business day", is_day=True),
    "location": Value("Location"),
    "version": Value("Version"),
    "day_starts": Value("Day begins at hour"),
    "opening_float": Value("Opening float", is_money=True),
    "counted": Value("Counted", is_money=True),
    "kept_float": Value("Kept in the drawer", is_money=True),
    "seal": Value("Seal"),
    "role": Value("Role", choices=_labels(Role)),
    "procedures": Value("Procedures"),
    "price": Value("Price", is_money=True),
    "parts": Value("Parts", is_money=True),
    "note": Value("Note", is_money=True),
    "characters": Value("Length of the record"),
    "patient": Value("Patient"),
    "name": Value("Name"),
    "description": Value("Description"),
    "first_name": Value("First name"),
    "last_name": Value("Last name"),
    "email": Value("Email"),
    "discipline": Value("Discipline"),
    "address": Value("Address"),
    "birth_date": Value("Born", is_day=True),
    "sex": Value("Sex"),
    "phone": Value("Phone"),
    "asked": Value("Narrowed down to"),
    "slug": Value("Web address"),
    "timezone": Value("Time zone"),
    "currency": Value("Currency"),
    "page": Value("List"),
    "query": Value("Filters"),
    "active": Value("Offered"),
    "link_until": Value("Link good until"),
    "gateway": Value("Cards are taken by", choices=_labels(GatewayName)),
    "new_secrets": Value("New secrets"),
    "rows": Value("Rows shown"),
    "what": Value("What"),
    "file": Value("File"),
    "days": Value("Days"),
    "first": Value("First day", is_day=True),
    "last": Value("Last day", is_day=True),
    "again": Value("Left before"),
    "sha256": Value("SHA-256"),
    "account": Value("Account"),
    "code": Value("Code"),
    "answer": Value("Answer"),
}


def action_of(name: str) -> Action:
    """The words for an action; one that nobody has listed is shown by its name, to those who see money."""
    if name in ACTIONS:
        return ACTIONS[name]
    area, _, did = name.partition(".")
    if area == "ledger":
        parts = [LEDGER.get(PostingKind(kind), kind) if kind in PostingKind else kind for kind in did.split("+")]
        return Action(f"{' and '.join(parts)} on the account of {{subject}}", "scale")
    return Action(f"{did.replace('_', ' ')}: {area.replace('_', ' ')} {{subject}}", "history")


def sentence(name: str, subject: str, kept: Mapping[str, Any], currency: str) -> str:
    """What somebody did, to follow their name."""
    shown = {key: written(key, value, currency, is_money_seen=True) for key, value in kept.items()}
    named = {"subject": _LAST_DAY.sub(lambda found: _in_words(found[0]), subject), "page": page(subject)}
    shown |= named | {"asked_for": asked_for(subject), "rows": counted(kept.get("rows", 0))}
    return action_of(name).text.format_map(_Blank(shown)).replace("  ", " ")


def changes(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any], *, currency: str, is_money_seen: bool
) -> list[str]:
    """What was, and what is: "Owes: $200.00 → $80.00". What the sentence says is not said again."""
    said = action_of(name).text
    found = []
    for key in sorted({**before, **after}, key=_place):
        value = VALUES.get(key)
        hidden = not is_money_seen and (value is None or value.is_money)
        is_said = f"{{{key}}}" in said and not (key in before and key in after)
        if hidden or before.get(key) == after.get(key) or is_said:
            continue
        old, new = (written(key, kept.get(key), currency, is_money_seen=is_money_seen) for kept in (before, after))
        label = value.label if value else words.label(key)
        if key in before and key in after:
            found.append(f"{label}: {old or 'nothing'} → {new or 'nothing'}")
        elif old or new:  # only one side was kept: that says nothing of the other
            found.append(f"{label} (before): {old}" if key in before else f"{label}: {new}")
    return found


def _place(key: str) -> int:
    """In the order of the table of values; the database keeps an order of its own."""
    return list(VALUES).index(key) if key in VALUES else len(VALUES)


def written(key: str, value: Any, currency: str, *, is_money_seen: bool) -> str:
    """A kept value as people read it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        asked = [(ASKED.get(str(name), str(name)).replace("_", " "), str(one)) for name, one in value.items()]
        return ", ".join(f"{name} {_in_words(one) if _DAY.fullmatch(one) else one}" for name, one in asked)
    if isinstance(value, list):
        return _listed(key, value, currency, is_money_seen=is_money_seen)
    return VALUES.get(key, Value(key)).written(value, currency)


def _listed(key: str, values: list[Any], currency: str, *, is_money_seen: bool) -> str:
    if key == "methods":
        return " and ".join(f"{'in' if one == Method.CASH else 'by'} {Method(one).label.lower()}" for one in values)
    if key == "procedures":
        return ", ".join(_procedure(one, currency, is_money_seen=is_money_seen) for one in values)
    if key == "parts":
        return ", ".join(f"{one['treatment']} {money.show(one['amount'], currency)}" for one in values)
    return ", ".join(map(str, values))


def _procedure(one: Any, currency: str, *, is_money_seen: bool) -> str:
    """A code with its fee; older rows keep both in one text."""
    if not isinstance(one, dict):
        code, _, fee = str(one).rpartition(" ")
        one = {"code": code, "fee": int(fee)}
    return f"{one['code']} {money.show(one['fee'], currency)}" if is_money_seen else str(one["code"])


class _Blank(dict[str, str]):
    """A value that was not kept leaves nothing in the sentence."""

    def __missing__(self, key: str) -> str:
        return ""
