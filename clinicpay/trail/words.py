"""The trail in plain words: one table of actions, one of the values that they keep.

A sentence follows the person's name: "Rita Moreno" "recorded $150.00 in cash". An action without words
fails tests/trail/test_words.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from balances.states import PostingKind
from clinicpay import money
from clinicpay.audit.models import LIST_EXPORTED, LIST_VIEWED, RECORD_EXPORTED, RECORD_VIEWED, REFUSED
from clinicpay.patients.models import Account
from clinicpay.staff.roles import Can, Role
from clinicpay.ui import words
from followups.states import CaseOutcome, CaseState, PlanStatus, PromiseStatus
from payments.states import Method, PaymentStatus, RefundStatus
from treatments.states import EventState


@dataclass(frozen=True)
class Action:
    """How an action reads, with which icon, and who may read it. `{names}` are values that it keeps."""

    text: str
    icon: str
    sees: Can = Can.SEE_MONEY


ACTIONS = {
    "patient.registered": Action("added {subject} as a patient", "user-plus", Can.SEE_PATIENTS),
    "patient.changed": Action("changed the details of {subject}", "edit", Can.SEE_PATIENTS),
    "patient.imported": Action("imported {subject}", "database-import", Can.SEE_PATIENTS),
    "patient.payer_added": Action("named {payer} as a payer of {subject}", "building-bank"),
    "account.opened": Action("opened the account of {subject}", "wallet"),
    "account.changed": Action("changed the details of the account of {subject}", "edit"),
    "event.scheduled": Action("scheduled {subject}", "calendar-plus", Can.SEE_TREATMENTS),
    "event.procedures_added": Action("added procedures to {subject}", "plus", Can.SEE_TREATMENTS),
    "event.moved": Action("set {subject} to {state}", "stethoscope", Can.SEE_TREATMENTS),
    "event.record_written": Action("wrote the clinical record of {subject}", "notes", Can.SEE_TREATMENTS),
    "payment.received": Action("recorded {amount} {methods} on {subject}", "cash"),
    "payment.reversed": Action("reversed {subject}, which was entered in error", "circle-x"),
    "invoice.voided": Action("voided {subject}", "circle-x"),
    "payment.returned": Action("recorded that {amount} of {payment} were taken back, as {subject}", "receipt-refund"),
    "refund.requested": Action("asked to refund {amount} of {payment} as {subject}", "receipt-refund"),
    "refund.approved": Action("approved {subject}: {amount} of {payment}", "receipt-refund"),
    "refund.rejected": Action("rejected {subject}: {amount} of {payment}", "receipt-refund"),
    "refund.succeeded": Action("refunded {amount} of {payment} as {subject}", "receipt-refund"),
    "refund.failed": Action("recorded that {subject} failed: {amount} of {payment}", "receipt-refund"),
    "refund.reversed": Action("reversed {subject}: {amount} of {payment} came again", "receipt-refund"),
    "plan.drafted": Action("drafted {subject} over {amount} in {instalments} instalments", "calendar-plus"),
    "plan.activated": Action("made {subject} active", "calendar-plus"),
    "plan.instalment_billed": Action("billed an instalment of {amount} of {subject} on {invoice}", "file-invoice"),
    "plan.cancelled": Action("cancelled {subject}", "calendar-plus"),
    "plan.settled": Action("set {subject} to {plan}", "calendar-plus"),
    "write_off.requested": Action("asked to write {amount} off as {subject}", "scale"),
    "write_off.approved": Action("approved {subject}: {amount} written off", "scale"),
    "write_off.rejected": Action("rejected {subject}", "scale"),
    "write_off.reversed": Action("reversed {subject}: {amount} are owed again", "scale"),
    "case.opened": Action("began to follow up {subject}", "flag"),
    "case.moved": Action("set {subject} to {case}", "flag"),
    "case.closed": Action("closed {subject}: {outcome}", "flag"),
    "case.reopened": Action("opened {subject} again", "flag"),
    "promise.made": Action("recorded a promise of {amount}", "calendar-plus"),
    "promise.ended": Action("ended a promise: {promise}", "calendar-plus"),
    "day.review_started": Action("began to review {subject}", "eye"),
    "day.closed": Action("closed {day} at {location} as {subject}", "lock"),
    "day.reopened": Action("opened {day} at {location} again", "lock"),
    "price.set": Action("set the fee of {subject}", "tag"),
    "member.invited": Action("invited {email} as {role}", "mail", Can.MANAGE_SETTINGS),
    "member.joined": Action("joined the clinic as {role}", "user-check", Can.MANAGE_SETTINGS),
    "clinic.created": Action("made the clinic {subject}", "building-hospital", Can.MANAGE_SETTINGS),
    "practitioner.added": Action("put {subject} on the roster", "user-plus", Can.MANAGE_SETTINGS),
    "location.added": Action("added the location {subject}", "map-pin", Can.MANAGE_SETTINGS),
    "practitioner.changed": Action("changed {subject} on the roster", "edit", Can.MANAGE_SETTINGS),
    "location.changed": Action("changed the location {subject}", "edit", Can.MANAGE_SETTINGS),
    "view.saved": Action("kept a view of a list as {subject}", "star", Can.ENTER),
    "view.renamed": Action("renamed a view of a list to {subject}", "star", Can.ENTER),
    "view.removed": Action("removed the view {subject} of a list", "star", Can.ENTER),
    "practice.imported": Action("imported data of another system", "database-import", Can.MANAGE_SETTINGS),
    RECORD_VIEWED: Action("looked at {subject}", "eye", Can.SEE_TRAIL),
    RECORD_EXPORTED: Action("took a copy of {subject}", "download", Can.SEE_TRAIL),
    LIST_VIEWED: Action("looked at {page}: {rows} rows", "eye", Can.SEE_TRAIL),
    LIST_EXPORTED: Action("took a copy of {page}: {rows} rows", "download", Can.SEE_TRAIL),
    REFUSED: Action("tried to open {asked_for} and was refused", "ban", Can.SEE_TRAIL),
}

LISTS = {
    "today": "today’s treatments",
    "trail": "the trail",
    "treatment_new": "the patients to add a treatment for",
}
"""What a page of rows is called where its name alone would not say it."""

ASKED: dict[str, str] = {"q": "search", "on_after": "from", "on_before": "to"}
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
    choices: Mapping[Any, str] | None = None


def _labels(choices: Any) -> dict[Any, str]:
    return dict(choices.choices)


VALUES = {
    "amount": Value("Amount", is_money=True),
    "applied": Value("Applied", is_money=True),
    "methods": Value("Paid by", is_money=True, choices=_labels(Method)),
    "status": Value("Status", is_money=True, choices=_labels(PaymentStatus)),
    "owes": Value("Owes", is_money=True),
    "planned": Value("On a plan, not billed", is_money=True),
    "unapplied": Value("Unapplied", is_money=True),
    "deposits": Value("Deposits", is_money=True),
    "held": Value("Held pre-payments", is_money=True),
    "fee": Value("Fee", is_money=True),
    "payments_total": Value("Payments", is_money=True),
    "charges_total": Value("Charges", is_money=True),
    "payer": Value("Payer", is_money=True),
    "kind": Value("Kind of account", is_money=True, choices=_labels(Account.Kind)),
    "state": Value("State", choices=_labels(EventState)),
    "plan": Value("Payment plan", is_money=True, choices=_labels(PlanStatus)),
    "refund": Value("Refund", is_money=True, choices=_labels(RefundStatus)),
    "payment": Value("Payment", is_money=True),
    "invoice": Value("Invoice", is_money=True),
    "instalments": Value("Instalments", is_money=True),
    "case": Value("Follow-up", is_money=True, choices=_labels(CaseState)),
    "outcome": Value("Outcome", is_money=True, choices=_labels(CaseOutcome)),
    "promise": Value("Promise", is_money=True, choices=_labels(PromiseStatus)),
    "paid": Value("Paid", is_money=True),
    "due": Value("Due"),
    "grace": Value("Days of grace"),
    "day": Value("Day"),
    "location": Value("Location"),
    "version": Value("Version"),
    "role": Value("Role", choices=_labels(Role)),
    "procedures": Value("Procedures"),
    "characters": Value("Length of the record"),
    "patient": Value("Patient"),
    "name": Value("Name"),
    "description": Value("Description"),
    "first_name": Value("First name"),
    "last_name": Value("Last name"),
    "email": Value("Email"),
    "discipline": Value("Discipline"),
    "address": Value("Address"),
    "birth_date": Value("Born"),
    "sex": Value("Sex"),
    "phone": Value("Phone"),
    "asked": Value("Narrowed down to"),
    "slug": Value("Address"),
    "timezone": Value("Time zone"),
    "currency": Value("Currency"),
    "page": Value("List"),
    "query": Value("Filters"),
    "active": Value("Offered"),
    "rows": Value("Rows shown"),
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
    asked_for = subject.replace("_", " ")
    shown = {key: written(key, value, currency, is_money_seen=True) for key, value in kept.items()}
    shown |= {"subject": subject, "page": LISTS.get(subject, f"the list of {asked_for}"), "asked_for": asked_for}
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
        if hidden or before.get(key) == after.get(key) or (not before and f"{{{key}}}" in said):
            continue
        old, new = (written(key, kept.get(key), currency, is_money_seen=is_money_seen) for kept in (before, after))
        label = value.label if value else words.label(key)
        if old or new:
            found.append(f"{label}: {old or 'nothing'} → {new or 'nothing'}" if before else f"{label}: {new}")
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
        return ", ".join(f"{ASKED.get(str(name), str(name)).replace('_', ' ')} {one}" for name, one in value.items())
    if isinstance(value, list):
        return _listed(key, value, currency, is_money_seen=is_money_seen)
    known = VALUES.get(key, Value(key))
    if known.choices:
        return known.choices.get(value, str(value)).lower()
    return money.show(value, currency) if known.is_money and isinstance(value, int) else str(value)


def _listed(key: str, values: list[Any], currency: str, *, is_money_seen: bool) -> str:
    if key == "methods":
        return " and ".join(f"{'in' if one == Method.CASH else 'by'} {Method(one).label.lower()}" for one in values)
    if key == "procedures":
        return ", ".join(_procedure(one, currency, is_money_seen=is_money_seen) for one in values)
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
