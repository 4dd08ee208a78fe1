"""The pages of a clinic as a person asks and sends them."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.test import Client

from clinicpay.clinics.addresses import address
from tests.access.samples import HTMX, Words
from tests.factories import Clinicful


class Desk:
    """Somebody's browser; pages are asked for by their names."""

    def __init__(self, client: Client, home: Clinicful) -> None:
        self.client, self.home = client, home

    def enter(self, who: str) -> "Desk":
        """Sign in."""
        self.client.force_login(self.home.members[who].user)
        return self

    def get(self, name: str, query: str = "", **arguments: Any) -> HttpResponse:
        """Open a page."""
        return self.client.get(address(self.home.clinic, name, **arguments) + query)

    def html(self, name: str, query: str = "", **arguments: Any) -> str:
        """What a page is made of."""
        return self.get(name, query, **arguments).content.decode()

    def words(self, name: str, query: str = "", **arguments: Any) -> str:
        """What a page says."""
        return words(self.get(name, query, **arguments))

    def part(self, name: str, query: str = "", **arguments: Any) -> str:
        """What the part of a page says that htmx asks for."""
        return words(self.client.get(address(self.home.clinic, name, **arguments) + query, headers=HTMX))

    def post(self, name: str, data: dict[str, Any] | None = None, query: str = "", **arguments: Any) -> HttpResponse:
        """Send a form, each time as a new one."""
        form = {"request_key": str(uuid.uuid4()), **(data or {})}
        return self.client.post(address(self.home.clinic, name, **arguments) + query, form)


def words(answer: HttpResponse) -> str:
    """What an answer says."""
    return Words(answer.content.decode()).text
