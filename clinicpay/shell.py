"""What every page shows around its content: navigation by role, clinic, person, theme."""

from typing import Any, cast

from django.http import HttpRequest

from clinicpay.clinics.addresses import address
from clinicpay.notices import notices
from clinicpay.staff.access import ClinicRequest
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from clinicpay.staff.saved_views import views_of
from clinicpay.ui.nav import NavItem, mark_active


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context for templates/base.html. No queries: error pages use it in a broken transaction too."""
    context: dict[str, Any] = {"theme": _chosen(request, "theme", "light", "dark")}
    context["density"] = _chosen(request, "density", "comfortable")
    member: Membership | None = getattr(request, "member", None)
    if member is None:
        return context
    return context | {
        "clinic": member.clinic,
        "member": member,
        "can": {can.name: member.can(can) for can in Can},
        "clinics": [(other.clinic.name, f"/c/{other.clinic.slug}/") for other in request.memberships],  # type: ignore[attr-defined]
        "search_url": address(member.clinic, "find"),
        "notices": lambda: notices(cast(ClinicRequest, request)),  # called by the page's own template alone
        "views": lambda: views_of(member, _page(request), request.GET.urlencode()),
        "nav": mark_active(_menu(member), request.path),
    }


def _chosen(request: HttpRequest, cookie: str, *known: str) -> str:
    """What the person chose in this browser, if it is one of the known words."""
    word = request.COOKIES.get(cookie, "")
    return word if word in known else ""


def _page(request: HttpRequest) -> str:
    return (request.resolver_match and request.resolver_match.url_name) or ""


def _menu(member: Membership) -> list[NavItem]:
    """The entries that this member's role may open; what they may not is absent, not disabled."""
    clinic = member.clinic
    items = [
        (Can.ENTER, NavItem("Today", "layout-dashboard", address(clinic, "today"), key="t")),
        (Can.SEE_PATIENTS, NavItem("Patients", "users", address(clinic, "patients"), key="a")),
        (Can.SEE_TREATMENTS, NavItem("Treatments", "stethoscope", address(clinic, "treatments"), key="e")),
        (Can.SEE_MONEY, NavItem("Payments", "cash", address(clinic, "payments"), key="p")),
        (Can.PROVE_LEDGER, NavItem("Management", "building-bank", children=_management(member))),
    ]
    return [item for can, item in items if member.can(can)]


def _management(member: Membership) -> tuple[NavItem, ...]:
    return tuple(
        NavItem(label, icon, address(member.clinic, view), key=key)
        for label, icon, view, key in (
            ("Prove it", "shield-check", "ledger_proof", "v"),
            ("Trail", "history", "trail", "h"),
            ("Team", "users", "settings_team", "m"),
            ("Practitioners", "stethoscope", "settings_practitioners", "r"),
            ("Locations", "map-pin", "settings_locations", "l"),
            ("Price list", "tag", "settings_prices", "c"),
            ("Import", "database-import", "settings_import", "i"),
        )
    )
