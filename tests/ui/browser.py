"""A browser over pages that are rendered here: no server and no database behind it."""

import mimetypes
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from tests.browsing import opened, window

HOST = "http://clinic.test"
STATIC = Path(settings.BASE_DIR) / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'"
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Desk:
    """Pages by path (their HTML, or a function of the request), and what the console said."""

    def __init__(self, browser):
        self.browser, self.pages, self.complaints, self.asked = browser, {}, [], []

    def open(self, path, *, phone=False, dark=False, trusted=False):
        context = window(
            self.browser,
            viewport={"width": 390, "height": 844} if phone else {"width": 1366, "height": 768},
            color_scheme="dark" if dark else "light",
            bypass_csp=trusted,
            permissions=["clipboard-write"],
        )
        context.route("**/*", self._answer)
        page = opened(context)
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.goto(HOST + path)
        return page

    def _note(self, kind, text):
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    def _answer(self, route):
        request = route.request
        path = urlsplit(request.url).path
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            route.fulfill(body=file.read_bytes(), content_type=kind)
            return
        self.asked.append((request.method, request.url.removeprefix(HOST)))
        page = self.pages.get(path)
        if page is None:
            route.fulfill(status=404, body="")
            return
        answer = page(request) if callable(page) else {"body": page}
        headers = {"Content-Security-Policy": POLICY, **answer.pop("headers", {})}
        route.fulfill(content_type="text/html", headers=headers, **answer)


@pytest.fixture
def desk(chromium):
    desk = Desk(chromium)
    yield desk
    for context in chromium.contexts:
        context.unroute_all(behavior="ignoreErrors")  # what is asked for still is nobody's
        context.close()
