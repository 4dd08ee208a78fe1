"""The menu, built per role by the caller and drawn by templates/base.html."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache


@dataclass(frozen=True, eq=False)
class NavItem:
    """One entry of the menu; one with `children` opens a list of them.

    `key` is the letter that opens it after "g"; `badge` is a count that waits for somebody. A child may
    belong to a `section`, whose name stands above the first of it. `alone` is its very address only, not those below.
    `also` are addresses elsewhere whose pages belong to it. Equal to itself alone, as a menu and its drawing are kept.
    """

    label: str
    icon: str = ""
    url: str = ""
    active: bool = False
    children: tuple["NavItem", ...] = field(default=())
    badge: int = 0
    key: str = ""
    badge_label: str = "waiting"
    section: str = ""
    alone: bool = False
    also: tuple[str, ...] = ()

    @property
    def sections(self) -> int:
        """Under how many names its children stand; 0 when they have none."""
        return len({child.section for child in self.children} - {""})


def mark_active(items: Iterable[NavItem], path: str) -> tuple[NavItem, ...]:
    """The items with the one whose address is the longest beginning of `path` made active."""
    items = tuple(items)
    entries = [item for parent in items for item in (parent, *parent.children) if item.url]
    found = [item.url for item in entries if (path == item.url if item.alone else path.startswith(item.url))]
    found += [url for item in entries for url in item.also if path.startswith(url)]
    return _all_marked(items, max(found, key=len, default=None))


@lru_cache(maxsize=512)
def _all_marked(items: tuple[NavItem, ...], best: str | None) -> tuple[NavItem, ...]:
    return tuple(_marked(item, best) for item in items)


def _marked(item: NavItem, best: str | None) -> NavItem:
    children = tuple(_marked(child, best) for child in item.children)
    own = best is not None and best in (item.url, *item.also)
    active = own or any(child.active for child in children)
    return replace(item, children=children, active=active)
