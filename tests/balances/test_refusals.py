"""B18, a start: what the ledger refuses comes in words, and the words belong to rules that exist."""

import re

import pytest
from django.conf import settings
from django.db import IntegrityError, connection

from balances.ledger import open_books
from balances.refusals import MESSAGES, database_refusals
from balances.services import apply_credit
from clinicpay.clinics.refusals import Refusal
from payments.services import reverse_payment
from tests.balances.attacks_on_states import ATTACKS
from tests.balances.money import credit_of
from tests.factories import a_charge, a_patient, a_payment

INTERNAL = {
    "balances_charge_line_check": "lines are numbered from 1",
    "balances_entry_charge_named": "verbs always name the side that they move",
    "balances_entry_credit_named": "verbs always name the side that they move",
    "balances_entry_shape": "verbs have no other shapes",
    "balances_charge_invoiced": "a charge is made with its invoice",
    "balances_charge_credited": "only a credit note is reversed, once",
    "balances_charge_moved": "only what was moved comes back",
    "balances_charge_parts": "what left a charge can't come back twice",
    "balances_charge_source": "the verbs of plans name the source",
    "ledger_credit_amount": "money set aside is opened at its own amount by the verb",
    "ledger_move_money": "verbs move money only between its kinds",
    "ledger_move_debt": "verbs move debt only between its kinds",
    "ledger_moves_balance": "verbs move as much in as out",
    "ledger_refund_reserved": "a refund pays out its whole reserve",
    "ledger_voided": "no act stands a void charge up",
    "payments_refund_agrees": "the acts that change a refund move its money",
    "payments_refundline_amount": "only what was freed is kept",
    "followups_plan_total": "the schedule sums to the plan's total",
    "followups_instalment_invoiced": "an instalment is billed with its invoice",
    "followups_instalment_amount": "the schedule gives no empty instalment",
    "followups_instalment_position_check": "instalments are numbered from 1",
    "followups_plan_amounts": "the schedule refuses such terms in words before",
    "followups_planpart_amount": "only charges that owe something are put on a plan",
    "followups_case_closed": "the acts that close a case say how it ended",
    "followups_case_owed": "a case is opened for debt, and closes with it in the same act",
    "followups_promise_amount": "refused in words before",
    "followups_promise_closes": "closing a case ends its promises",
    "followups_promise_grace_check": "no act has less grace than none",
    "followups_promise_moves": "acts end open promises only, under the account's lock",
    "followups_promise_paid": "the verdict follows from what was paid",
    "close_dailyclose_complete": "the act that closes a day numbers and totals it",
    "close_dailyclose_frozen": "no act changes a closed version",
    "close_dailyclose_locked": "closing and re-opening move the day's lock",
    "close_dailyclose_moves": "acts move a day under its lock",
    "close_dailyclose_version_check": "versions are counted from 1",
    "close_dailyclose_why": "refused in words before",
    "ledger_isolation": "ClinicPay works at read committed",
    "treatments_event_begins": "events are scheduled, or imported with their id",
    "followups_writeoff_amount": "only charges that owe something are written off",
    "followups_writeoffline_amount": "only charges that owe something are written off",
    "ledger_charge_amount": "a charge is opened at its own amount by the verb",
    "ledger_charge_invoice": "a charge takes its invoice's account in the verb",
    "ledger_line_of_act": "verbs write only their own lines",
    "ledger_location": "verbs take the location of the invoice or the money",
    "ledger_opened": "the verbs that add a charge or credit open it",
    "ledger_posting_complete": "verbs write a posting and its lines at once",
    "ledger_receive_once": "a payment's money is received by the act that makes it Paid",
    "ledger_unallocate_part": "what is kept is less than what was applied, checked in words before",
    "ledger_unreceive_voided": "the act voids the payment first",
    "payments_money_agrees": "the acts that change a status move the money",
}
"""Rules that no form can reach: their breach is a bug, and stays an error. The reason stands beside each."""


