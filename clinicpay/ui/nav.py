"""The menu, built per role by the caller and drawn by templates/base.html."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class NavItem:
    """One entry of the menu; one with `children` opens a list of them.

    `key` is the letter that opens it after "g"; `badge` is a count that waits for somebody.
    """

    label: str
    icon: str = ""
    url: str = ""
    active: bool = False
    children: tuple["NavItem", ...] = field(default=())
    badge: int = 0
    key: str = ""
    badge_label: str = "waiting"


def mark_active(items: Iterable[NavItem], path: str) -> list[NavItem]:
    """The items with the one whose address is the longest beginning of `path` made active."""
    items = list(items)
    addresses = [item.url for parent in items for item in (parent, *parent.children) if item.url]
    best = max((url for url in addresses if path.startswith(url)), key=len, default=None)
    return [_marked(item, best) for item in items]


def _marked(item: NavItem, best: str | None) -> NavItem:
    children = tuple(_marked(child, best) for child in item.children)
    active = (best is not None and item.url == best) or any(child.active for child in children)
    return replace(item, children=children, active=active)
