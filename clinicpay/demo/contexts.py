"""The demo's payments without treatment: of some somebody has said later what they were for."""

from clinicpay.attention.gaps import untreated
from clinicpay.staff.models import ClinicPayItself
from payments.services.context import explain_payment, link_treatment, treatments_for
from payments.states import MONEY

WHY = ("Sold an electric toothbrush", "Gift voucher for the family")


def make_contexts(by: ClinicPayItself) -> None:
    """One is linked to a treatment, some are explained; the others are left to be seen."""
    rows = list(untreated().filter(status__in=sorted(MONEY)).select_related("account").order_by("created_at", "pk")[:8])
    for payment in rows[:1]:
        if event := treatments_for(payment).first():
            link_treatment(payment, event, by=by)
    for payment, why in zip(rows[1::3], WHY, strict=False):
        explain_payment(payment, why, by=by)
