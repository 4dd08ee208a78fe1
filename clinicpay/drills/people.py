"""People at the desk for a drill: they sign in, take payments, and remember what they were told."""

from __future__ import annotations

import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Any

FIELD = re.compile(r'name="([\w-]+)"[^>]*?value="([^"]*)"')
LOCATION = re.compile(r'name="location".*?<option value="(\d+)"', re.DOTALL)
DONE = {200, 302}
PASSWORD = "demo-clinic-pay"  # noqa: S105 - of demo people only
NOBODY = 0
"""The status of a request that no server answered."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, not a way to go."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


@dataclass
class Attempt:
    """One payment that somebody tried to take: its memo, which nothing else has, each answer, what refusals said."""

    memo: str
    path: str
    form: dict[str, str]
    answers: list[int] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    ended: float = 0.0

    @property
    def acknowledged(self) -> bool:
        """Whether the person was shown that it is done."""
        return any(status in DONE for status in self.answers)


class Visitor:
    """Somebody with a browser: it keeps cookies and follows no redirect by itself."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies), _Stay())

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and page; a form is sent with its token."""
        body = urllib.parse.urlencode(form | self._token()).encode() if form is not None else None
        request = urllib.request.Request(self._base + path, body, {"Referer": self._base + path})  # noqa: S310 - loopback
        try:
            with self._opener.open(request, timeout=40) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode(errors="replace")
        except (OSError, HTTPException):
            return NOBODY, ""

    def _token(self) -> dict[str, str]:
        return {"csrfmiddlewaretoken": next((c.value or "" for c in self._cookies if c.name == "csrftoken"), "")}


class Cashier(Visitor):
    """One signed-in person."""

    def __init__(self, port: int, email: str, password: str, clinic: str) -> None:
        super().__init__(port)
        self._clinic = clinic
        self._login = {"login": email, "password": password}
        self._cents = 100
        self.reads: list[tuple[float, int]] = []
        self.attempts: list[Attempt] = []

    def sign_in(self) -> None:
        """By the page, as everybody does."""
        self.ask("/accounts/login/")
        status, _ = self.ask("/accounts/login/", self._login)
        if status != 302:
            raise RuntimeError(f"nobody could sign in: {status}")

    def work(self, until: threading.Event, patient: int) -> None:
        """Look at the form, take a little cash, until told to stop."""
        while not until.is_set():
            status, page = self.ask(f"/c/{self._clinic}/patients/PT-{patient:03}/pay/")
            self.reads.append((time.monotonic(), status))
            if status == 200:
                self._take(f"/c/{self._clinic}/patients/PT-{patient:03}/pay/", page)
            time.sleep(0.2)

    def resend(self) -> None:
        """Press the button again for whatever was not acknowledged: the same form with the same key."""
        for attempt in self.attempts:
            if not attempt.acknowledged:
                self._post(attempt)

    def _take(self, path: str, page: str) -> None:
        form = self.form(page)
        self.attempts.append(Attempt(form["memo"], path, form))
        self._post(self.attempts[-1])

    def form(self, page: str) -> dict[str, str]:
        """What is sent: each time another amount, or the desk would ask whether it was taken twice."""
        fields, place = dict(FIELD.findall(page)), LOCATION.search(page)
        self._cents += 1
        return {
            "request_key": fields["request_key"],
            "location": place[1] if place else "",
            "tender-TOTAL_FORMS": "0",
            "tender-INITIAL_FORMS": "0",
            **{"method": "cash", "amount": f"{self._cents / 100:.2f}", "memo": f"drill-{uuid.uuid4()}"},
        }

    def _post(self, attempt: Attempt) -> None:
        status, page = self.ask(attempt.path, attempt.form)
        attempt.answers.append(status)
        if status not in DONE:
            attempt.refusals.append(page)
        attempt.ended = time.monotonic()


def desk(port: int, size: int) -> list[Cashier]:
    """So many people of a demo clinic, signed in."""
    people = [Cashier(port, "rita@harbor.test", PASSWORD, "harbor") for _ in range(size)]
    for person in people:
        person.sign_in()
    return people


@contextmanager
def at_work(people: list[Cashier]) -> Iterator[None]:
    """They take payments while the block lasts."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=one.work, args=(stop, number), daemon=True) for number, one in enumerate(people, 1)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(45)
