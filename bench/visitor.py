"""Somebody who has signed in, as the requests of a browser."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client

from clinicpay.staff.models import User

SECRET = "b" * 32
"""Of the CSRF cookie; any will do that the form repeats."""


@dataclass(frozen=True)
class Visitor:
    """The owner of a clinic at a browser."""

    slug: str
    session: str

    @classmethod
    def of(cls, slug: str) -> "Visitor":
        """Sign in."""
        client = Client()
        client.force_login(User.objects.get(email=f"owner@{slug}.test"))
        return cls(slug, client.cookies[settings.SESSION_COOKIE_NAME].value)

    def get(self, path: str) -> bytes:
        """The request for a page."""
        return self._request("GET", path)

    def post(self, path: str, **fields: object) -> bytes:
        """The request that sends a form."""
        body = urlencode(fields | {"csrfmiddlewaretoken": SECRET}).encode()
        kind = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        return self._request("POST", path, kind) + body

    def _request(self, verb: str, path: str, headers: str = "") -> bytes:
        cookies = f"{settings.SESSION_COOKIE_NAME}={self.session}; {settings.CSRF_COOKIE_NAME}={SECRET}"
        return f"{verb} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n{headers}\r\n".encode()
