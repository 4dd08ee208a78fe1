"""The attack list: SQL that somebody with the application's password would try, and what must refuse it.

The refusal is the name of the constraint, or the SQLSTATE where there is none.
"""

DENIED = "42501"
TOO_BIG = "22003"
LOCKED = "payments_payment_locked"


def line(
    kind: str,
    charge: str = "null",
    charge_delta: object = 0,
    credit: str = "null",
    credit_delta: object = 0,
    reverses: str = "null",
) -> str:
    """One entry, as SQL."""
    row = (charge, charge_delta, credit, credit_delta, reverses)
    return f"('{kind}', {', '.join(f'({value})::bigint' for value in row)})"


def applied(amount: object, charge: str = "%(charge)s", credit: str = "%(credit)s") -> str:
    """The line of an allocation."""
    return line("allocate", charge, f"-({amount})", credit, f"-({amount})")


def undone(amount: int, entry: str = "%(allocation)s", charge: str = "%(charge)s", credit: str = "%(credit)s") -> str:
    """The line that undoes an allocation."""
    return line("unallocate", charge, amount, credit, amount, entry)


def act(
    kind: str,
    *lines: str,
    on: str = "%(today)s",
    at: str = "%(location)s",
    clinic: str = "%(clinic)s",
    reason: str = "attack",
    before: str = "",
) -> str:
    """A posting with its lines in one statement; `before` is a CTE such as a new charge to open."""
    return f"""with {before and before + ","} p as (
      insert into balances_posting (clinic_id, kind, business_date, location_id, source, reason, transaction_id)
      values ({clinic}, '{kind}', {on}, {at}, 'manual', '{reason}', 0) returning id)
    insert into balances_entry
      (clinic_id, posting_id, kind, charge_id, charge_delta, credit_id, credit_delta, reverses_id)
    select {clinic}, p.id, l.* from p, (values {", ".join(lines)}) as l"""


def new_charge(
    amount: object,
    account: str = "%(account)s",
    invoice: str = "%(invoice)s",
    kind: str = "office",
    source: str = "null",
) -> str:
    """A CTE that adds a charge: it still has to be opened."""
    return f"""c as (insert into balances_charge
      (clinic_id, account_id, invoice_id, kind, line, code, description, service_date, amount, outstanding,
       source_id, external_ref)
      values (%(clinic)s, {account}, {invoice}, '{kind}', 9, '', 'Attack', %(today)s, {amount}, 0,
              {source}, '') returning id)"""


def new_credit(amount: int, payment: str, account: str = "%(account)s", kind: str = "unapplied") -> str:
    """A CTE that adds a credit: it still has to be received."""
    return f"""c as (insert into balances_credit
      (clinic_id, account_id, payment_id, location_id, kind, received_on, amount, available)
      values (%(clinic)s, {account}, {payment}, %(location)s, '{kind}', %(today)s, {amount}, 0) returning id)"""


def opened(amount: object) -> str:
    """The opening line of `new_charge`."""
    return line("charge", "select id from c", amount)


def received(amount: object) -> str:
    """The opening line of `new_credit`."""
    return line("receive", credit="select id from c", credit_delta=amount)


NEW_PAYMENT = """insert into payments_payment
  (clinic_id, number, account_id, location_id, amount, method, kind, status, memo, external_ref, created_at)
  values (%(clinic)s, 901, %(account)s, %(location)s, 100, 'cash', '', '{status}', '', '', now())"""

LIMITS = {
    "apply_more_than_available": (act("allocate", applied(1001)), "balances_credit_available"),
    "apply_more_than_outstanding": (act("allocate", applied(6001, credit="%(rich)s")), "balances_charge_outstanding"),
    "apply_too_much_in_two_rows": (act("allocate", applied(600), applied(600)), "balances_credit_available"),
    "apply_nothing": (act("allocate", applied(0)), "balances_entry_shape"),
    "apply_a_negative_amount": (act("allocate", applied(-100)), "balances_entry_shape"),
    "apply_more_to_the_charge_than_from_the_credit": (
        act("allocate", line("allocate", "%(charge)s", -200, "%(credit)s", -100)),
        "balances_entry_shape",
    ),
    "lower_a_charge_without_a_credit": (act("allocate", line("allocate", "%(charge)s", -100)), "balances_entry_shape"),
    "apply_beyond_bigint": (act("allocate", applied(2**63 + 1)), TOO_BIG),
    "overflow_an_account": (act("charge", opened(2**63 - 1), before=new_charge(2**63 - 1)), TOO_BIG),
    "overflow_a_sum": (act("allocate", *[applied(2**62)] * 3), TOO_BIG),
}

