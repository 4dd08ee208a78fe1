"""The attack list, fourth part: whose leave approves a write-off, and who gives it."""

from tests.balances.attacks import DENIED

APPROVE = "update followups_writeoff set status = 'approved', delegation_id = {leave} where id = {write_off}"
UNCOVERED = "followups_writeoff_delegated"

ATTACKS = {
    f"approve_{name}": (APPROVE.format(leave=leave, write_off="%(waiting)s"), UNCOVERED)
    for name, leave in (
        ("over_the_limit", "%(small_leave)s"),
        ("under_a_leave_of_another", "%(others_leave)s"),
        ("under_a_leave_that_was_withdrawn", "%(ended_leave)s"),
    )
} | {
    "approve_what_one_asked_for": (APPROVE.format(leave="%(small_leave)s", write_off="%(own)s"), UNCOVERED),
    "put_a_leave_under_an_approval": (
        "update followups_writeoff set delegation_id = %(small_leave)s where id = %(write_off)s",
        UNCOVERED,
    ),
    "let_a_write_off_wait_for_nobody": (
        "insert into followups_writeoff (clinic_id, number, account_id, amount, reason, status, requested_at, at_once)"
        " values (%(clinic)s, 9, %(account)s, 10, 'x', 'requested', now(), true)",
        "followups_writeoff_at_once",
    ),
    "say_that_nobody_had_to_be_asked": ("update followups_writeoff set at_once = true", DENIED),
    "say_why_otherwise": ("update followups_writeoff set reason = 'x'", DENIED),
    "delegate_to_oneself": (
        'insert into staff_delegation (clinic_id, member_id, "limit", last_day, expires_at, made_at)'
        " select %(clinic)s, m.id, 100000, current_date, now() + interval '1 day', now()"
        " from staff_membership m where m.user_id = app_user()",
        "staff_delegation_owner",
    ),
    "raise_a_limit": ('update staff_delegation set "limit" = 1000000', DENIED),
    "prolong_a_delegation": ("update staff_delegation set expires_at = now() + interval '9 years'", DENIED),
    "revive_a_delegation": (
        "update staff_delegation set ended_at = null where id = %(ended_leave)s",
        "staff_delegation_ended",
    ),
    "end_a_delegation_twice": (
        "update staff_delegation set ended_at = now() where id = %(ended_leave)s",
        "staff_delegation_ended",
    ),
    "forget_a_delegation": ("delete from staff_delegation", DENIED),
}
"""The attacker is Rita; the small leave is hers, for less than what waits."""
