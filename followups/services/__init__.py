"""Acts of following up debt: cases, promises, payment plans and write-offs."""

from followups.services.cases import case_foreseen, cases_foreseen, close_case, move_case, open_case, settle_case
from followups.services.contacts import (
    Said,
    cancel_callback,
    confirm_no_payment,
    log_attempt,
    plan_callback,
    put_on_case,
    refuse_unseen,
    take_callback,
)
from followups.services.feeds import CalendarGone, Feed, feed_of, make_feed, path_of, revoke_feed
from followups.services.flags import Next, flag_debt
from followups.services.grace import set_grace_days
from followups.services.nights import bill_instalments_due, settle_account
from followups.services.plans import (
    activate_plan,
    bill_instalment,
    bill_next,
    cancel_plan,
    draft_plan,
    settle_plans,
    start_plan,
)
from followups.services.promises import cancel_promise, judge_promises, make_promise, pay_promise
from followups.services.recoveries import Recoverable, recover_invoice, recoverable
from followups.services.write_offs import (
    Wish,
    approve_write_off,
    reject_write_off,
    request_write_off,
    reverse_write_off,
    words_of,
    write_off_now,
)

__all__ = [
    "CalendarGone",
    "Feed",
    "Next",
    "Recoverable",
    "Said",
    "Wish",
    "activate_plan",
    "approve_write_off",
    "bill_instalment",
    "bill_instalments_due",
    "bill_next",
    "cancel_callback",
    "cancel_plan",
    "cancel_promise",
    "case_foreseen",
    "cases_foreseen",
    "close_case",
    "confirm_no_payment",
    "draft_plan",
    "feed_of",
    "flag_debt",
    "judge_promises",
    "log_attempt",
    "make_feed",
    "make_promise",
    "move_case",
    "open_case",
    "path_of",
    "pay_promise",
    "plan_callback",
    "put_on_case",
    "recover_invoice",
    "recoverable",
    "refuse_unseen",
    "reject_write_off",
    "request_write_off",
    "reverse_write_off",
    "revoke_feed",
    "set_grace_days",
    "settle_account",
    "settle_case",
    "settle_plans",
    "start_plan",
    "take_callback",
    "words_of",
    "write_off_now",
]
