"""Pages of followed debt."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from followups.services import cases_foreseen
from payments.models import Payment
from payments.services import foresee_refund, refundable


@allowed(Can.SEE_MONEY, shows="payment")
def refund_follow_up(request: ClinicRequest, number: int) -> HttpResponse:
    """What happens to follow-ups when money of a payment goes back: a part of the refund's summary (R2, F2).

    `amount` is in minor units; without one that fits it is all that is left.
    """
    payment = get_object_or_404(Payment.objects.select_related("account", "location"), number=number)
    asked, left = request.GET.get("amount", ""), payment.amount
    amount = min(int(asked), left) if asked.isascii() and asked.isdigit() and len(asked) < 19 else refundable(payment)
    try:
        cases = cases_foreseen(foresee_refund(payment, amount, request.member.clinic, reduce=False))
    except Refusal:
        cases = []
    return render_page(request, "followups/foreseen.html", {"payment": payment, "cases": cases}, fragment="cases")
