"""People at the desk for a drill: they sign in, take payments, and remember what they were told."""

from __future__ import annotations

import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Any

FIELD = re.compile(r'name="([\w-]+)"[^>]*?value="([^"]*)"')
LOCATION = re.compile(r'name="location".*?<option value="(\d+)"', re.DOTALL)
NOBODY = 0
"""The status of a request that no server answered."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, not a way to go."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


@dataclass
class Attempt:
    """One payment that somebody tried to take: its memo, which nothing else has, and each answer with its time."""

    memo: str
    path: str
    form: dict[str, str]
    answers: list[int] = field(default_factory=list)
    ended: float = 0.0

    @property
    def acknowledged(self) -> bool:
        """Whether the person was shown that it is done."""
        return any(status in {200, 302} for status in self.answers)


class Cashier:
    """One signed-in person."""

    def __init__(self, port: int, email: str, password: str, clinic: str) -> None:
        self._base, self._clinic = f"http://127.0.0.1:{port}", clinic
        self._login = {"login": email, "password": password}
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies), _Stay())
        self.reads: list[tuple[float, int]] = []
        self.attempts: list[Attempt] = []

    def sign_in(self) -> None:
        """By the page, as everybody does."""
        self._send("/accounts/login/")
        status, _ = self._send("/accounts/login/", self._login | self._token())
        if status != 302:
            raise RuntimeError(f"nobody could sign in: {status}")

    def work(self, until: threading.Event, patient: int) -> None:
        """Look at a list, take one unit of cash, until told to stop."""
        while not until.is_set():
            status, page = self._send(f"/c/{self._clinic}/patients/PT-{patient:03}/pay/")
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
        fields, place = dict(FIELD.findall(page)), LOCATION.search(page)
        memo = f"drill-{uuid.uuid4()}"
        form = {
            "request_key": fields["request_key"],
            "location": place[1] if place else "",
            "tender-TOTAL_FORMS": "0",
            "tender-INITIAL_FORMS": "0",
            **{"method": "cash", "amount": "1.00", "memo": memo},
        }
        self.attempts.append(Attempt(memo, path, form))
        self._post(self.attempts[-1])

    def _post(self, attempt: Attempt) -> None:
        status, _ = self._send(attempt.path, attempt.form | self._token())
        attempt.answers.append(status)
        attempt.ended = time.monotonic()

    def _token(self) -> dict[str, str]:
        return {"csrfmiddlewaretoken": next((c.value or "" for c in self._cookies if c.name == "csrftoken"), "")}

    def _send(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        body = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self._base + path, body, {"Referer": self._base + path})  # noqa: S310 - loopback
        try:
            with self._opener.open(request, timeout=40) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode(errors="replace")
        except (OSError, HTTPException):
            return NOBODY, ""
