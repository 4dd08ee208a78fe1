"""Every address of the project, with sample arguments, for every kind of person.

A new path argument needs a sample here; until then the matrix fails and names the address.
"""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from clinicpay.staff.access import View
from clinicpay.staff.checks import OTHERS, Address, addresses
from clinicpay.staff.roles import Can, Role, may
from tests.factories import PEOPLE
from tests.worlds import World

SAMPLES: dict[str, Callable[[World], Any]] = {
    "slug:slug": lambda world: world.slug,
    "ac:number": lambda world: world.account,
    "pt:number": lambda world: world.patient,
    "te:number": lambda world: world.planned,
    "pay:number": lambda world: world.payment,
    "inv:number": lambda world: world.invoice,
    "rcp:number": lambda world: world.receipt,
    "str:section": lambda _world: "team",
    "int:entry": lambda world: world.allocation.pk,
    "int:saved": lambda world: world.view.pk,
    "int:practitioner": lambda world: world.home.practitioner.pk,
    "int:location": lambda world: world.location.pk,
    "int:price": lambda world: world.price.pk,
    "slug:key": lambda _world: "two-clinics",
    "str:token": lambda world: world.canary,
    "str:uidb36": lambda _world: "1",
    "str:key": lambda _world: "set-password",
}
"""What stands for `<kind:argument>` of a route."""

_ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")
HTMX = {"HX-Request": "true"}

ALL = list(addresses())
IN_CLINIC = [one for one in ALL if one.in_clinic]
OURS = [one for one in ALL if not one.view.__module__.startswith(OTHERS)]


def named(one: Address) -> str:
    """The name under which a test of this address is reported."""
    return one.name or one.route


def arguments(one: Address) -> list[str]:
    """The arguments of a route as `kind:name`, such as `pt:number`."""
    return [f"{kind or 'str'}:{name}" for kind, name in _ARGUMENT.findall(one.route)]


def path_of(one: Address, clinic: World, rows: World | None = None, **instead: Any) -> str:
    """The address in one clinic, naming rows of the same or of another one; `instead` are other arguments."""
    values = {
        argument.split(":")[1]: SAMPLES[argument](clinic if argument == "slug:slug" else rows or clinic)
        for argument in arguments(one)
    }
    return reverse(one.name, kwargs=values | {name: value for name, value in instead.items() if name in values})


def takes_rows(one: Address) -> bool:
    """Whether the address names a row of the clinic."""
    return not set(arguments(one)) <= {"slug:slug", "slug:key", "str:section"}


def who_of(can: Can) -> set[str]:
    """The people of a factory clinic whose role is allowed an act."""
    return {who for who, role in PEOPLE.items() if may(Role(role), can)}


def right(view: View, method: str) -> Can:
    """What the mark of a clinic's view asks for."""
    on_get, on_post = view.allowed  # type: ignore[attr-defined]
    return on_post if method == "post" else on_get


def three_ways(client: Client, path: str) -> Iterator[tuple[str, HttpResponse]]:
    """A page load, a part for htmx, and an empty form; a document, which takes a second, is only loaded."""
    yield "get", client.get(path)
    if path.endswith(".pdf"):
        return
    yield "htmx", client.get(path, headers=HTMX)
    yield "post", client.post(path)


def body_of(response: HttpResponse) -> str:
    """What was sent, headers included."""
    return f"{response.headers}\n{response.getvalue().decode(errors='replace')}"


class Words(HTMLParser):
    """What people, screen readers and scripts are given of a page: its texts and its attributes' values."""

    SHOWN = ("value", "title", "placeholder", "aria-label", "alt", "content")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Attributes that are shown, and all data-… ones."""
        shown = [value or "" for name, value in attrs if name in self.SHOWN or name.startswith("data-")]
        if tag != "meta":
            self.parts += shown

    @property
    def text(self) -> str:
        """Everything, with single spaces."""
        return " ".join(" ".join(self.parts).split())
