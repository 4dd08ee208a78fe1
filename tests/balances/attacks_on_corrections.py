"""The attack list, second part: pre-payments, refunds, credit notes, write-offs and plans."""

from tests.balances.attacks import DENIED, ORDINARY, act, applied, line, new_charge, new_credit, opened


def principal_of(source: str, amount: int = 100, account: str = "%(account)s") -> str:
    """A CTE that adds a plan's principal: it still has to be opened."""
    return new_charge(amount, account, "null", "principal", source)


def moved(kind: str, amount: int, *, charge: str = "null", credit: str = "null", reverses: str = "null") -> str:
    """A line of a move; out of something, `amount` is negative."""
    if charge == "null":
        return line(kind, credit=credit, credit_delta=amount, reverses=reverses)
    return line(kind, charge, amount, reverses=reverses)


NEW_REFUND = """insert into payments_refund
  (clinic_id, number, payment_id, kind, amount, method, reason, notes, reduce_charge, status, requested_at)
  values (%(clinic)s, 901, %(rich_payment)s, 'refund', {amount}, 'cash', 'other', '', false, '{status}', now())"""

NEW_PLAN = """insert into followups_plan
  (clinic_id, number, account_id, location_id, total, instalment, frequency, starts_on, status, created_at)
  values (%(clinic)s, 9, %(account)s, %(location)s, 10, 10, 'weekly', %(today)s, '{status}', now())"""

NEW = "select id from c"

MOVES = {
    "open_principal_as_a_charge": (
        act("charge", opened(100), before=principal_of("%(charge)s")),
        "ledger_charge_invoice",
    ),
    "hold_more_than_is_in_hand": (
        act(
            "hold",
            moved("move_out", -20001, credit="%(rich)s"),
            moved("move_in", 20001, credit=NEW),
            before=new_credit(20001, "%(rich_payment)s", kind="pre_payment"),
        ),
        "balances_credit_available",
    ),
    "hold_out_of_nothing": (
        act(
            "hold",
            moved("move_in", 100, credit=NEW),
            before=new_credit(100, "%(rich_payment)s", kind="pre_payment"),
        ),
        "ledger_moves_balance",
    ),
    "hold_another_payments_money": (
        act(
            "hold",
            moved("move_out", -100, credit="%(rich)s"),
            moved("move_in", 100, credit=NEW),
            before=new_credit(100, "%(payment)s", kind="pre_payment"),
        ),
        "ledger_moves_balance",
    ),
    "hold_less_than_the_prepayment": (
        act(
            "hold",
            moved("move_out", -99, credit="%(rich)s"),
            moved("move_in", 99, credit=NEW),
            before=new_credit(100, "%(rich_payment)s", kind="pre_payment"),
        ),
        "ledger_credit_amount",
    ),
    "hold_on_another_account": (
        act(
            "hold",
            moved("move_out", -100, credit="%(rich)s"),
            moved("move_in", 100, credit=NEW),
            before=new_credit(100, "%(rich_payment)s", "%(other_account)s", kind="pre_payment"),
        ),
        "ledger_credit_amount",
    ),
    "hold_into_a_reserve": (
        act(
            "hold",
            moved("move_out", -100, credit="%(rich)s"),
            moved("move_in", 100, credit=NEW),
            before=new_credit(100, "%(rich_payment)s", kind="refund_pending"),
        ),
        "ledger_move_money",
    ),
    "reserve_voided_money": (
        act(
            "reserve",
            moved("move_out", -100, credit="%(voided)s"),
            moved("move_in", 100, credit=NEW),
            before=new_credit(100, "%(voided_payment)s", kind="refund_pending"),
        ),
        "ledger_move_paid",
    ),
    "give_a_reserve_up_in_part": (
        act(
            "unreserve",
            moved("move_out", -100, credit="%(reserved)s"),
            moved("move_back", 100, credit="%(rich)s"),
        ),
        "ledger_line_of_act",
    ),
    "release_a_reserve": (
        act("release", moved("move_out", -100, credit="%(reserved)s"), moved("move_back", 100, credit="%(rich)s")),
        "ledger_move_money",
    ),
    "apply_reserved_money": (act("allocate", applied(1, credit="%(reserved)s")), "ledger_allocate_reserved"),
    "refund_part_of_a_reserve": (
        act("refund", line("refund", credit="%(reserved)s", credit_delta=-1)),
        "ledger_refund_reserved",
    ),
    "refund_free_money": (
        act("refund", line("refund", credit="%(rich)s", credit_delta=-100)),
        "ledger_refund_reserved",
    ),
    "pay_a_reserve_out_behind_the_payment": (
        act("refund", line("refund", credit="%(reserved)s", credit_delta=-1500)),
        "payments_money_agrees",
    ),
    "take_money_back_behind_the_payment": (
        act("return", line("return", credit="%(rich)s", credit_delta=-100)),
        "payments_money_agrees",
    ),
    "take_more_back_than_was_paid": (
        act("return", line("return", credit="%(rich)s", credit_delta=-20001)),
        "balances_credit_available",
    ),
    "credit_more_than_is_owed": (
        act("credit_note", line("credit_note", "%(charge)s", -6001)),
        "balances_charge_outstanding",
    ),
    "write_off_more_than_is_owed": (
        act("write_off", line("write_off", "%(charge)s", -6001)),
        "balances_charge_outstanding",
    ),
    "write_off_without_a_reason": (
        act("write_off", line("write_off", "%(charge)s", -1), reason=" "),
        "ledger_reason",
    ),
    "recover_more_than_was_written_off": (
        act("recover", line("recover", "%(gone)s", 301)),
        "balances_charge_written_off",
    ),
    "recover_what_was_not_written_off": (
        act("recover", line("recover", "%(charge)s", 1)),
        "balances_charge_written_off",
    ),
    "uncredit_a_write_off": (
        act("reverse_credit_note", line("uncredit", "%(gone)s", 300, reverses="%(gone_entry)s")),
        "ledger_reversal_exact",
    ),
    "plan_more_than_is_owed": (
        act(
            "convert",
            moved("move_out", -6001, charge="%(charge)s"),
            moved("move_in", 6001, charge=NEW),
            before=principal_of("%(charge)s", 6001),
        ),
        "balances_charge_outstanding",
    ),
    "plan_out_of_nothing": (
        act("convert", moved("move_in", 100, charge=NEW), before=principal_of("%(charge)s")),
        "ledger_moves_balance",
    ),
    "plan_and_forget_half": (
        act(
            "convert",
            moved("move_out", -200, charge="%(charge)s"),
            moved("move_in", 100, charge=NEW),
            before=principal_of("%(charge)s"),
        ),
        "ledger_moves_balance",
    ),
    "plan_onto_another_account": (
        act(
            "convert",
            moved("move_out", -100, charge="%(charge)s"),
            moved("move_in", 100, charge=NEW),
            before=principal_of("%(charge)s", account="%(other_account)s"),
        ),
        "ledger_move_debt",
    ),
    "plan_into_an_ordinary_charge": (
        act("convert", moved("move_out", -100, charge="%(charge)s"), moved("move_in", 100, charge="%(charge)s")),
        "balances_entry_opens_charge",
    ),
    "move_debt_in_an_act_of_money": (
        act("hold", moved("move_out", -100, charge="%(charge)s")),
        "ledger_line_of_act",
    ),
    "bill_more_than_the_principal": (
        act(
            "instalment",
            moved("move_out", -701, charge="%(principal)s"),
            moved("move_in", 701, charge=NEW),
            before=new_charge(701, kind="instalment", source="%(principal)s"),
        ),
        "balances_charge_outstanding",
    ),
    "bill_an_instalment_of_a_bill": (
        act(
            "instalment",
            moved("move_out", -100, charge="%(charge)s"),
            moved("move_in", 100, charge=NEW),
            before=new_charge(100, kind="instalment", source="%(charge)s"),
        ),
        "ledger_move_debt",
    ),
    "return_principal_to_another_charge": (
        act(
            "cancel_plan",
            moved("move_out", -100, charge="%(principal)s"),
            moved("move_back", 100, charge="%(charge)s"),
        ),
        "ledger_moves_balance",
    ),
    "pay_unbilled_principal": (
        act("allocate", applied(1, charge="%(principal)s", credit="%(rich)s")),
        "ledger_billed",
    ),
    "write_off_unbilled_principal": (act("write_off", line("write_off", "%(principal)s", -1)), "ledger_billed"),
    "void_an_open_charge": ("update balances_charge set voided = true where id = %(charge)s", "balances_charge_voided"),
    "stand_a_void_charge_up": ("update balances_charge set voided = false where id = %(void)s", "ledger_voided"),
    "bill_a_void_charge_again": (
        act("reverse_credit_note", line("uncredit", "%(void)s", 400, reverses="%(void_entry)s")),
        "balances_charge_voided",
    ),
}