KINDS = {
    "apply_voided_money": (act("allocate", applied(1, credit="%(voided)s")), "ledger_allocate_paid"),
    "apply_across_accounts": (act("allocate", applied(1, charge="%(other_charge)s")), "ledger_allocate_account"),
    "apply_in_an_act_of_charging": (act("charge", applied(1)), "ledger_line_of_act"),
    "charge_in_an_act_of_applying": (act("allocate", opened(100), before=new_charge(100)), "ledger_line_of_act"),
    "invent_an_act": (act("gift", applied(1)), "ledger_line_of_act"),
    "invent_a_line": (act("allocate", line("gift", "%(charge)s", -1, "%(credit)s", -1)), "balances_entry_shape"),
    "add_a_line_to_an_old_posting": (
        "insert into balances_entry (clinic_id, posting_id, kind, charge_id, charge_delta, credit_id, credit_delta)"
        " values (%(clinic)s, %(posting)s, 'allocate', %(charge)s, -1, %(credit)s, -1)",
        "ledger_posting_complete",
    ),
    "write_the_journal": ("insert into balances_journal (clinic_id) values (%(clinic)s)", "55000"),
}

OPENINGS = {
    "open_a_charge_twice": (act("charge", line("charge", "%(charge)s", 10000)), "balances_entry_opens_charge"),
    "open_a_charge_at_less": (act("charge", opened(99), before=new_charge(100)), "ledger_charge_amount"),
    "open_a_charge_below_zero": (act("charge", opened(-5), before=new_charge(-5)), "balances_charge_amount"),
    "open_a_charge_on_another_accounts_invoice": (
        act("charge", opened(100), before=new_charge(100, invoice="%(other_invoice)s")),
        "ledger_charge_invoice",
    ),
    "open_unbilled_principal": (
        act("charge", opened(100), before=new_charge(100, invoice="null", kind="principal")),
        "balances_charge_source",
    ),
    "add_a_charge_and_never_open_it": (f"with {new_charge(100)} select 1", "ledger_opened"),
    "add_a_credit_and_never_receive_it": (f"with {new_credit(100, '%(rich_payment)s')} select 1", "ledger_opened"),
    "receive_twice": (
        act("receive", line("receive", credit="%(credit)s", credit_delta=5000)),
        "balances_entry_opens_credit",
    ),
    "receive_a_payment_into_a_second_credit": (
        act("receive", received(20000), before=new_credit(20000, "%(rich_payment)s")),
        "ledger_receive_once",
    ),
    "receive_an_unpaid_payment": (
        act("receive", received(1500), before=new_credit(1500, "%(pending)s")),
        "ledger_receive_paid",
    ),
    "receive_a_voided_payment": (
        act("receive", received(700), before=new_credit(700, "%(voided_payment)s")),
        "ledger_receive_paid",
    ),
    "receive_on_another_account": (
        act("receive", received(20000), before=new_credit(20000, "%(rich_payment)s", "%(other_account)s")),
        "ledger_receive_paid",
    ),
    "receive_more_than_the_payment": (
        act("receive", received(20001), before=new_credit(20001, "%(rich_payment)s")),
        "ledger_receive_paid",
    ),
    "receive_out_of_sight": (
        act("receive", received(20000), before=new_credit(20000, "%(rich_payment)s", kind="refund_pending")),
        "ledger_receive_paid",
    ),
    "receive_less_than_the_credit": (
        act("receive", received(19999), before=new_credit(20000, "%(rich_payment)s")),
        "ledger_receive_paid",
    ),
}

