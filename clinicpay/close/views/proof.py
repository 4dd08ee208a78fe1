"""Whether the closed days are what they were when they were closed."""

import re

from django.http import HttpResponse

from clinicpay.audit.models import AuditEvent
from clinicpay.audit.sealing import holds
from clinicpay.close.models import DailyClose
from clinicpay.close.queries.sheet import proof_of, proofs_of
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from clinicpay.ui.words import day_words

NEWEST = 60
"""Versions that the page computes again; the command takes all."""


@allowed(Can.REVIEW_DAY)
def close_proof(request: ClinicRequest) -> HttpResponse:
    """Compute the seals of the newest closes again; look for a seal or a head that somebody reads off a sheet."""
    closes = DailyClose.objects.filter(number__isnull=False).select_related("location").order_by("-number")
    newest = list(closes[:NEWEST])
    proofs = list(zip(newest, proofs_of(newest), strict=True))
    typed = re.sub(r"\s", "", request.GET.get("seal", "")).lower()
    context = {"proofs": proofs, "typed": typed[:80], "answer": _answer(typed), "total": closes.count()}
    return render_page(request, "close/proof.html", context)


def _answer(typed: str) -> tuple[bool, str]:
    """Whether what was typed is a seal or a head of ours, and what of."""
    if not typed:
        return True, ""
    if not re.fullmatch(r"[0-9a-f]{64}", typed):
        return False, "A seal has 64 digits from 0 to f. Type all of it."
    line = AuditEvent.objects.filter(action="day.closed", after__seal=typed).first()
    close = DailyClose.objects.filter(pk=line.subject_id).select_related("location").first() if line else None
    if close and proof_of(close).seal == typed:
        day = day_words(close.day)
        return True, f"This is the seal of {close.ref}: {close.location}, {day}, version {close.version}."
    if holds(typed):
        return True, "This is a head of the trail, and it is still in its chain."
    return False, "No closed day and no head of the trail has this seal. The sheet isn’t ours, or was changed."
