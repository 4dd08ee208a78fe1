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
    "ac:payer": lambda world: world.payer,
    "pt:number": lambda world: world.patient,
    "te:number": lambda world: world.planned,
    "pay:number": lambda world: world.payment,
    "inv:number": lambda world: world.invoice,
    "rcp:number": lambda world: world.receipt,
    "day:day": lambda world: world.day,
    "slug:check": lambda _world: "K5",
    "ex:number": lambda world: world.newest_export(),
    "bs:number": lambda world: world.slip,
    "rf:number": lambda world: world.newest_refund(),
    "wo:number": lambda world: world.newest_write_off(),
    "int:delegation": lambda world: world.newest_delegation().pk,
    "tp:number": lambda world: world.newest_package(),
    "pl:number": lambda world: world.newest_plan(),
    "run:number": lambda world: world.newest_run(),
    "st:number": lambda world: world.newest_statement(),
    "sr:number": lambda world: world.newest_batch(),
    "str:section": lambda _world: "team",
    "int:document": lambda world: world.document.pk,
    "int:entry": lambda world: world.allocation.pk,
    "int:held": lambda world: world.held.pk,
    "int:check": lambda world: world.check.pk,
    "int:saved": lambda world: world.view.pk,
    "int:member": lambda world: world.home.bill.pk,
    "int:invitation": lambda world: world.newest_invitation().pk,
    "int:session": lambda _world: 1,
    "int:practitioner": lambda world: world.home.practitioner.pk,
    "int:location": lambda world: world.location.pk,
    "int:price": lambda world: world.price.pk,
    "slug:key": lambda _world: "two-clinics",
    "slug:party": lambda _world: "insurance",
    "str:token": lambda world: world.canary,
    "slug:gateway": lambda _world: "stripe",
    "slug:session": lambda _world: "cs_sim_none",
    "int:promise": lambda world: world.newest_promise().pk,
    "int:task": lambda world: world.task.pk,
    "str:uidb36": lambda _world: "1",
    "str:key": lambda _world: "set-password",
}
"""What stands for `<kind:argument>` of a route."""

OF_PAGE: dict[str, dict[str, Callable[[World], Any]]] = {
    "payment_edit": {"number": lambda world: world.asked},
    "deposit_undo": {"entry": lambda world: world.reconciled.pk},
    **{
        name: {"number": lambda world: world.credited.charge.invoice, "entry": lambda world: world.credited.pk}
        for name in ("credit_reverse", "credit_reverse_follow_up")
    },
    **{name: {"day": lambda world: world.open_day} for name in ("close_review", "close_count", "close_act")},
    **{name: {"task": lambda world: world.abroad().pk} for name in ("gateway_task_book", "gateway_task_return")},
}
"""Pages whose row must stand otherwise than the sample does: what is edited is not paid yet."""
ABOUT: dict[str, Callable[[World], Any]] = {
    **dict.fromkeys(("payment_hold", "hold_change", "hold_release"), lambda world: world.held.payment),
    "payment_return": lambda world: world.charged(),
    "link_make": lambda world: world.draft,
    **dict.fromkeys(("account_edit", "pay_for_account"), lambda world: world.payer),
    **dict.fromkeys(
        ("treatment_bill", "treatment_not_billed", "treatment_bill_follow_up"), lambda world: world.void.event
    ),
    **dict.fromkeys(("event_review", "event_confirm"), lambda world: world.reviewed()),
    "write_off_new": lambda world: world.debtor,
    "event_flag": lambda world: world.owing(),
    "invoice_recover": lambda world: world.given_up(),
    "link_revoke": lambda world: world.linked,
    "link_send": lambda world: world.linked,
    **dict.fromkeys(
        ("deposit_run", "deposit_run_progress", "deposit_run_stop", "deposit_run_again"),
        lambda world: world.newest_reconciliation(),
    ),
}
"""Addresses that need another row than the sample of their argument."""

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
        argument.split(":")[1]: _sample(one, argument)(clinic if argument == "slug:slug" else rows or clinic)
        for argument in arguments(one)
    }
    if one.name in ABOUT:
        values["number"] = ABOUT[one.name](rows or clinic)
    return reverse(one.name, kwargs=values | {name: value for name, value in instead.items() if name in values})


def _sample(one: Address, argument: str) -> Callable[[World], Any]:
    return OF_PAGE.get(one.name, {}).get(argument.split(":")[1], SAMPLES[argument])


def takes_rows(one: Address) -> bool:
    """Whether the address names a row of the clinic."""
    return not set(arguments(one)) <= {"slug:slug", "slug:key", "slug:party", "str:section"}


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
    if path.endswith((".pdf", ".zip")):
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
