"""Acts on payments."""

from payments.services.billing import Billing, bill_as_shown, foresee_billing, waive_as_shown
from payments.services.desk import Order, Tender, not_your_day, record_payment, reverse_payment, why_not_reversed
from payments.services.files import add_note, attach_document, remove_document
from payments.services.foreign import book_foreign, return_foreign
from payments.services.foreseen import (
    Changed,
    Consequences,
    Effects,
    done_as_shown,
    foresee,
    foresee_refund,
    foresee_reversal,
    refundable,
    why_not_refunded,
    why_not_returned,
)
from payments.services.gateway_settings import gateway_settings, set_gateway
from payments.services.gateway_tasks import keep_capture, refund_capture, see_chargeback
from payments.services.handing import charged_abroad, goes_by_gateway, waits_for_gateway
from payments.services.lifecycle import Use, collect_payment, foresee_use, move_payment
from payments.services.links import make_link, revoke_link
from payments.services.mail import Attachment, Mail, send_mail_of
from payments.services.own_fields import name_own_fields, payments_asking
from payments.services.receipts import receipt_document, receipt_words
from payments.services.refund_limit import set_refund_limit
from payments.services.refunds import (
    GoingBack,
    Restored,
    approve_and_pay,
    approve_refund,
    fail_refund,
    foresee_return,
    lacking_to_approve,
    may_refund,
    pay_refund,
    record_return,
    refund_payment,
    reject_refund,
    request_refund,
    reverse_refund,
)
from payments.services.requests import PaymentRequest, create_payment, edit_payment
from payments.services.tallies import fold_tallies
from payments.services.uncrediting import Uncrediting, foresee_uncredit, uncredit_as_shown
from payments.services.voiding import Voiding, foresee_void, void_as_shown

__all__ = [
    "Attachment",
    "Billing",
    "Changed",
    "Consequences",
    "Effects",
    "GoingBack",
    "Mail",
    "Order",
    "PaymentRequest",
    "Restored",
    "Tender",
    "Uncrediting",
    "Use",
    "Voiding",
    "add_note",
    "approve_and_pay",
    "approve_refund",
    "attach_document",
    "bill_as_shown",
    "book_foreign",
    "charged_abroad",
    "collect_payment",
    "create_payment",
    "done_as_shown",
    "edit_payment",
    "fail_refund",
    "fold_tallies",
    "foresee",
    "foresee_billing",
    "foresee_refund",
    "foresee_return",
    "foresee_reversal",
    "foresee_uncredit",
    "foresee_use",
    "foresee_void",
    "gateway_settings",
    "goes_by_gateway",
    "keep_capture",
    "lacking_to_approve",
    "make_link",
    "may_refund",
    "move_payment",
    "name_own_fields",
    "not_your_day",
    "pay_refund",
    "payments_asking",
    "receipt_document",
    "receipt_words",
    "record_payment",
    "record_return",
    "refund_capture",
    "refund_payment",
    "refundable",
    "reject_refund",
    "remove_document",
    "request_refund",
    "return_foreign",
    "reverse_payment",
    "reverse_refund",
    "revoke_link",
    "see_chargeback",
    "send_mail_of",
    "set_gateway",
    "set_refund_limit",
    "uncredit_as_shown",
    "void_as_shown",
    "waits_for_gateway",
    "waive_as_shown",
    "why_not_refunded",
    "why_not_returned",
    "why_not_reversed",
]
