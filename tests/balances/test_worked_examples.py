"""The worked examples of docs/money.md, act by act: every figure of its tables is what the database says."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.db import connection

from balances.models import Entry, Posting
from balances.services import (
    apply_credit,
    credit_charge,
    hold_credit,
    recover,
    run_auto_apply,
    undo_allocation,
)
from balances.states import ChargeKind, CreditKind
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.embedded.paths import PROJECT
from clinicpay.patients.models import Account
from followups.schedule import Terms
from followups.services import approve_write_off, bill_instalment, cancel_plan, request_write_off, start_plan
from followups.states import Frequency
from payments.models import Payment
from payments.services import (
    GoingBack,
    Order,
    Tender,
    approve_refund,
    pay_refund,
    record_payment,
    request_refund,
    reverse_payment,
)
from payments.states import Method, RefundReason
from tests.balances.invariants import broken
from tests.balances.money import allocation, credit_of
from tests.factories import a_charge, a_patient, a_payment, an_invoice

MONEY = (PROJECT / "docs" / "money.md").read_text()
TOTALS = {
    "owes": ("charge", [ChargeKind.PROCEDURE, ChargeKind.OFFICE, ChargeKind.INSTALMENT]),
    "planned": ("charge", [ChargeKind.PRINCIPAL]),
    "unapplied": ("credit", [CreditKind.UNAPPLIED]),
    "held": ("credit", [CreditKind.PRE_PAYMENT]),
}
"""What each total of an account sums: entries on charges, or on credits, of these kinds."""


@dataclass
class Act:
    """One posting: what its lines add, both sides of its journal, and the account's totals after it (minor units)."""

    kind: str
    refs: set[str] = field(default_factory=set)
    charge: Counter[int] = field(default_factory=Counter)
    credit: Counter[int] = field(default_factory=Counter)
    debits: Counter[str] = field(default_factory=Counter)
    credits: Counter[str] = field(default_factory=Counter)
    totals: dict[str, int] = field(default_factory=dict)


def minor(text: str) -> int:
    sign = -1 if text.startswith("−") else 1
    return sign * money.parse(text.lstrip("+−"), "USD") if text != "0.00" else 0


