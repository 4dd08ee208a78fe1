"""The attack list, third part: cases, promises, closed days, and where a treatment begins."""

from tests.balances import (
    attacks_on_corrections,
    attacks_on_counts,
    attacks_on_exports,
    attacks_on_packages,
    attacks_on_reviews,
    attacks_on_slips,
    attacks_on_write_offs,
)
from tests.balances.attacks import DENIED, LOCKED, act, line

NEW_CASE = """insert into followups_case (clinic_id, account_id, state, outcome, reason, opened_at, closed_at)
  values (%(clinic)s, %(debtless)s, '{state}', '{outcome}', '', now(), null)"""

NEW_PROMISE = """insert into followups_promise (clinic_id, case_id, amount, due_date, grace, status, paid, made_at)
  values (%(clinic)s, %(closed_case)s, {amount}, %(today)s, 0, '{status}', {paid}, '2020-01-01')"""

NEW_CALLBACK = """insert into followups_callback (clinic_id, case_id, member_id, due_at, note, state, made_at)
  select %(clinic)s, %(closed_case)s, m.id, now(), '', '{state}', '2020-01-01' from staff_membership m limit 1"""

NEW_CLOSE = """insert into close_dailyclose
  (clinic_id, location_id, day, version, state, number, snapshot, reason, reopen_reason)
  values (%(clinic)s, %(location)s, %(day)s, {version}, '{state}', null, null, '', '')""".replace("%(day)s", "{day}")

NEW_EVENT = """insert into treatments_treatmentevent
  (clinic_id, number, patient_id, practitioner_id, location_id, service_at,
   discipline, title, state, origin, clinical_notes, external_ref, created_at)
  values (%(clinic)s, 900, %(patient)s, %(practitioner)s, %(location)s, now(),
          '', '', '{state}', 'standard', '', '{ref}', now())"""

CASES = {
    "open_a_case_without_debt": (NEW_CASE.format(state="contact_due", outcome=""), "followups_case_owed"),
    "begin_a_case_as_closed": (NEW_CASE.format(state="closed", outcome="recovered"), "followups_case_moves"),
    "open_a_second_case": (
        NEW_CASE.format(state="contact_due", outcome="").replace("%(debtless)s", "%(other_account)s"),
        "followups_case_one_open",
    ),
    "close_a_case_without_an_outcome": (
        "update followups_case set state = 'closed' where id = %(case)s",
        "followups_case_closed",
    ),
    "close_a_case_and_leave_its_promise": (
        "update followups_case set state = 'closed', outcome = 'recovered' where id = %(case)s",
        "followups_promise_closes",
    ),
    "reopen_a_case_as_refused": (
        "update followups_case set state = 'refused', outcome = '' where id = %(closed_case)s",
        "followups_case_moves",
    ),
    "give_a_case_to_another": ("update followups_case set account_id = %(account)s", DENIED),
    "pay_a_followed_account_behind_its_case": (
        act("write_off", line("write_off", "%(other_charge)s", -3000)),
        "followups_case_owed",
    ),
    "delete_a_case": ("delete from followups_case", DENIED),
    "promise_on_a_closed_case": (NEW_PROMISE.format(amount=1, status="open", paid=0), "followups_promise_closes"),
    "promise_nothing": (NEW_PROMISE.format(amount=0, status="open", paid=0), "followups_promise_amount"),
    "begin_a_promise_as_kept": (NEW_PROMISE.format(amount=1, status="kept", paid=1), "followups_promise_moves"),
    "keep_a_promise_by_word_alone": (
        "update followups_promise set status = 'kept' where id = %(promise)s",
        "followups_promise_paid",
    ),
    "lower_a_promise": ("update followups_promise set amount = 1", DENIED),
    "plan_a_callback_on_a_closed_case": (NEW_CALLBACK.format(state="planned"), "followups_callback_closes"),
    "begin_a_callback_as_done": (NEW_CALLBACK.format(state="done"), "followups_callback_moves"),
    "move_a_callback": ("update followups_callback set due_at = now()", DENIED),
    "rewrite_an_attempt": ("update followups_attempt set outcome = 'refused'", DENIED),
    "forget_an_attempt": ("delete from followups_attempt", DENIED),
    "say_since_when_an_account_owes": ("update patients_account set oldest_open = null", DENIED),
}