DECISIONS = {
    "refund_by_word_alone": (
        "update payments_refund set status = 'succeeded' where id = %(refund)s",
        "payments_refund_agrees",
    ),
    "approve_a_refund_without_money": (
        "update payments_refund set status = 'approved' where id = %(asked)s",
        "payments_refund_agrees",
    ),
    "ask_for_more_than_was_paid": (NEW_REFUND.format(amount=20001, status="requested"), "payments_refund_limit"),
    "begin_a_refund_as_approved": (NEW_REFUND.format(amount=100, status="approved"), "payments_refund_moves"),
    "ask_for_nothing": (NEW_REFUND.format(amount=0, status="requested"), "payments_refund_amount"),
    "raise_a_refund": ("update payments_refund set amount = 20000", DENIED),
    "reject_an_approved_refund": (
        "update payments_refund set status = 'rejected' where id = %(refund)s",
        "payments_refund_moves",
    ),
    "begin_a_plan_as_active": (
        NEW_PLAN.format(status="active"),
        "followups_plan_moves",
    ),
    "promise_less_than_the_plan": (
        NEW_PLAN.format(status="draft"),
        "followups_plan_total",
    ),
    "add_an_instalment": (
        "insert into followups_instalment (clinic_id, plan_id, position, due_date, amount, status)"
        " values (%(clinic)s, %(plan)s, 99, %(today)s, 1, 'scheduled')",
        "followups_plan_total",
    ),
    "bill_an_instalment_by_word_alone": (
        "update followups_instalment set status = 'invoiced' where plan_id = %(plan)s",
        "followups_instalment_invoiced",
    ),
    "begin_an_instalment_as_billed": (
        "insert into followups_instalment (clinic_id, plan_id, position, due_date, amount, status, invoice_id)"
        " values (%(clinic)s, %(plan)s, 99, %(today)s, 1, 'invoiced', %(invoice)s)",
        "followups_instalment_moves",
    ),
    "lower_an_instalment": ("update followups_instalment set amount = 1", DENIED),
    "begin_a_write_off_as_approved": (
        "insert into followups_writeoff (clinic_id, number, account_id, amount, reason, status, requested_at)"
        " values (%(clinic)s, 9, %(account)s, 10, 'x', 'approved', now())",
        "followups_writeoff_moves",
    ),
    "reject_an_approved_write_off": (
        "update followups_writeoff set status = 'rejected' where id = %(write_off)s",
        "followups_writeoff_moves",
    ),
    "raise_a_write_off": ("update followups_writeoff set amount = 1", DENIED),
}

ATTACKS = ORDINARY | MOVES | DECISIONS
