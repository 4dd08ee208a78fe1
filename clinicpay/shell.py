"""What every page shows around its content: navigation by role, clinic, person, theme."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from django.db import connection
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address, place
from clinicpay.home import way_back
from clinicpay.notices import notices
from clinicpay.staff.access import ClinicRequest
from clinicpay.staff.models import Membership, SavedView
from clinicpay.staff.roles import TABLE, Can, may
from clinicpay.staff.saved_views import views_of
from clinicpay.staff.sessions import seconds_left
from clinicpay.ui.nav import NavItem, mark_active
from payments.states import REFUND_OPEN

# A function, whose plan a session keeps: followups/sql/0012_beside.sql
_BESIDE = """
select * from shell_beside(%(member)s, %(user)s, %(page)s, %(counts)s, %(open)s, %(calls)s, %(callers)s, %(tonight)s,
                           %(asks)s, %(decides)s)
"""


class Beside(NamedTuple):
    """What pages show beside their own rows: how much waits for this member, and their views of the list."""

    waiting: Mapping[str, int]
    views: list[SavedView]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context for templates/base.html. Error pages use it in a broken transaction too, and then it asks nothing."""
    context: dict[str, Any] = {"theme": _chosen(request, "theme", "light", "dark")}
    context["density"] = _chosen(request, "density", "comfortable")
    context["signed_in_for"] = seconds_left(request)
    member: Membership | None = getattr(request, "member", None)
    if member is None:
        return context
    beside = cache(lambda: _beside(member, _page(request)))  # asked once, and only by a page that shows it
    return context | {
        "clinic": member.clinic,
        "member": member,
        "can": _allowed(member.role, member.active),
        "clinics": [(other.clinic.name, f"/c/{other.clinic.slug}/") for other in request.memberships],  # type: ignore[attr-defined]
        "finance_url": way_back(member, request),
        "search_url": address(member.clinic, "find"),
        "notices": lambda: notices(cast(ClinicRequest, request)),  # called by the page's own template alone
        "views": lambda: views_of(member, _page(request), request.GET.urlencode(), lambda: beside().views),
        "nav": SimpleLazyObject(lambda: _nav(member, beside().waiting, request.path)),  # parts have no menu
    }


@lru_cache(maxsize=16)
def _allowed(role: str, is_active: bool) -> Mapping[str, bool]:
    """Each act by its name, and whether a role is allowed it; kept, since every page asks for all of them."""
    return MappingProxyType({can.name: is_active and may(role, can) for can in Can})


def _chosen(request: HttpRequest, cookie: str, *known: str) -> str:
    """What the person chose in this browser, if it is one of the known words."""
    word = request.COOKIES.get(cookie, "")
    return word if word in known else ""


def _page(request: HttpRequest) -> str:
    return (request.resolver_match and request.resolver_match.url_name) or ""


def _beside(member: Membership, page: str) -> Beside:
    if connection.needs_rollback:
        return Beside({}, [])
    asked: dict[str, Any] = {
        "counts": member.can(Can.SEE_MONEY),
        "open": sorted(REFUND_OPEN),
        "member": member.pk,
        "page": page,
        "calls": member.can(Can.FOLLOW_UP),
        "callers": sorted(TABLE[Can.FOLLOW_UP]),
        "tonight": clock.day_bounds(member.clinic, clock.today(member.clinic))[1],
        "asks": member.can(Can.REQUEST_WRITE_OFF),
        "decides": member.can(Can.APPROVE_WRITE_OFF),
        "user": member.user_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BESIDE, asked)
        waiting, views = cursor.fetchone()
    return Beside(waiting, [SavedView(pk=pk, name=name, query=query) for pk, name, query in views])


def _nav(member: Membership, waiting: Mapping[str, int], path: str) -> Sequence[NavItem]:
    """The menu of a member on a page."""
    return mark_active(_menu(member.role, member.clinic.slug, tuple(waiting.items())), path)


@lru_cache(maxsize=512)
def _menu(role: str, slug: str, waiting: tuple[tuple[str, int], ...]) -> tuple[NavItem, ...]:
    """The entries that a role may open; what it may not is absent, not disabled. Kept, as a role's is the same all day.

    `waiting` is how much waits for the member, by what it is.
    """
    pages = [
        (can, NavItem(label, icon, place(slug, view), key=key, also=_also(slug, view)))
        for can, label, icon, view, key in (
            (Can.ENTER, "Today", "layout-dashboard", "today", "t"),
            (Can.SEE_PATIENTS, "Patients", "users", "patients", "a"),
            (Can.SEE_TREATMENTS, "Treatments", "stethoscope", "treatments", "e"),
            (Can.SEE_MONEY, "Payments", "cash", "payments", "p"),
        )
    ]
    items = [
        *pages,
        (Can.SEE_MONEY, _billing(role, slug, dict(waiting))),
        (Can.AUTO_APPLY, NavItem("Management", "building-bank", children=_management(role, slug))),
    ]
    return tuple(item for can, item in items if may(role, can))


