"""How tests of what needs attention open its groups and read them."""

import re
from uuid import uuid4

from django.test import Client

from tests.followups.pages import browser, text_of

__all__ = ["browser", "listed", "place", "said", "tab", "text_of"]


def place(show: str = "", tail: str = "") -> str:
    """The address of a group."""
    return f"/c/harbor/attention/?show={show}{tail}"


def listed(client: Client, show: str, tail: str = "") -> list[str]:
    """The numbers that a group lists."""
    page = client.get(place(show, tail))
    assert page.status_code == 200
    return re.findall(r"data-open[^>]*>([^<]+)</a>", page.content.decode())


def tab(page: str, label: str) -> str:
    """How many rows the tab of a group says."""
    return re.search(rf'{label} <span class="tabular[^"]*">([^<]+)<', page)[1]


def said(**answers: str) -> dict[str, str]:
    """A form that says what a payment was for."""
    return {"treatment": "", "reason": "", "request_key": str(uuid4())} | answers
