"""The Finance section: which pages are in it, and the page that leads to them and back (S0.10)."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse

from clinicpay.clinics.addresses import address
from clinicpay.staff.access import ClinicRequest, allowed
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from clinicpay.ui.answers import render_page

FOLDERS = frozenset(
    {
        *("payments", "invoices", "receipts", "refunds", "transactions", "pre-payments"),
        *("followups", "plans", "write-offs", "statements", "calendar"),
        *("deposits", "slips", "auto-apply", "nights", "close", "exports", "attention", "reports"),
    }
)
"""The first part of the address, inside the clinic, of every page of the section."""

OTHERS = frozenset({"ledger_proof"})
"""Pages of it that stand elsewhere."""


class Place(NamedTuple):
    """A page of the section, and what one does there."""

    can: Can
    view: str
    label: str
    icon: str
    about: str


SECTIONS: dict[str, tuple[Place, ...]] = {
    "Money that comes in": (
        Place(Can.SEE_MONEY, "payments", "Payments", "cash", "What was asked for and what was paid."),
        Place(Can.SEE_MONEY, "transactions", "Transactions", "switch-horizontal", "Apply money to what is owed."),
        Place(Can.SEE_MONEY, "pre_payments", "Pre-payments", "pig-money", "Money that is held for something."),
        Place(Can.SEE_MONEY, "refunds", "Refunds", "receipt-refund", "Money that goes back."),
        Place(Can.SEE_MONEY, "gateway_tasks", "Card payments", "credit-card", "What gateways left to decide."),
    ),
    "Money that is owed": (
        Place(Can.SEE_MONEY, "attention", "What needs attention", "alert-triangle", "What is missing, with its act."),
        Place(Can.FOLLOW_UP, "follow_ups", "Follow-ups", "phone-call", "Who owes what, and what is next."),
        Place(Can.SEE_MONEY, "plans", "Payment plans", "calendar-event", "Debt in parts, billed by itself."),
        Place(Can.REQUEST_WRITE_OFF, "write_offs", "Write-offs", "scale", "Debt that is given up."),
        Place(Can.FOLLOW_UP, "ageing", "Ageing as of a date", "history", "Who owed what on a past day."),
        Place(Can.FOLLOW_UP, "follow_up_review", "Follow-up review", "chart-bar", "What following up came to."),
    ),
    "Keeping it in order": (
        Place(Can.RECONCILE_DEPOSITS, "deposits", "Deposits", "cash-banknote", "Deposits beside open invoices."),
        Place(
            Can.RECONCILE_DEPOSITS,
            "deposits_overview",
            "Deposits at a glance",
            "coin",
            "Money in hand by age and month’s end.",
        ),
        Place(Can.REVIEW_DAY, "close_days", "Daily close", "lock", "Check a day, count its cash, close it."),
        Place(Can.EXPORT_DAYS, "exports", "Exports", "download", "Closed days for the books, also by tender."),
        Place(Can.BANK, "slips", "Bank slips", "building-bank", "Cash and cheques for the bank."),
        Place(Can.AUTO_APPLY, "auto_apply", "Auto-Apply Payments", "sparkles", "Apply what is in hand by rules."),
        Place(Can.AUTO_APPLY, "nights", "Nights", "moon", "What each night did, and what failed."),
        Place(Can.PROVE_LEDGER, "ledger_proof", "Prove it", "shield-check", "Every figure recomputed."),
    ),
}
"""What the section's page lists: a new page of finance is a line here."""


@allowed(Can.SEE_MONEY)
def finance(request: ClinicRequest) -> HttpResponse:
    """All pages of the section that this member may open, each with what is done there."""
    member = request.member
    mine = {title: [one for one in places if member.can(one.can)] for title, places in SECTIONS.items()}
    context = {"sections": [(title, places) for title, places in mine.items() if places]}
    return render_page(request, "home/finance.html", context)


def way_back(member: Membership, request: HttpRequest) -> str:
    """Where "Back to Finance" leads from this page; empty outside the section, and for who sees no money."""
    match = request.resolver_match
    folder = request.path.removeprefix(f"/c/{member.clinic.slug}/").partition("/")[0]
    is_inside = folder in FOLDERS or (match is not None and match.url_name in OTHERS)
    return address(member.clinic, "finance") if is_inside and member.can(Can.SEE_MONEY) else ""