REVERSALS = {
    "undo_twice": (act("unallocate", undone(500, "%(undone)s")), "balances_entry_reversed_once"),
    "undo_twice_at_once": (act("unallocate", undone(4000), undone(4000)), "balances_entry_reversed_once"),
    "undo_less": (act("unallocate", undone(3999)), "ledger_reversal_exact"),
    "undo_to_another_charge": (act("unallocate", undone(4000, charge="%(other_charge)s")), "ledger_reversal_exact"),
    "undo_to_another_credit": (act("unallocate", undone(4000, credit="%(rich)s")), "ledger_reversal_exact"),
    "undo_nothing_in_particular": (act("unallocate", undone(4000, "null")), "balances_entry_shape"),
    "undo_an_allocation_of_another_clinic": (
        act("unallocate", undone(4000, "%(foreign_allocation)s")),
        "balances_entry_reverses_fk",
    ),
    "undo_a_receipt_as_an_allocation": (act("unallocate", undone(5000, "%(receipt)s")), "ledger_reversal_exact"),
    "undo_an_allocation_as_a_receipt": (
        act("reverse_payment", line("unreceive", "null", 0, "%(credit)s", -4000, "%(allocation)s")),
        "ledger_unreceive_voided",
    ),
    "undo_without_a_reason": (act("unallocate", undone(4000), reason="  "), "ledger_reason"),
    "undo_and_apply_all_of_it_again": (act("unallocate", undone(4000), applied(4000)), "ledger_unallocate_part"),
    "undo_and_apply_it_twice_in_parts": (
        act("unallocate", undone(4000), applied(2500), applied(2400)),
        "ledger_unallocate_part",
    ),
    "apply_in_an_undo": (act("unallocate", applied(1)), "ledger_unallocate_part"),
    "apply_to_another_charge_in_an_undo": (
        act("unallocate", undone(4000), applied(1, charge="%(other_charge)s")),
        "ledger_allocate_account",
    ),
    "give_back_a_paid_payment": (
        act("reverse_payment", line("unreceive", "null", 0, "%(rich)s", -20000, "%(receipt)s")),
        "ledger_unreceive_voided",
    ),
    "give_back_twice": (
        act("reverse_payment", line("unreceive", "null", 0, "%(voided)s", -700, "%(voided_receipt)s")),
        "balances_entry_reversed_once",
    ),
}

FENCES = {
    "apply_to_another_clinics_charge": (
        act("allocate", applied(1, charge="%(foreign_charge)s")),
        "balances_entry_charge_fk",
    ),
    "apply_another_clinics_credit": (
        act("allocate", applied(1, credit="%(foreign_credit)s")),
        "balances_entry_credit_fk",
    ),
    "post_in_another_clinic": (
        act("allocate", applied(1, "%(foreign_charge)s", "%(foreign_credit)s"), clinic="%(foreign_clinic)s"),
        DENIED,
    ),
    "post_at_another_clinics_location": (
        act("allocate", applied(1), at="%(foreign_location)s"),
        "balances_posting_location_fk",
    ),
    "post_on_a_closed_day": (act("allocate", applied(1), on="%(closed)s"), "ledger_closed_day"),
    "post_on_a_closed_day_by_another_location": (
        act("allocate", applied(1), on="%(closed)s", at="%(annex)s"),
        "ledger_location",
    ),
    "forget_a_closed_day": ("delete from balances_closedday", DENIED),
    "move_a_closed_day": ("update balances_closedday set day = day - 1", DENIED),
}

HISTORY = {
    f"{verb}_{table}": (statement.format(table=table), DENIED)
    for table in (
        "balances_posting",
        "balances_entry",
        "balances_charge",
        "balances_credit",
        "balances_invoice",
        "payments_receipt",
        "audit_auditevent",
    )
    for verb, statement in {
        "edit": "update {table} set clinic_id = clinic_id",
        "delete": "delete from {table}",
        "truncate": "truncate {table} cascade",
        "replace": "merge into {table} t using (select 1) s on true when matched then delete",
    }.items()
}

TOTALS = {
    "lower_what_is_owed": ("update balances_charge set outstanding = 0 where id = %(charge)s", DENIED),
    "raise_what_is_available": ("update balances_credit set available = amount", DENIED),
    "forgive_an_account": ("update patients_account set owes = 0", DENIED),
    "forgive_by_merge": (
        "merge into balances_charge c using (select 1) s on c.id = %(charge)s"
        " when matched then update set outstanding = 0",
        DENIED,
    ),
    "forgive_by_conflict": (
        "insert into balances_charge select * from balances_charge where id = %(charge)s"
        " on conflict (id) do update set outstanding = 0",
        DENIED,
    ),
    "forgive_in_a_cte": (
        "with x as (update balances_charge set outstanding = 0 returning 1) select count(*) from x",
        DENIED,
    ),
    "raise_a_payment": ("update payments_payment set amount = 999999 where id = %(payment)s", LOCKED),
    "give_a_payment_away": (
        "update payments_payment set account_id = %(other_account)s where id = %(payment)s",
        LOCKED,
    ),
    "pay_a_payment_by_other_means": ("update payments_payment set method = 'other' where id = %(payment)s", LOCKED),
    "date_a_payment_back": ("update payments_payment set paid_at = '2001-01-01' where id = %(payment)s", LOCKED),
    "move_a_payment_elsewhere": (
        "update payments_payment set location_id = location_id + 1 where id = %(payment)s",
        LOCKED,
    ),
    "renumber_a_payment": ("update payments_payment set number = 999 where id = %(pending)s", DENIED),
    "edit_while_paying": (
        "update payments_payment set status = 'paid', amount = 1, method = 'cash' where id = %(pending)s",
        LOCKED,
    ),
    "copy_entries": (
        "copy balances_entry"
        " (clinic_id, posting_id, kind, charge_id, charge_delta, credit_id, credit_delta) from stdin\n"
        "%(clinic)s\t%(posting)s\tallocate\t%(charge)s\t-1\t%(credit)s\t-1\n",
        "0A000",
    ),
}

