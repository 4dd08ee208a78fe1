"""The attack list, third part: cases, promises, closed days, and where a treatment begins."""

from tests.balances import attacks_on_corrections
from tests.balances.attacks import DENIED, act, line

NEW_CASE = """insert into followups_case (clinic_id, account_id, state, outcome, reason, opened_at, closed_at)
  values (%(clinic)s, %(debtless)s, '{state}', '{outcome}', '', now(), null)"""

NEW_PROMISE = """insert into followups_promise (clinic_id, case_id, amount, due_date, grace, status, paid, made_at)
  values (%(clinic)s, %(closed_case)s, {amount}, %(today)s, 0, '{status}', {paid}, '2020-01-01')"""

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
    "move_a_close": ("update close_dailyclose set day = day - 1", DENIED),
    "delete_a_close": ("delete from close_dailyclose", DENIED),
    "post_with_an_old_snapshot": (
        "set transaction isolation level repeatable read; "
        + act("write_off", line("write_off", "1", -1)) % {"clinic": 0, "location": 0, "today": "current_date"},
        "ledger_isolation",
    ),
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

ATTACKS = attacks_on_corrections.ATTACKS | CASES | DAYS | TREATMENTS
