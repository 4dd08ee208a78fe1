"""A member's own views of lists: kept, shown above the list, renamed, removed.

A view is an address's query and nothing else, so one whose filter no longer exists opens the list without it.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.db import transaction
from django.http import QueryDict

from clinicpay.audit.services import record
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused, require
from clinicpay.staff.models import Membership, SavedView, User
from clinicpay.staff.roles import Can
from clinicpay.ui.paging import CURSORS

LISTS: dict[str, Can] = {
    "patients": Can.SEE_PATIENTS,
    "treatments": Can.SEE_TREATMENTS,
    "packages": Can.SEE_MONEY,
    "payments": Can.SEE_MONEY,
    "refunds": Can.SEE_MONEY,
    "pre_payments": Can.SEE_MONEY,
    "transactions": Can.SEE_MONEY,
    "plans": Can.SEE_MONEY,
    "attention": Can.SEE_MONEY,
    "follow_ups": Can.FOLLOW_UP,
}
"""Lists of which views can be kept, by URL name, and who sees each. A new list is added here."""

UNKEPT = {*CURSORS, "per"}
"""What an address says of the place in the list, not of what is listed."""

MOST = 12
"""Views of one list that one member keeps: more would not fit above it."""


PARTS = {"payments"}
"""Parts of pages that remember whether they stand open: the charts over the payments."""


class Tab(NamedTuple):
    """One view as a list shows it."""

    view: SavedView
    url: str
    current: bool


class Views(NamedTuple):
    """What stands above a list: the member's views, the one that is open, and what could be kept."""

    page: str
    all_url: str
    tabs: list[Tab]
    query: str

    @property
    def current(self) -> Tab | None:
        """The view that is open."""
        return next((tab for tab in self.tabs if tab.current), None)


def plain_query(text: str) -> str:
    """Filters and order in one spelling, without the place in the list: equal views have equal queries."""
    if not text:
        return ""
    params = QueryDict(text)
    kept = sorted((name, value) for name in params for value in params.getlist(name) if name not in UNKEPT and value)
    result = QueryDict(mutable=True)
    for name, value in kept:
        result.appendlist(name, value)
    return result.urlencode()


def views_of(member: Membership, name: str, query: str, saved: Callable[[], Iterable[SavedView]]) -> Views | None:
    """The member's views of a list, for the page that shows it with this query; None where none can be kept."""
    if name not in LISTS:
        return None
    here, base = plain_query(query), address(member.clinic, name)
    tabs = [Tab(view, f"{base}?{view.query}", view.query == here) for view in saved()]
    return Views(name, base, tabs, here)


@transaction.atomic
def save_view(member: Membership, *, name: str, query: str, page: str) -> SavedView:
    """Keep a list's filters under a name; the same name again keeps the new ones instead."""
    require(member, LISTS[page])
    mine = SavedView.objects.filter(member=member, page=page)
    if mine.exclude(name=name).count() >= MOST:
        raise Refusal(f"You keep {MOST} views of this list already. Remove one first.")
    view, _ = mine.update_or_create(
        name=name, defaults={"query": plain_query(query)}, create_defaults=_fresh(member, page, name, query)
    )
    record("view.saved", view, by=member, after={"page": page, "name": name, "query": view.query})
    return view


def _fresh(member: Membership, page: str, name: str, query: str) -> dict[str, Any]:
    return {"member": member, "page": page, "name": name, "query": plain_query(query)}


@transaction.atomic
def rename_view(view: SavedView, *, by: Membership, name: str) -> SavedView:
    """Give one's own view another name. Raises Refusal when that is taken."""
    _own(view, by)
    if SavedView.objects.filter(member=by, page=view.page, name=name).exclude(pk=view.pk).exists():
        raise Refusal(f"You have a view “{name}” of this list already.")
    before, view.name = view.name, name
    view.save(update_fields=["name"])
    record("view.renamed", view, by=by, before={"name": before}, after={"name": name})
    return view


@transaction.atomic
def remove_view(view: SavedView, *, by: Membership) -> None:
    """Remove one's own view; the list is as it was."""
    _own(view, by)
    record("view.removed", view, by=by, before={"page": view.page, "name": view.name, "query": view.query})
    view.delete()


def keep_open(user: User, part: str, *, wanted: bool) -> None:
    """Remember for this person whether a part of a page stands open; it is theirs alone, so the trail says nothing."""
    if part in PARTS:
        others = [name for name in user.unfolded.split() if name.removeprefix("-") != part]
        user.unfolded = " ".join([*others, part if wanted else f"-{part}"])
        user.save(update_fields=["unfolded"])


def _own(view: SavedView, by: Membership) -> None:
    if view.member_id != by.pk:
        raise Refused(LISTS.get(view.page, Can.ENTER))
