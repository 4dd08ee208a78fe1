"""What the summary of a refund foretells is what happens: every figure of the page, for many mixes of money (S1.88)."""

import re
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import pytest

from balances.models import Charge, Credit, Posting
from balances.queries import invoices_with_balance, live_allocations
from balances.services import apply_credit, hold_credit
from balances.states import CreditKind, age_bucket
from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.services import register_patient
from followups.services import open_case
from payments.models import Payment, Refund
from payments.services import Order, Tender, record_payment, refundable
from payments.states import Method
from tests.balances.invariants import broken
from tests.factories import Clinicful, a_charge, a_patient
from tests.payments.refund_forms import Refunding, browser

MIXES = 12
METHODS = [Method.CASH, Method.CARD, Method.CHEQUE]
AMOUNT = r"\$([\d,]+\.\d\d)"


@dataclass
class Mix:
    """An account with debt of several ages, and split payments: some applied, some held, some free."""

    account: Account
    payments: list[Payment]


def a_mix(home: Clinicful, chance: Random, name: str) -> Mix:
    """Made by the services as pages call them, of random parts."""
    patient = a_patient(home, "Ethan", name)
    account = patient.account
    family = [patient, register_patient(by=home.rita, first_name="Mia", last_name=name, account=account)]
    today = clock.today(home.clinic)
    charges = [
        a_charge(home, chance.choice(family), chance.randrange(500, 9000), on=today - timedelta(chance.randrange(130)))
        for _ in range(chance.randrange(1, 5))
    ]
    tenders = [Tender(method, chance.randrange(300, 9000)) for method in chance.sample(METHODS, chance.randrange(1, 4))]
    receipt = record_payment(account, Order(home.location, tenders, patient=patient), by=home.rita)
    payments = list(receipt.payments.order_by("number"))
    for payment in payments:
        _use(home, chance, payment, charges, patient)
    return Mix(account, payments)


def _use(home: Clinicful, chance: Random, payment: Payment, charges: list[Charge], patient: Patient) -> None:
    """Hold a part of a payment, apply others, leave the rest."""
    credit = Credit.objects.get(payment=payment)
    if chance.random() < 0.5:
        hold_credit(credit, chance.randrange(1, credit.available), by=home.bill, criteria={"procedure": "D2740"})
        credit.refresh_from_db()
    for charge in chance.sample(charges, chance.randrange(len(charges) + 1)):
        charge.refresh_from_db()
        most = min(credit.available, charge.outstanding)
        if most:
            apply_credit(credit, [(charge, chance.randrange(1, most + 1))], by=home.rita)
            credit.refresh_from_db()


@dataclass
class Books:
    """What can be read of a payment and its account beside the pages."""

    hand: dict[str, int]
    applied: int
    invoices: dict[str, int]
    owes: int
    status: str
    left: int


def books_of(payment: Payment) -> Books:
    """As they are now."""
    payment = Payment.objects.get(pk=payment.pk)
    hand = {}
    for credit in Credit.objects.filter(payment=payment).exclude(kind=CreditKind.REFUND_PENDING):
        label = CreditKind(credit.kind).label.lower()
        hand[label] = hand.get(label, 0) + credit.available
    owed = {invoice.ref: invoice.outstanding for invoice in invoices_with_balance(account=payment.account_id)}
    applied = sum(entry.applied for entry in live_allocations(credit__payment=payment))
    account = Account.objects.get(pk=payment.account_id)
    return Books(hand, applied, owed, account.owes, payment.get_status_display(), refundable(payment))


def minor(words: str) -> int:
    return money.parse(words.replace(",", ""), "USD")


def part(text: str, name: str, until: str) -> str:
    """What stands under one heading of the summary."""
    found = re.search(rf"\b{name} (.*?) {until}", text)
    assert found, (name, text)
    return found[1]


