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
    "followups_callback_closes": "closing a case ends its callback",
    "followups_case_closed": "the acts that close a case say how it ended",
    "followups_case_owed": "a case is opened for debt, and closes with it in the same act",
    "followups_promise_amount": "refused in words before",
    "followups_promise_closes": "closing a case ends its promises",
    "followups_promise_grace_check": "no act has less grace than none",
    "followups_promise_moves": "acts end open promises only, under the account's lock",
    "followups_promise_paid": "the verdict follows from what was paid",
    "close_cashcount_agrees": "the act sums what it keeps",
    "close_cashcount_amounts": "refused in words before",
    "close_cashcount_open": "refused in words before",
    "close_cashcountline_complete": "the act writes a count with its lines",
    "close_cashcountline_pieces_check": "refused in words before",
    "close_cashcountline_shape": "the act makes no other lines",
    "close_event_reviewed": "the act that moves a treatment there makes its review",
    "close_dailyclose_complete": "the act that closes a day numbers and totals it",
    "close_dailyclose_frozen": "no act changes a closed version",
    "close_dailyclose_locked": "closing and re-opening move the day's lock",
    "close_dailyclose_moves": "acts move a day under its lock",
    "close_dailyclose_version_check": "versions are counted from 1",
    "close_dailyclose_why": "refused in words before",
    "exports_accountcode_discipline": "only revenue is offered by discipline",
    "exports_accountcode_method": "each tender is offered by its name",
    "exports_export_balanced": "every posting is balanced by its triggers",
    "exports_export_complete": "the act writes the file and its row at once",
    "exports_export_content": "the act hashes what it writes",
    "exports_export_span": "days are put in order before",
    "exports_export_rows_check": "rows are counted",
    "exports_export_size_check": "bytes are counted",
    "exports_exportpart_position_check": "parts are counted",
    "exports_exportday_closed": "refused in words before",
    "deposits_bankslip_cash_out": "refused in words before",
    "deposits_bankslip_frozen": "no act changes a printed slip but to void it",
    "deposits_bankslip_moves": "acts move a slip under its lock",
    "deposits_bankslip_numbered": "the act that prints a slip numbers it",
    "deposits_bankslip_span": "refused in words before",
    "deposits_bankslip_total": "refused in words before",
    "deposits_bankslip_why": "refused in words before",
    "deposits_bankslip_version_check": "versions are counted from 1",
    "deposits_bankslipline_agrees": "lines are made of what waits",
    "ledger_isolation": "ClinicPay works at read committed",
    "balances_charge_part": "a part is billed at its procedure's fee",
    "balances_charge_placed": "what bills a procedure names its treatment",
    "balances_exception_lifted": "an exception is lifted under its lock",
    "balances_exception_note": "refused in words before",
    "balances_waiver_once": "only void charges of which nothing was said are taken, under the account's lock",
    "balances_waiver_reason": "refused in words before",
    "balances_waiver_void": "only void charges are taken",
    "balances_part_billed": "only what isn't billed is split anew, under the treatment's lock",
    "treatments_event_origin": "the act that adds a package's treatment names both",
    "treatments_event_package": "the act that adds a package's treatment takes its patient and kind",
    "treatments_package_cancelled": "no more is cancelled than isn't billed",
    "treatments_package_kind": "forms offer two kinds",
    "treatments_package_price": "refused in words before",
    "treatments_package_sum": "parts are split anew in the same act",
    "treatments_event_begins": "events are scheduled, or imported with their id",
    "staff_delegation_ends": "refused in words before",
    "staff_delegation_limit": "refused in words before",
    "staff_delegation_owner": "the permission is asked before",
    "followups_writeoff_at_once": "the act that asks nobody approves in the same transaction",
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
    "payments_payment_method": "forms and gateways name how it was paid",
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
            "     'followups_writeoff', 'followups_writeoffline', 'deposits_bankslip', 'deposits_bankslipline',"
            "     'followups_case', 'followups_promise', 'followups_attempt', 'followups_callback', 'close_dailyclose',"
            "     'close_cashcount', 'close_cashcountline',"
            "     'exports_accountcode', 'exports_export', 'exports_exportday', 'exports_exportpart',"
            "     'staff_delegation')"
        )
        named = {row[0] for row in cursor.fetchall()}
    ours = ("clinicpay/close", "clinicpay/exports", "clinicpay/staff")
    for app in ("balances", "payments", "treatments", "deposits", "followups", *ours):
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
        "staff_delegation_ends",
        "staff_delegation_limit",
        "close_cashcountline_pieces_check",
        "close_dailyclose_version_check",
        "deposits_bankslip_version_check",
        "exports_export_rows_check",
        "exports_export_size_check",
        "exports_exportpart_position_check",
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