POWERS = {
    "disable_the_triggers": ("alter table balances_entry disable trigger all", DENIED),
    "drop_the_trigger": ("drop trigger apply on balances_entry", DENIED),
    "replace_the_trigger_function": (
        "create or replace function ledger_apply() returns trigger language plpgsql as 'begin return null; end'",
        DENIED,
    ),
    "change_the_functions_search_path": ("alter function ledger_apply() set search_path = pg_temp", DENIED),
    "replicate": ("set session_replication_role = replica", DENIED),
    "become_the_ledger": ("set role clinicpay_ledger", DENIED),
    "become_the_owner": ("set role clinicpay_owner", DENIED),
    "become_the_owner_for_the_session": ("set session authorization clinicpay_owner", DENIED),
    "lower_the_fence": ("alter table balances_charge disable row level security", DENIED),
    "open_a_policy": ("create policy mine on balances_charge to clinicpay_app using (true)", DENIED),
    "shadow_a_table": ("create temp table balances_closedday (clinic_id bigint, location_id bigint, day date)", DENIED),
    "shadow_a_function": (
        "create function pg_temp.app_clinic() returns bigint language sql as 'select 1::bigint'",
        DENIED,
    ),
    "make_a_schema": ("create schema mine", DENIED),
    "make_a_table": ("create table mine (id int)", DENIED),
    "drop_a_constraint": ("alter table balances_credit drop constraint balances_credit_available", DENIED),
    "run_a_program": ("copy balances_entry to program 'true'", DENIED),
    "read_around_the_fence": ("set row_security = off; select count(*) from balances_charge", DENIED),
    "forget_the_clinic": (
        "select set_config('app.clinic_id', '', false); select count(*) from balances_charge",
        DENIED,
    ),
}

STATES = {
    "pay_again_what_was_voided": (
        "update payments_payment set status = 'paid' where id = %(voided_payment)s",
        "payments_payment_moves",
    ),
    "cancel_a_paid_payment": (
        "update payments_payment set status = 'cancelled' where id = %(payment)s",
        "payments_payment_moves",
    ),
    "void_without_giving_back": (
        "update payments_payment set status = 'voided' where id = %(payment)s",
        "payments_money_agrees",
    ),
    "pay_without_receiving": (
        "update payments_payment set status = 'paid' where id = %(pending)s",
        "payments_money_agrees",
    ),
    "begin_as_paid_without_money": (NEW_PAYMENT.format(status="paid"), "payments_money_agrees"),
    "begin_as_paid_by_nothing": (
        NEW_PAYMENT.format(status="paid").replace("'cash'", "''"),
        "payments_payment_method",
    ),
    "begin_as_refunded": (NEW_PAYMENT.format(status="refunded"), "payments_payment_moves"),
    "call_it_refunded": (
        "update payments_payment set status = 'refunded' where id = %(payment)s",
        "payments_money_agrees",
    ),
    "invent_a_status": ("update payments_payment set status = 'gone' where id = %(payment)s", "payments_payment_moves"),
    "delete_a_payment": ("delete from payments_payment where id = %(pending)s", DENIED),
    "reopen_a_treatment": (
        "update treatments_treatmentevent set state = 'scheduled' where id = %(event)s",
        "treatments_event_moves",
    ),
}

ORDINARY = LIMITS | KINDS | OPENINGS | REVERSALS | FENCES | HISTORY | TOTALS | POWERS | STATES