def compare(text: str, payment: Payment, before: Books, after: Books, refund: Refund) -> None:
    """Each figure of the summary with what is so afterwards."""
    went = refund.amount
    assert minor(re.search(rf"Goes back {AMOUNT} of {payment.ref} \({AMOUNT}\)", text)[1]) == went
    taken = re.findall(rf"{AMOUNT} ([a-z -]+?)(?= \$|$)", part(text, "From money in hand", "Undone"))
    assert {kind.strip(): minor(amount) for amount, kind in taken} == {
        kind: amount - after.hand[kind] for kind, amount in before.hand.items() if amount != after.hand[kind]
    }
    undone = [minor(one) for one in re.findall(rf"{AMOUNT} that paid", part(text, "Undone", "(?:Charges|Owed again)"))]
    assert sum(undone) == before.applied - after.applied == went - sum(before.hand.values()) + sum(after.hand.values())
    owed = re.findall(rf"(INV-\d+) owes {AMOUNT} → {AMOUNT} .*?: (\d+) days? old, (\S+) days", text)
    assert {ref: (minor(old), minor(new)) for ref, old, new, _, _ in owed} == {
        ref: (old, after.invoices[ref]) for ref, old in before.invoices.items() if old != after.invoices[ref]
    }
    for *_, days, bucket in owed:
        assert bucket == age_bucket(int(days))
    for old, new in re.findall(rf"Park\w* owes {AMOUNT} → {AMOUNT}:", text):
        assert (minor(old), minor(new)) == (before.owes, after.owes)
    if before.owes != after.owes:
        assert f"owes {money.show(before.owes, 'USD')} → {money.show(after.owes, 'USD')}:" in text
    assert f"{payment.ref} {before.status} {after.status} " in text
    if after.left:
        assert f"{money.show(after.left, 'USD')} can still be refunded then" in text
    else:
        assert "Nothing is left to refund then" in text
    posting = Posting.objects.filter(kind="refund", entries__credit__payment=payment).latest("pk")
    assert posting.business_date == clock.today(refund.clinic)
    assert f"Refund of {money.show(went, 'USD')} by {refund.get_method_display().lower()}" in text


def credited(payment: Payment) -> int:
    """By how much charges of the account were reduced so far."""
    return sum(Charge.objects.filter(account=payment.account_id).values_list("credited", flat=True))


def compare_reduction(text: str, reduced: int) -> None:
    """What the summary said of the charges."""
    said = re.search(rf"Reduced by {AMOUNT} with a credit note", text)
    assert (minor(said[1]) if said else 0) == reduced


@pytest.mark.parametrize("seed", range(MIXES))
def test_s1_88_every_figure_of_the_summary_is_what_happens(harbor, seed):
    chance = Random(seed)
    mix = a_mix(harbor, chance, f"Park{'abcdefghijklmnopqrstuvwxyz'[seed]}")
    for payment in [*mix.payments, mix.payments[0]]:
        before = books_of(payment)
        if not before.left:
            continue
        amount = "" if chance.random() < 0.4 else f"{chance.randrange(1, before.left + 1) / 100:.2f}"
        form = Refunding(harbor, "bill", payment.ref).review(
            amount,
            method=chance.choice(METHODS),
            reason=chance.choice(["other", "not_rendered"]),
            notes="é" * chance.randrange(3),
        )
        text, known, notes = (
            form.page.text.replace(" :", ":"),
            list(Refund.objects.values_list("pk", flat=True)),
            credited(payment),
        )
        answer = form.confirm()

        assert answer.status_code == 302, form.page.text
        refund = Refund.objects.exclude(pk__in=known).get()
        compare(text, payment, before, books_of(payment), refund)
        compare_reduction(text, credited(payment) - notes)
        assert not broken()


def test_foreseen_reopened_case_is_told_where_the_page_asks_for_it(harbor):
    """R2, F2: a case that was closed with the debt opens again; the part that loads by itself says so beforehand."""
    patient = a_patient(harbor)
    charge = a_charge(harbor, patient, 5000)
    case = open_case(patient.account, by=harbor.bill)
    payment = record_payment(
        patient.account, Order(harbor.location, [Tender(Method.CASH, 5000)], [(charge.pk, 5000)]), by=harbor.rita
    ).payments.get()
    case.refresh_from_db()
    assert case.state == "closed"
    form = Refunding(harbor, "bill", payment.ref).review("20")
    part_of_page = re.search(r'hx-get="([^"]+follow-up/[^"]*)"', form.page.html)[1]

    shown = browser(harbor, "bill").get(part_of_page, headers={"HX-Request": "true"}).content.decode()

    assert "opens again" in shown
    assert patient.account.name in shown
    form.confirm()
    case.refresh_from_db()
    assert case.state == "contact_due"
