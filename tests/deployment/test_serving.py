"""gunicorn as `gunicorn.conf.py` sets it up, before connections that say nothing, or half of it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from clinicpay.embedded.parts import Part, stop_all
from clinicpay.serving import JUST_COME, LONGEST_BODY
from tests.embedded.test_supervisor import eventually
from tests.ports import server_port

PATIENCE = 120
"""Seconds that only a fault takes."""
PROCESSES = 2
MANY = 8 * PROCESSES
NEVER = ("--timeout", "3600", "--graceful-timeout", "3600")
"""So that nobody is sent away or killed while a test looks: what waits for a silent connection waits for ever."""

MEANWHILE = b"GET /meanwhile HTTP/1.1\r\nHost: here\r\n\r\n"
UPLOAD = b"POST /slow HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
HALF_A_FORM = b"POST /half HTTP/1.1\r\nHost: here\r\ncontent-length:10\r\n\r\n12345"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""What gunicorn says to that once a process has begun with it."""


class Web:
    """gunicorn on a port of its own, with an application that needs no server."""

    def __init__(self, log: Path, *arguments: str, processes: int) -> None:
        self.port, self.log = server_port(), log
        address = ["--bind", f"127.0.0.1:{self.port}", "--no-control-socket", "--workers", str(processes)]
        command = ["gunicorn", "tests.deployment.one_page:application", *address, *arguments]
        self.part = Part("web", command, log=log, environment=os.environ | {"LOG_FORMAT": "json"})
        eventually(lambda: self.told("Booting worker") == processes or not self.is_alive())
        assert self.is_alive(), log.read_text()

    def is_alive(self) -> bool:
        return self.part.watched().is_alive()

    def told(self, words: str) -> int:
        return self.log.read_text().count(words)

    def get(self, path: str = "/", *, patience: float = PATIENCE, body: bytes | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)
        try:
            connection.request("GET" if body is None else "POST", path, body)
            answer = connection.getresponse()
            assert answer.status == 200
            found: dict[str, Any] = json.load(answer)
            return found
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    @contextmanager
    def held(self, saying: bytes, many: int = MANY) -> Iterator[Sequence[socket.socket]]:
        """Connections that say this and then nothing."""
        with ExitStack() as stack:
            callers = [stack.enter_context(self.connect()) for _ in range(many)]
            for caller in callers:
                caller.sendall(saying)
            yield callers