DAYS = {
    "change_a_closed_version": (
        "update close_dailyclose set snapshot = '{}' where id <> %(again)s and state = 'closed'",
        "close_dailyclose_frozen",
    ),
    "change_a_reopened_version": (
        "update close_dailyclose set reopen_reason = 'none' where id = %(first_close)s",
        "close_dailyclose_frozen",
    ),
    "reopen_a_version_with_other_totals": (
        "update close_dailyclose set state = 'reopened', reopen_reason = 'x', snapshot = '{}' where state = 'closed'",
        "close_dailyclose_frozen",
    ),
    "reopen_without_a_reason": (
        "update close_dailyclose set state = 'reopened' where state = 'closed'",
        "close_dailyclose_why",
    ),
    "reopen_and_leave_the_lock": (
        "update close_dailyclose set state = 'reopened', reopen_reason = 'x' where state = 'closed'",
        "close_dailyclose_locked",
    ),
    "lift_a_lock_behind_its_close": (
        "update balances_closedday set reopened_at = now() where day = %(closed)s",
        "close_dailyclose_locked",
    ),
    "lock_a_day_behind_its_close": (
        "insert into balances_closedday (clinic_id, location_id, day, closed_at)"
        " values (%(clinic)s, %(location)s, %(today)s, now())",
        "close_dailyclose_locked",
    ),
    "lock_a_day_twice": (
        "insert into balances_closedday (clinic_id, location_id, day, closed_at)"
        " values (%(clinic)s, %(location)s, %(closed)s, now())",
        "balances_closedday_once",
    ),
    "lift_a_lock_twice": (
        "update balances_closedday set reopened_at = now() where day = %(long_ago)s",
        "ledger_day_lifted",
    ),
    "put_a_lock_back": (
        "update balances_closedday set reopened_at = null where day = %(long_ago)s",
        "ledger_day_lifted",
    ),
    "close_a_day_without_a_lock": (
        "update close_dailyclose set state = 'closed', number = 99, snapshot = '{}' where id = %(again)s",
        "close_dailyclose_locked",
    ),
    "close_a_day_without_totals": (
        "update close_dailyclose set state = 'closed', number = 99 where id = %(again)s",
        "close_dailyclose_complete",
    ),
    "close_an_unreviewed_day": (
        NEW_CLOSE.format(day="%(today)s", version=1, state="closed"),
        "close_dailyclose_moves",
    ),
    "skip_a_version": (NEW_CLOSE.format(day="%(today)s", version=2, state="reviewing"), "close_dailyclose_moves"),
    "begin_a_closed_day_again": (
        NEW_CLOSE.format(day="%(closed)s", version=1, state="open"),
        "close_dailyclose_version",
    ),
    "keep_a_sheet_of_an_open_day": (
        "insert into close_sheetpaper (clinic_id, close_id, state, content) values (%(clinic)s, %(again)s, 'open', '')",
        "close_sheetpaper_state",
    ),
    "change_the_sheet_of_a_day": ("update close_sheetpaper set content = ''", DENIED),
    "delete_the_sheet_of_a_day": ("delete from close_sheetpaper", DENIED),
    "move_a_close": ("update close_dailyclose set day = day - 1", DENIED),
    "delete_a_close": ("delete from close_dailyclose", DENIED),
    "post_with_an_old_snapshot": (
        "set transaction isolation level repeatable read; "
        + act("write_off", line("write_off", "1", -1)) % {"clinic": 0, "location": 0, "today": "current_date"},
        "ledger_isolation",
    ),
}

RUNS = {
    "apply_a_run_again": ("update balances_autoapplyrun set state = 'preview'", "balances_run_moves"),
    "rewrite_a_decision": ("update balances_decision set reason = 'because'", DENIED),
    "lower_what_a_hold_asks": ("update balances_holdcriteria set procedure = ''", DENIED),
    "date_a_night_back": ("update clinics_jobrun set local_date = '2020-01-01'", DENIED),
    "forget_a_night": ("delete from clinics_jobrun", DENIED),
}

TREATMENTS = {
    f"begin_a_treatment_as_{state}": (NEW_EVENT.format(state=state, ref=ref), "treatments_event_begins")
    for state, ref in {
        "in_progress": "x",
        "closed": "",
        "reviewed": "x",
        "ready": "x",
        "day_closed": "x",
        "cancelled": "x",
    }.items()
}

EDIT = "update payments_payment set {change} where id = {payment}"
PAID, VOIDED = "%(payment)s", "%(voided_payment)s"

LOCKED_PAYMENTS = {
    f"edit_{name}": (EDIT.format(change=change, payment=payment), LOCKED)
    for name, change, payment in (
        ("the_patient_of_a_paid_payment", "patient_id = %(patient)s", PAID),
        ("the_treatment_of_a_paid_payment", "event_id = %(event)s", PAID),
        ("the_payer_of_a_paid_payment", "payer_id = %(other_account)s", PAID),
        ("the_due_date_of_a_paid_payment", "due_date = %(today)s", PAID),
        ("the_memo_of_a_paid_payment", "memo = 'forged'", PAID),
        ("the_type_of_a_paid_payment", "kind = 'private_pay'", PAID),
        ("the_receipt_of_a_paid_payment", "receipt_id = null", PAID),
        ("the_amount_of_a_voided_payment", "amount = 1", VOIDED),
        ("the_account_of_a_voided_payment", "account_id = %(other_account)s", VOIDED),
        ("the_memo_of_a_voided_payment", "memo = 'forged'", VOIDED),
        ("the_date_of_a_voided_payment", "paid_at = null", VOIDED),
        ("a_payment_while_it_is_voided", "status = 'voided', memo = 'forged'", PAID),
    )
}
"""S1.59: nothing about a payment changes once its money is in the books, whoever asks."""

ATTACKS = (
    attacks_on_corrections.ATTACKS | attacks_on_write_offs.ATTACKS | CASES | DAYS | RUNS | TREATMENTS | LOCKED_PAYMENTS
)
ATTACKS |= attacks_on_slips.ATTACKS | attacks_on_reviews.ATTACKS | attacks_on_packages.ATTACKS
ATTACKS |= attacks_on_counts.ATTACKS | attacks_on_exports.ATTACKS
