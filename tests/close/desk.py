"""The pages of the daily close as a person asks and sends them."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.test import Client

from clinicpay.clinics.addresses import address
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.queries.sheet import facts_of
from tests.access.samples import Words
from tests.factories import Clinicful


class Desk:
    """Somebody's browser on one day of the clinic's location: the status and the words of each answer."""

    def __init__(self, client: Client, home: Clinicful, day: Any) -> None:
        self.client, self.home, self.day = client, home, day
        self.html = ""

    def enter(self, who: str) -> "Desk":
        """Sign in."""
        self.client.force_login(self.home.members[who].user)
        return self

    def at(self, name: str, **more: Any) -> str:
        """The address of a page of the day, or of one that is about none."""
        about = (
            {}
            if name in {"close_days", "close_proof", "settings_day"}
            else {"location": self.home.location.pk, "day": self.day}
        )
        return address(self.home.clinic, name, **(about | more))

    def get(self, name: str, query: str = "", **more: Any) -> tuple[int, str]:
        """Open a page."""
        return self._read(self.client.get(self.at(name, **more) + query))

    def post(self, name: str, data: dict[str, Any] | None = None, **more: Any) -> tuple[int, str]:
        """Send a form and follow where it leads."""
        form = {"request_key": str(uuid.uuid4()), **(data or {})}
        return self._read(self.client.post(self.at(name, **more), form, follow=True))

    def seen(self) -> str:
        """The mark of the day as its page shows it now."""
        with clinic_scope(self.home.clinic):
            return facts_of(self.home.clinic, self.home.location, self.day).seal

    def count(self, pieces: dict[int, Any], **more: Any) -> tuple[int, str]:
        """Count the drawer; `pieces` by minor units."""
        form = {f"n_{value}": str(number) for value, number in pieces.items()}
        return self.post("close_count", form | {"opening": "0", "kept": "0"} | more)

    def close(self, **reasons: str) -> tuple[int, str]:
        """Close the day as it is shown."""
        return self.post("close_act", {"seen": self.seen(), **reasons})

    def _read(self, answer: HttpResponse) -> tuple[int, str]:
        self.html = answer.getvalue().decode(errors="replace")
        return answer.status_code, Words(self.html).text