@contextmanager
def starting(folder: Path) -> Iterator[Callable[..., Web]]:
    """Starts web servers; none outlives its test."""
    started: list[Web] = []

    def start(*arguments: str, processes: int = PROCESSES) -> Web:
        started.append(Web(folder / "web.log", *arguments, processes=processes))
        return started[-1]

    try:
        yield start
    finally:
        stop_all([one.part for one in started], patience=0)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Callable[..., Web]]:
    """For tests that want a server of a kind, or end it."""
    with starting(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The server as it is, for those that leave it as it was."""
    with starting(tmp_path_factory.mktemp("web")) as start:
        yield start(*NEVER, "--worker-class", "tests.deployment.one_page.Patient")


def everything(caller: socket.socket) -> bytes:
    return b"".join(iter(lambda: caller.recv(65536), b""))


def is_open(caller: socket.socket) -> bool:
    caller.setblocking(False)
    try:
        return caller.recv(1) != b""
    except BlockingIOError:
        return True


@pytest.mark.parametrize("saying", [b"", b"GET /half HT", b"GET /half HTTP/1.1\r\nHost: here\r\n", HALF_A_FORM])
def test_silent_connections_hold_nobody_else(ours: Web, saying: bytes) -> None:
    with ours.held(saying) as callers:
        answers = [ours.get(f"/{number}") for number in range(10)]

        assert [answer["path"] for answer in answers] == [f"/{number}" for number in range(10)]
        assert all(is_open(caller) for caller in callers)
    assert ours.told("Booting worker") == PROCESSES


def test_gunicorns_own_processes_wait_for_silent_connections(web: Callable[..., Web]) -> None:
    """The control: the same connections, and nobody answers until they are gone."""
    theirs = web(*NEVER, "--worker-class", "sync")

    with theirs.held(b""), pytest.raises(TimeoutError):
        theirs.get(patience=1)

    assert theirs.get()["path"] == "/"


def test_request_in_pieces_is_answered_as_soon_as_it_is_whole(ours: Web) -> None:
    pieces = [b"PO", b"ST /slow HTTP/1.1\r", b"\nHost: here\r\nContent-Length: 10\r\n\r"]

    with ours.connect() as caller:
        for piece in pieces:
            assert ours.get("/meanwhile")["path"] == "/meanwhile"
            caller.sendall(piece)
        caller.sendall(b"\n12345")
        assert ours.get("/meanwhile")["path"] == "/meanwhile"
        caller.sendall(b"67890")
        answer = everything(caller)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    page = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (page["path"], page["sent"]) == ("/slow", 10)


@pytest.mark.parametrize("size", [0, 1, LONGEST_BODY, LONGEST_BODY + 1, 3_000_000])
def test_what_is_sent_arrives_whole(ours: Web, size: int) -> None:
    assert ours.get("/upload", body=b"\n" * size)["sent"] == size


@pytest.mark.parametrize(
    ("saying", "status"),
    [
        (b"\n", b"400 Bad Request"),
        (b"GET /\n\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nHost: here\n\n", b"400 Bad Request"),
        (b"GET /" + b"long" * 2_000 + b" HTTP/1.1\r\n\r\n", b"414 URI Too Long"),
        (b"GET /" + b"long" * 20_000, b"431 Request Header Fields Too Large"),
        (b"GET / HTTP/1.1\r\n" + b"X: " + b"long" * 20_000, b"431 Request Header Fields Too Large"),
    ],
)
def test_what_becomes_no_request_is_refused_at_once(ours: Web, saying: bytes, status: bytes) -> None:
    with ours.connect() as caller:
        caller.sendall(saying)

        assert everything(caller).startswith(b"HTTP/1.1 " + status)
    assert ours.get()["path"] == "/"
    assert ours.told("Booting worker") == PROCESSES
    assert ours.told('"level": "error"') == 0, ours.log.read_text()


def test_who_hangs_up_is_forgotten(ours: Web) -> None:
    with ours.held(b""), ours.held(b"GET /half HT"):
        pass

    assert ours.get()["path"] == "/"
    assert ours.told('"level": "error"') == 0, ours.log.read_text()


def test_who_says_nothing_for_long_is_sent_away(web: Callable[..., Web]) -> None:
    hasty = web(*NEVER, "--worker-class", "tests.deployment.one_page.Hasty")

    with hasty.held(b"") as callers:
        assert {everything(caller) for caller in callers} == {b""}
    assert hasty.told("Booting worker") == PROCESSES


def test_oldest_makes_room_when_too_many_say_nothing(web: Callable[..., Web]) -> None:
    cramped = web(*NEVER, "--worker-class", "tests.deployment.one_page.Cramped", processes=1)

    with cramped.held(b"", 5) as callers:
        assert cramped.get()["path"] == "/"  # behind those five, so it has seen them all
        assert {everything(caller) for caller in callers[:3]} == {b""}
        assert is_open(callers[4])


def test_process_that_may_open_no_more_sends_silent_ones_away(web: Callable[..., Web]) -> None:
    poor = web(*NEVER, "--worker-class", "tests.deployment.one_page.Poor", processes=1)
    process = poor.get()["process"]

    with poor.held(b"", 10):
        assert poor.get()["process"] == process
    assert poor.told('"level": "error"') == 0, poor.log.read_text()


@pytest.mark.parametrize("request_to_end", [signal.SIGTERM, signal.SIGINT])
def test_silent_connections_delay_no_end(web: Callable[..., Web], request_to_end: signal.Signals) -> None:
    ours = web(*NEVER, processes=1)

    with ours.held(b""), ours.held(b"GET /half HT"):
        assert ours.get()["path"] == "/"
        os.kill(ours.part.pid, request_to_end)

        eventually(lambda: not ours.is_alive())


def test_process_that_ends_answers_who_has_asked_meanwhile(web: Callable[..., Web]) -> None:
    ours = web(*NEVER, processes=1)
    process = ours.get()["process"]

    with ours.held(b"GET /last HTTP/1.1\r\n", 3) as callers:
        assert ours.get()["process"] == process  # behind those three, so it has them by now
        os.kill(process, signal.SIGSTOP)
        for caller in callers:
            caller.sendall(b"Host: here\r\n\r\n")
        os.kill(process, signal.SIGTERM)
        os.kill(process, signal.SIGCONT)

        assert [f'"process": {process}'.encode() in everything(caller) for caller in callers] == [True] * 3
    assert ours.get()["process"] != process


def test_who_asks_while_others_are_answered_is_not_sent_away(web: Callable[..., Web]) -> None:
    """The process hears only after the answer that it has waited too long for one who asked during it."""
    ours = web(*NEVER, "--worker-class", "tests.deployment.one_page.Tired", processes=1)

    with ours.connect() as waiting, ours.connect() as slow:
        slow.sendall(UPLOAD)
        assert slow.recv(65536) == CONTINUE  # behind the other, so it has that by now
        waiting.sendall(MEANWHILE)
        slow.sendall(b"body")

        assert b'"sent": 4' in everything(slow)
        slow.close()
        assert b"/meanwhile" in everything(waiting)


def test_oldest_that_has_asked_makes_no_room(web: Callable[..., Web]) -> None:
    ours = web(*NEVER, "--worker-class", "tests.deployment.one_page.Cramped", processes=1)
    process = ours.get()["process"]

    with ours.held(b"", 2) as callers:
        os.kill(process, signal.SIGSTOP)
        with ours.connect() as slow:
            slow.sendall(UPLOAD)  # before it is accepted, so that it needs no room
            os.kill(process, signal.SIGCONT)
            assert slow.recv(65536) == CONTINUE
            with ours.connect():  # one too many
                callers[0].sendall(MEANWHILE)
                slow.sendall(b"body")

                assert b'"sent": 4' in everything(slow)
                slow.close()
                assert b"/meanwhile" in everything(callers[0])


def test_process_that_ends_answers_who_asks_while_it_answers_others(web: Callable[..., Web]) -> None:
    ours = web(*NEVER, processes=1)
    process = ours.get()["process"]

    with ours.held(b"", 3) as (first, second, waiting):
        assert ours.get()["process"] == process  # behind those three, so it has them by now
        time.sleep(JUST_COME)
        first.sendall(UPLOAD)
        assert first.recv(65536) == CONTINUE
        os.kill(process, signal.SIGTERM)
        second.sendall(UPLOAD)
        first.sendall(b"body")
        assert b'"sent": 4' in everything(first)
        first.close()
        assert second.recv(65536) == CONTINUE
        waiting.sendall(MEANWHILE)
        second.sendall(b"body")
        assert b'"sent": 4' in everything(second)
        second.close()

        assert f'"process": {process}'.encode() in everything(waiting)


def test_processes_are_replaced_and_every_request_is_answered(web: Callable[..., Web]) -> None:
    ours = web(*NEVER, "--max-requests", "2", "--max-requests-jitter", "0")

    with ours.held(b""):
        processes = {ours.get()["process"] for _ in range(12)}

    assert len(processes) >= 6
