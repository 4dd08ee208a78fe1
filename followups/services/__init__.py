"""Acts of following up debt: cases, promises, payment plans and write-offs."""

from followups.services.cases import close_case, move_case, open_case, settle_case
from followups.services.plans import activate_plan, bill_instalment, cancel_plan, draft_plan, settle_plans, start_plan
from followups.services.promises import cancel_promise, judge_promises, make_promise
from followups.services.write_offs import approve_write_off, reject_write_off, request_write_off, reverse_write_off

__all__ = [
    "activate_plan",
    "approve_write_off",
    "bill_instalment",
    "cancel_plan",
    "cancel_promise",
    "close_case",
    "draft_plan",
    "judge_promises",
    "make_promise",
    "move_case",
    "open_case",
    "reject_write_off",
    "request_write_off",
    "reverse_write_off",
    "settle_case",
    "settle_plans",
    "start_plan",
]
