"""A browser without scripts, as far as refunds need one: it fills in forms and sends what stands in them."""

from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse
from django.test import Client

from clinicpay.clinics.scope import clinic_scope
from tests.factories import Clinicful

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def browser(home: Clinicful, who: str) -> Client:
    """Where one of the clinic's people has signed in."""
    client = Client()
    client.force_login(getattr(home, who).user, backend=BACKEND)
    return client


def acting(home: Clinicful, who: str) -> Any:
    """The scope in which one of them acts, as the pages enter it."""
    return clinic_scope(home.clinic, getattr(home, who).user)


class Page(HTMLParser):
    """What a form of a page would send, its buttons, and the words of the page."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.buttons: list[str] = []
        self.options: dict[str, list[str]] = {}
        self._words: list[str] = []
        self._select = ""
        self._in_button = False
        self.html = response.content.decode()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Inputs with their values; of boxes only those that are ticked."""
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "input" and name and name != "q":
            box = found.get("type") in {"radio", "checkbox"}
            if not box or "checked" in found:
                self.fields[name] = found.get("value", "on" if box else "")
        elif tag == "select":
            self._select = name
        elif tag == "option":
            self.options.setdefault(self._select, []).append(found.get("value", ""))
            if "selected" in found:
                self.fields[self._select] = found["value"]
        elif tag == "textarea":
            self.fields.setdefault(name, "")
        self._in_button = tag == "button"

    def handle_data(self, data: str) -> None:
        """Words of the page, and apart from them of its buttons."""
        self._words.append(data)
        if self._in_button and data.strip():
            self.buttons.append(data.strip())

    def handle_endtag(self, tag: str) -> None:
        """A button ends."""
        self._in_button = False

    @property
    def text(self) -> str:
        """Everything, with single spaces."""
        return " ".join(" ".join(self._words).split())


class Refunding:
    """One person at the refund form of one payment."""

    def __init__(self, home: Clinicful, who: str, payment: str = "PAY-001", page: str = "refund") -> None:
        self.client = browser(home, who)
        self.path = f"/c/{home.clinic.slug}/payments/{payment}/{page}/"
        self.page = Page(self.client.get(self.path))

    def send(self, step: str, **changed: str) -> HttpResponse:
        """Send the page's form as it stands, with `changed` fields and the button of a step."""
        fields = {**self.page.fields, **changed, "step": step}
        self.answer = self.client.post(self.path, {name: value for name, value in fields.items() if value != "∅"})
        if self.answer.status_code in {200, 422}:
            self.page = Page(self.answer)
        return self.answer

    def review(self, amount: str = "", reason: str = "other", **changed: str) -> "Refunding":
        """To the summary: a partial refund of `amount`, or a full one."""
        kind = {"kind": "partial", "amount": amount} if amount else {"kind": "full"}
        self.send("review", reason=reason, **kind, **changed)
        return self

    def confirm(self, **forged: str) -> HttpResponse:
        """Press the button of the summary."""
        return self.send("confirm", **forged)


def refunded(home: Clinicful, who: str, amount: str = "", payment: str = "PAY-001", **chosen: str) -> HttpResponse:
    """Both steps."""
    return Refunding(home, who, payment).review(amount, **chosen).confirm()


def act_on(home: Clinicful, who: str, refund: str, act: str, **fields: str) -> HttpResponse:
    """Open the page of an act on a refund, and send it."""
    client, path = browser(home, who), f"/c/{home.clinic.slug}/refunds/{refund}/{act}/"
    opened = client.get(path)
    if opened.status_code != 200:
        return opened
    return client.post(path, {**Page(opened).fields, **fields})
