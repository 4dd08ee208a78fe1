"""The performance review of follow-up (S2.47)."""

from typing import Any

from django.http import HttpResponse

from clinicpay import money
from clinicpay.clinics import clock
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page
from followups.queries.review import RECOVERY_DAYS, Review
from followups.reports.review import EXPORTED, Report, ReviewForm, exported, presets, report, span_of
from followups.views.export import sent


@allowed(Can.FOLLOW_UP)
def follow_up_review(request: ClinicRequest) -> HttpResponse:
    """By person and period: one's own figures, or everybody's for who may see them."""
    form, found = _asked(request)
    span = found.span
    context: dict[str, Any] = {
        "form": form,
        "report": found,
        "presets": [(one, (one.first, one.last) == (span.first, span.last)) for one in presets(form.today)],
        "figures": _figures(found.total, request.member.clinic.currency),
        "recovery_days": RECOVERY_DAYS,
        "query": f"since={span.first}&until={span.last}&who={form.data.get('who', '')}",
        "colleagues": request.member.can(Can.SEE_REVIEWS),
    }
    return render_page(request, "followups/review.html", context, status=200)


@allowed(Can.FOLLOW_UP)
def follow_up_review_export(request: ClinicRequest, kind: str) -> HttpResponse:
    """The same figures as a file."""
    _, found = _asked(request)
    name = f"follow-up-review-{request.member.clinic.slug}-{found.span.first}-{found.span.last}"
    return sent(name, kind, EXPORTED, iter([exported(found)]))


def _asked(request: ClinicRequest) -> tuple[ReviewForm, Report]:
    member = request.member
    today = clock.today(member.clinic)
    usual = presets(today)[0]
    given = {"since": str(usual.first), "until": str(usual.last)} | request.GET.dict()
    form = ReviewForm(given, member=member, today=today)
    span = span_of(form, member.clinic)
    if not member.can(Can.SEE_REVIEWS):
        return form, report(span, only=member.user_id)
    who = getattr(form, "cleaned_data", {}).get("who")
    return form, report(span, only=int(who) if who else None)


def _figures(total: Review, currency: str) -> list[dict[str, Any]]:
    judged = total.kept + total.partly + total.broken
    rate = "–" if total.contact_rate is None else f"{total.contact_rate}%"
    return [
        {"label": "Attempts", "value": f"{total.attempts:,}", "note": f"{total.reached:,} reached somebody"},
        {"label": "Contact rate", "value": rate, "note": "Reached of attempts"},
        {"label": "Promises kept", "value": f"{total.kept:,} of {judged:,}", "note": f"{total.promises:,} made"},
        {"label": "Promised", "value": money.show(total.promised, currency)},
        {"label": "Recovered", "value": money.show(total.recovered, currency)},
        {"label": "Callbacks on time", "value": f"{total.on_time:,} of {total.callbacks:,}"},
    ]
