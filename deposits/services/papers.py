"""The paper of a bank slip: a long one is a worker's (clinicpay.papers)."""

from datetime import datetime

from django.db.models import Count, Q, QuerySet

from clinicpay.papers import Facts, Papers
from clinicpay.ui.pdf import render_pdf
from deposits.models import BankSlip, SlipPaper
from deposits.queries.slips import facts_of
from deposits.states import NUMBERED


class SlipPapers(Papers[BankSlip]):
    """Papers of slips; a voided slip has another one that says so."""

    kept, of, task = SlipPaper, "slip", "draw_slip"

    def read(self, pk: int) -> Facts:
        slip = BankSlip.objects.select_related("location", "clinic").get(pk=pk)
        return facts_of(slip) | {"clinic": slip.clinic}

    def size(self, facts: Facts) -> int:
        return len(facts["items"])

    def draw(self, facts: Facts) -> bytes:
        cheques = [one for one in facts["items"] if one.method == "cheque"]
        cash = [one for one in facts["items"] if one.method == "cash"]
        context = facts | {"cheques": cheques, "cash_items": cash}
        return render_pdf("deposits/slip_document.html", context, paper=facts["clinic"].paper)

    def since(self, moment: datetime) -> QuerySet[BankSlip]:
        rows = BankSlip.objects.filter(Q(printed_at__gte=moment) | Q(voided_at__gte=moment), state__in=NUMBERED)
        return rows.annotate(size=Count("lines"))


slip_papers = SlipPapers()
