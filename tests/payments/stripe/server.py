"""A server on this machine that answers as Stripe does, from recorded JSON, and remembers what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HANGS_UP, CUT = 0, 299
"""In place of a status: it says nothing more than the bytes, or breaks off within its answer."""

RECORDED = Path(__file__).parent


def recorded(name: str) -> dict[str, Any]:
    """An answer as Stripe gave it."""
    return json.loads((RECORDED / f"{name}.json").read_text())


@dataclass(frozen=True)
class Request:
    """One question that we asked."""

    method: str
    path: str
    given: dict[str, str]
    headers: dict[str, str]


@dataclass
class Shop:
    """What it answers by method and path, and what it was asked; an answer may be a function of what is given."""

    answers: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    url: str = ""

    def says(self, method: str, path: str, answer: Any, status: int = 200) -> None:
        """From now on it answers this."""
        self.answers[method, f"/v1/{path}"] = (status, answer)


@contextmanager
def running() -> Iterator[Shop]:
    """A server while the block lasts."""
    shop = Shop()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            address = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            given = dict(parse_qsl(body or address.query, keep_blank_values=True))
            shop.asked.append(Request(self.command, address.path, given, dict(self.headers)))
            unknown = (404, recorded("error_missing"))
            status, answer = shop.answers.get((self.command, address.path), unknown)
            answer = answer(given) if callable(answer) else answer
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            if status == HANGS_UP:
                self.wfile.write(data)
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data) + (CUT if status == CUT else 0)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _answer

        def log_message(self, *_args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shop.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