def database_rules() -> set[str]:
    """Names of the rules about money: check constraints of the ledger's tables, and those that triggers raise."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select conname from pg_constraint where contype = 'c' and conrelid::regclass::text"
            " in ('balances_charge', 'balances_credit', 'balances_entry', 'payments_payment', 'payments_refund',"
            "     'payments_refundline', 'followups_plan', 'followups_planpart', 'followups_instalment',"
            "     'followups_writeoff', 'followups_writeoffline',"
            "     'followups_case', 'followups_promise', 'close_dailyclose')"
        )
        named = {row[0] for row in cursor.fetchall()}
    for app in ("balances", "payments", "treatments", "followups", "clinicpay/close"):
        for path in (settings.BASE_DIR / app / "sql").glob("*.sql"):
            text = path.read_text()
            named |= set(re.findall(r"constraint = '(\w+)'", text)) | set(re.findall(r"'(ledger_\w+): ", text))
    return named - {"balances_entry_credit_fk", "balances_entry_charge_fk"}


def test_every_rule_has_words_or_a_reason_to_have_none(db):
    assert database_rules() - set(MESSAGES) - set(INTERNAL) == set()


def test_words_and_reasons_belong_to_rules_that_exist(db):
    with connection.cursor() as cursor:
        cursor.execute("select conname from pg_constraint union select indexname from pg_indexes")
        existing = {row[0] for row in cursor.fetchall()} | database_rules()
    assert set(MESSAGES) | set(INTERNAL) <= existing


def test_every_rule_is_attacked(db):
    attacked = {refusal for _, refusal in ATTACKS.values()}
    elsewhere = {
        "balances_charge_invoiced",
        "balances_charge_credited",
        "balances_charge_line_check",
        "balances_charge_moved",
        "balances_charge_parts",
        "balances_credit_amount",
        "balances_entry_charge_named",
        "balances_entry_credit_named",
        "followups_instalment_amount",
        "followups_instalment_position_check",
        "followups_plan_amounts",
        "followups_planpart_amount",
        "followups_promise_grace_check",
        "followups_writeoff_amount",
        "followups_writeoffline_amount",
        "close_dailyclose_version_check",
        "payments_payment_amount",
        "payments_refundline_amount",
    }
    assert database_rules() - attacked == elsewhere


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def test_too_much_for_the_charge_and_too_much_for_the_money_differ(harbor, ethan):
    charge = a_charge(harbor, ethan, 100)
    large, small = a_payment(harbor, ethan.account, 500), a_payment(harbor, ethan.account, 50)
    with pytest.raises(Refusal, match="more than what is still owed"):
        apply_credit(credit_of(large), [(charge, 101)], by=harbor.rita)
    with pytest.raises(Refusal, match="more than the money that is available"):
        apply_credit(credit_of(small), [(charge, 51)], by=harbor.rita)


def test_money_across_accounts_is_refused_in_words(harbor, ethan):
    charge = a_charge(harbor, ethan, 100)
    stranger = a_payment(harbor, a_patient(harbor, "Mia").account, 100)
    with pytest.raises(Refusal, match="can't pay for a patient of another"):
        apply_credit(credit_of(stranger), [(charge, 100)], by=harbor.rita)


def test_money_of_a_reversed_payment_is_refused_in_words(harbor, ethan):
    charge = a_charge(harbor, ethan, 100)
    payment = reverse_payment(a_payment(harbor, ethan.account, 100), by=harbor.rita, reason="wrong")
    with pytest.raises(Refusal, match="Only money that was received"):
        apply_credit(credit_of(payment), [(charge, 100)], by=harbor.rita)


def test_zero_is_refused_before_the_database(harbor, ethan):
    payment = a_payment(harbor, ethan.account, 100)
    with pytest.raises(Refusal, match="greater than zero"), open_books(ethan.account, by=harbor.rita) as books:
        books.allocate(credit_of(payment), a_charge(harbor, ethan, 100), 0)


def test_rule_without_words_stays_an_error():
    with pytest.raises(IntegrityError), database_refusals():
        raise IntegrityError("a bug")