def table(section: str, text: str = MONEY) -> list[list[str]]:
    """Cells of the first table under a heading, without its rule."""
    [found] = re.findall(rf"^## {section}$.*?^(\|.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found.splitlines()]
    return [rows[0], *rows[2:]]


def told(section: str, text: str = MONEY) -> list[Act]:
    """The acts of a section as its table tells them; a row without an act goes on with the one above."""
    head, *rows = table(section, text)
    acts: list[Act] = []
    for row in rows:
        if kind := re.search(r"`(\w+)`", row[0]):
            acts.append(Act(kind[1], set(re.findall(r"[A-Z]+-\d+", row[0]))))
        side = "deltas"
        for name, cell in zip(head, row, strict=True):
            side = "journal" if name == "debit" else side
            _read(acts[-1], name, side, cell)
    return acts


def _read(act: Act, name: str, side: str, cell: str) -> None:
    """What one cell says is added to the act. "credit" is the money in one column, the journal's side in another."""
    if name in TOTALS and cell:
        act.totals[name] = minor(cell)
    elif name in {"charge", "credit"} and side == "deltas":
        (act.charge if name == "charge" else act.credit).update(minor(part) for part in cell.split(", ") if part)
    elif name in {"debit", "credit"} and cell:
        account, amount = cell.rsplit(" ", 1)
        (act.debits if name == "debit" else act.credits)[account] += minor(amount)


def kept(account: Account) -> Iterator[Act]:
    """An account's acts as the database has them."""
    so_far: Counter[str] = Counter(dict.fromkeys(TOTALS, 0))
    lines = Entry.objects.filter(charge__account=account) | Entry.objects.filter(credit__account=account)
    for posting in Posting.objects.filter(pk__in=lines.values("posting")).order_by("pk"):
        act = Act(posting.kind)
        for entry in posting.entries.select_related("charge__invoice", "credit__payment"):
            act.refs |= {
                one.ref for one in (entry.charge and entry.charge.invoice, entry.credit and entry.credit.payment) if one
            }
            act.charge.update([entry.charge_delta] if entry.charge_delta else [])
            act.credit.update([entry.credit_delta] if entry.credit_delta else [])
            for name, (what, kinds) in TOTALS.items():
                of = getattr(entry, what)
                so_far[name] += getattr(entry, f"{what}_delta") if of and of.kind in kinds else 0
        act.totals = dict(so_far)
        for side, ledger_account, method, amount in journal(posting):
            book = act.debits if side == "debit" else act.credits
            book[f"{ledger_account} ({method})" if method else ledger_account] += amount
        yield act


def journal(posting: Posting) -> list[tuple[str, str, str | None, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select side, ledger_account, method, amount from balances_journal where posting_id = %s", [posting.pk]
        )
        return cursor.fetchall()


def agrees(example: list[Act], account: Account) -> None:
    """Each act of the example is the account's act, and the account has the totals of the last."""
    acts = list(kept(account))
    assert [act.kind for act in acts] == [act.kind for act in example]
    for said, act in zip(example, acts, strict=True):
        assert said.refs <= act.refs
        act.refs, act.totals = said.refs, {name: act.totals[name] for name in said.totals}
        assert act == said
    last = list(kept(account))[-1].totals
    account.refresh_from_db()
    assert {name: getattr(account, name) for name in TOTALS} == last
    assert not broken()


@pytest.fixture
def examples(harbor) -> dict[str, Account]:
    """Ethan, Mia and a payer by instalments, as docs/money.md tells their stories."""
    return {PAYMENT: ethan(harbor), BACK: mia(harbor), PLAN: noah(harbor)}


PAYMENT = "One payment, followed through the journal"
BACK = "Money that goes back, debt that is taken back"
PLAN = "A payment plan"


def ethan(home) -> Account:
    account = a_patient(home).account
    first, second = an_invoice(home, account.patients.get(), 12000, 8000).charges.order_by("line")
    payment = a_payment(home, account, 15000)
    apply_credit(credit_of(payment), [(first, 12000)], by=home.rita)
    apply_credit(credit_of(payment), [(second, 2000)], by=home.rita)
    undo_allocation(allocation(charge=second).pk, by=home.rita, reason="too much", keep=500)
    run_auto_apply(by=home.bill, accounts=[account.pk])
    reverse_payment(payment, by=home.rita, reason="never paid")
    assert Payment.objects.get(pk=payment.pk).get_status_display() == "Voided"
    return account


def mia(home) -> Account:
    patient = a_patient(home, "Mia")
    account, charge = patient.account, a_charge(home, patient, 10000)
    order = Order(home.location, [Tender(Method.CARD, 12000)], [(charge.pk, 10000)])
    payment = record_payment(account, order, by=home.rita).payments.get()
    hold_credit(credit_of(payment), 1500, by=home.rita)
    refund = request_refund(payment, GoingBack(5000, RefundReason.PATIENT_REQUEST), by=home.rita)
    pay_refund(approve_refund(refund, by=home.bill), by=home.bill)
    charge.refresh_from_db()
    credit_charge(charge, 1000, by=home.bill, reason="less was done")
    asked = request_write_off(account, [charge.invoice], by=home.bill, reason="can't pay")
    approve_write_off(asked, by=home.olga)
    recover(charge, 2000, credit_of(a_payment(home, account, 2000)), by=home.rita)
    return account


def noah(home) -> Account:
    patient = a_patient(home, "Noah")
    terms = Terms(300000, Frequency.MONTHLY, clock.today(home.clinic))
    plan = start_plan(patient.account, [a_charge(home, patient, 900000)], terms, by=home.bill)
    bill_instalment(plan.instalments.first(), by=home.itself)
    cancel_plan(plan, by=home.bill, reason="moved away")
    return patient.account


def test_the_examples_are_what_the_database_says(examples):
    for section, account in examples.items():
        agrees(told(section), account)


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        (PAYMENT, ("revenue 80.00", "revenue 81.00")),
        (PAYMENT, ("| 75.00 | 25.00 |", "| 75.00 | 24.00 |")),
        (PAYMENT, ("PAY-001 | 150.00 in cash", "PAY-002 | 150.00 in cash")),
        (BACK, ("refunds payable 50.00 | tender (card) 50.00", "refunds payable 50.00 | tender (cash) 50.00")),
        (BACK, ("opens a reserve | | +50.00", "opens a reserve | | ")),
        (PLAN, ("| `convert` |", "| `instalment` |")),
    ],
)
def test_a_figure_that_is_wrong_would_be_found(examples, section, wrong):
    stale = MONEY.replace(*wrong)
    assert stale != MONEY
    with pytest.raises(AssertionError):
        agrees(told(section, stale), examples[section])


def test_a_payment_is_followed_by_the_shell_as_the_document_says(examples, capsys):
    [lines] = re.findall(r"manage.py shell <<'END'\n(.*?)\nEND\n", MONEY, re.DOTALL)
    exec(lines, {})  # what a reader of the document pastes

    said = [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert said[:4] == [
        "receive debit tender 15000",
        "receive credit unapplied payments 15000",
        "allocate debit unapplied payments 12000",
        "allocate credit accounts receivable 12000",
    ]
    assert said[-1] == "reverse_payment credit tender 15000"
