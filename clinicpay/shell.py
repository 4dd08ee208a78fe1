"""What every page shows around its content: navigation by role, clinic, person, theme."""

from typing import Any

from django.http import HttpRequest

from clinicpay.clinics.addresses import address
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from clinicpay.ui.nav import NavItem, mark_active


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context for templates/base.html. No queries: error pages use it in a broken transaction too."""
    context: dict[str, Any] = {"theme": _theme(request)}
    member: Membership | None = getattr(request, "member", None)
    if member is None:
        return context
    return context | {
        "clinic": member.clinic,
        "member": member,
        "can": {can.name: member.can(can) for can in Can},
        "clinics": [(other.clinic.name, f"/c/{other.clinic.slug}/") for other in request.memberships],  # type: ignore[attr-defined]
        "search_url": address(member.clinic, "find"),
        "nav": mark_active(_menu(member), request.path),
    }


def _theme(request: HttpRequest) -> str:
    theme = request.COOKIES.get("theme", "")
    return theme if theme in {"light", "dark"} else ""


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
        NavItem(label, icon, address(member.clinic, view))
        for label, icon, view in (
            ("Prove it", "shield-check", "ledger_proof"),
            ("Trail", "history", "trail"),
            ("Team", "users", "settings_team"),
            ("Practitioners", "stethoscope", "settings_practitioners"),
            ("Locations", "map-pin", "settings_locations"),
            ("Price list", "tag", "settings_prices"),
        )
    )