def _billing(role: str, slug: str, waiting: Mapping[str, int]) -> NavItem:
    children = tuple(
        NavItem(
            label,
            icon,
            place(slug, view),
            key=key,
            badge=waiting.get(counted, 0),
            badge_label=counted_as,
            also=_also(slug, view),
        )
        for can, label, icon, view, key, counted, counted_as in (
            (Can.SEE_MONEY, "What needs attention", "alert-triangle", "attention", "", "", ""),
            (Can.SEE_MONEY, "Finance", "wallet", "finance", "", "", ""),
            (Can.FOLLOW_UP, "Follow-ups", "phone-call", "follow_ups", "f", "callbacks", "callbacks due"),
            (Can.SEE_MONEY, "Payment plans", "calendar-event", "plans", "q", "", ""),
            (Can.SEE_MONEY, "Transactions", "switch-horizontal", "transactions", "b", "", ""),
            (Can.SEE_MONEY, "Pre-payments", "pig-money", "pre_payments", "y", "", ""),
            (Can.SEE_MONEY, "Refunds", "receipt-refund", "refunds", "x", "refunds", "waiting"),
            (Can.REQUEST_WRITE_OFF, "Write-offs", "scale", "write_offs", "z", "write_offs", "waiting"),
        )
        if may(role, can)
    )
    return NavItem("Billing", "report-money", children=children, badge=sum(waiting.values()))


ALSO = {
    "treatments": ("packages",),
    "payments": ("receipts",),
    "follow_ups": ("statements",),
    "transactions": ("invoices",),
}
"""Folders of pages that belong to an entry of the menu, and have none of their own."""


def _also(slug: str, view: str) -> tuple[str, ...]:
    return tuple(f"/c/{slug}/{folder}/" for folder in ALSO.get(view, ()))


SECTIONS = {
    "Money": ("home", "deposits", "slips", "close_days"),
    "Reports": ("exports", "follow_up_review", "ledger_proof", "trail"),
    "Maintenance": ("auto_apply", "nights", "settings_import"),
}
"""What stands under which heading of Management, in this order; whatever is named nowhere is a setting."""


def _management(role: str, slug: str) -> tuple[NavItem, ...]:
    """By section; what a role may not open is absent, and so is a heading with nothing under it."""
    order = {view: (at, name) for at, (name, views) in enumerate(SECTIONS.items()) for view in views}
    found = [
        (
            order.get(view, (len(SECTIONS), "Settings")),
            NavItem(label, icon, place(slug, view), key=key, alone=view == "home"),
        )
        for can, label, icon, view, key in (
            (Can.CLOSE_DAY, "Overview", "layout-dashboard", "home", "s"),
            (Can.RECONCILE_DEPOSITS, "Deposits", "cash-banknote", "deposits", "d"),
            (Can.BANK, "Bank slips", "building-bank", "slips", ""),
            (Can.REVIEW_DAY, "Daily close", "lock", "close_days", "g"),
            (Can.EXPORT_DAYS, "Exports", "download", "exports", ""),
            (Can.AUTO_APPLY, "Auto-Apply Payments", "sparkles", "auto_apply", "o"),
            (Can.FOLLOW_UP, "Follow-up review", "chart-bar", "follow_up_review", ""),
            (Can.AUTO_APPLY, "Nights", "moon", "nights", "n"),
            (Can.PROVE_LEDGER, "Prove it", "shield-check", "ledger_proof", "v"),
            (Can.SEE_TRAIL, "Trail", "history", "trail", "h"),
            (Can.MANAGE_SETTINGS, "Clinic", "building-hospital", "settings_clinic", ""),
            (Can.MANAGE_SETTINGS, "Team", "users", "settings_team", "m"),
            (Can.MANAGE_SETTINGS, "Sign-in", "shield-lock", "settings_sign_in", ""),
            (Can.DELEGATE, "Delegations", "key", "settings_delegations", ""),
            (Can.MANAGE_SETTINGS, "Practitioners", "stethoscope", "settings_practitioners", "r"),
            (Can.MANAGE_SETTINGS, "Locations", "map-pin", "settings_locations", "l"),
            (Can.MANAGE_SETTINGS, "Price list", "tag", "settings_prices", "c"),
            (Can.MANAGE_SETTINGS, "Own fields", "list-details", "settings_own_fields", "w"),
            (Can.MANAGE_SETTINGS, "Refund limit", "receipt-refund", "settings_refunds", "u"),
            (Can.MANAGE_SETTINGS, "Insurance checks", "shield-check", "settings_checks", "j"),
            (Can.MANAGE_SETTINGS, "Promises", "calendar-due", "settings_promises", ""),
            (Can.MANAGE_SETTINGS, "Business day", "clock", "settings_day", ""),
            (Can.MANAGE_SETTINGS, "Account codes", "tag", "settings_codes", ""),
            (Can.MANAGE_SETTINGS, "Card payments", "credit-card", "settings_gateway", "k"),
            (Can.MANAGE_SETTINGS, "Import", "database-import", "settings_import", "i"),
        )
        if may(role, can)
    ]
    return tuple(replace(item, section=name) for (_, name), item in sorted(found, key=lambda one: one[0]))
