"""The paper of a slip. A long one takes seconds of a processor, so a worker draws it; it is kept and drawn once."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from clinicpay.clinics.models import Clinic
from clinicpay.clinics.scope import current_clinic_id
from clinicpay.ui.pdf import render_pdf
from clinicpay.waking import wake
from deposits.models import BankSlip, SlipPaper
from deposits.queries.slips import facts_of
from deposits.states import NUMBERED

AT_ONCE = 250
"""Lines that are drawn while somebody waits: about a second (decision 168)."""

RECENT = timedelta(days=1)
"""How long beat finds a slip whose worker was not woken, or died."""


def paper_of(facts: dict[str, Any]) -> bytes | None:
    """The PDF of a printed or voided slip, given what it says (`facts_of`); None until a worker has drawn it."""
    if len(facts["items"]) <= AT_ONCE:
        return draw(facts)
    kept = _kept(facts["slip"]).values_list("content", flat=True).first()
    return None if kept is None else bytes(kept)


def is_drawn(slip: BankSlip, lines: int) -> bool:
    """Whether the paper of a slip of so many lines can be had at once."""
    return lines <= AT_ONCE or _kept(slip).exists()


def _kept(slip: BankSlip) -> QuerySet[SlipPaper]:
    return SlipPaper.objects.filter(slip=slip, state=slip.state)


def ask_paper(slip: BankSlip, lines: int) -> None:
    """Have the paper of a slip of so many lines drawn, unless it can be had at once."""
    if not is_drawn(slip, lines):
        wake("draw_slip", current_clinic_id(), slip.pk)


def undrawn() -> list[int]:
    """Long slips of the last day whose paper is not there."""
    since = timezone.now() - RECENT
    rows = BankSlip.objects.filter(Q(printed_at__gte=since) | Q(voided_at__gte=since), state__in=NUMBERED)
    rows = rows.filter(~Exists(SlipPaper.objects.filter(slip=OuterRef("pk"), state=OuterRef("state"))))
    return list(rows.annotate(count=Count("lines")).filter(count__gt=AT_ONCE).values_list("pk", flat=True))


def to_draw(slip_id: int) -> dict[str, Any] | None:
    """What a worker draws, read at once; None when there is nothing to draw any more."""
    slip = BankSlip.objects.select_related("location", "clinic").get(pk=slip_id)
    return None if is_drawn(slip, slip.lines.count()) else facts_of(slip) | {"clinic": slip.clinic}


def draw(facts: dict[str, Any]) -> bytes:
    """The PDF of a slip, of what is known of it and its `clinic`; asks the database nothing."""
    clinic: Clinic = facts["clinic"]
    cheques = [one for one in facts["items"] if one.method == "cheque"]
    cash = [one for one in facts["items"] if one.method == "cash"]
    context = facts | {"cheques": cheques, "cash_items": cash}
    return render_pdf("deposits/slip_document.html", context, paper=clinic.paper)


def keep(slip: BankSlip, made: bytes) -> None:
    """Keep the paper of a slip as it stood when it was read, unless another worker was faster."""
    SlipPaper.objects.bulk_create([SlipPaper(slip=slip, state=slip.state, content=made)], ignore_conflicts=True)
