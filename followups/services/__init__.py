"""Acts of following up debt: payment plans and write-offs."""

from followups.services.plans import activate_plan, bill_instalment, cancel_plan, draft_plan, settle_plans, start_plan
from followups.services.write_offs import approve_write_off, reject_write_off, request_write_off, reverse_write_off

__all__ = [
    "activate_plan",
    "approve_write_off",
    "bill_instalment",
    "cancel_plan",
    "draft_plan",
    "reject_write_off",
    "request_write_off",
    "reverse_write_off",
    "settle_plans",
    "start_plan",
]
