"""A web process: gunicorn's `sync`, in which a connection takes its turn when its request has come.

By itself `sync` accepts a connection and waits for what it will say. A browser opens spare ones that say nothing, and
each would hold a process until that is killed. Here they wait aside, as before a proxy that buffers. All else is as it
was: one request at a time, on one thread, in a process that is replaced when a request takes longer than `timeout`.
"""

from __future__ import annotations

import errno
import os
import re
import selectors
import socket
import time
from typing import Any

from gunicorn.http.errors import InvalidHeader, LimitRequestHeaders
from gunicorn.util import close_graceful
from gunicorn.workers.sync import SyncWorker

LONGEST_HEAD = 65_536
"""Bytes of a head after which it is refused; those of browsers are a tenth of it."""
LONGEST_BODY = 65_536
"""Bytes of a body for which a connection waits: a form. A longer one, which is a file, is read by who answers."""
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
ASKS_FIRST = re.compile(rb"\r\nexpect:", re.IGNORECASE)
"""Who sends that sends no body before it has an answer."""
AT_A_TIME = 8_192
"""Bytes that are read while a connection waits, as gunicorn reads them."""
AT_ONCE = 0.02
"""Seconds that a new connection has to speak first. Nearly all do at once, so a request waits for no other that this
process took meanwhile, while the next process has time."""
JUST_COME = 0.5
"""Seconds for which a process that ends still waits for whom it accepted last."""
NO_MORE = (errno.EMFILE, errno.ENFILE)
"""What accepting a connection says when this process, or the machine, has as many open as it may."""
OUT_OF_BREATH = 0.1
"""Seconds until it is asked again where no connection waits that could be sent away."""


class Caller(socket.socket):
    """An accepted connection. What was read while it waited is read again by whoever answers."""

    def __init__(self, accepted: socket.socket, address: Any, listener: Any) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.address, self.listener, self.since = address, listener, time.monotonic()
        self._read = bytearray()
        self._whole = 0  # bytes of the request, once its head is there
        self.refusal: Exception | None = None

    def has_asked(self, *, within: float = 0) -> bool:
        """Whether its request is there, or is not going to be: it has hung up, or there is a refusal."""
        until = time.monotonic() + within
        while True:
            self.settimeout(max(0.0, until - time.monotonic()))
            try:
                more = super().recv(AT_A_TIME)
            except (BlockingIOError, TimeoutError):
                return False
            except OSError:
                more = b""
            if not more or self._hears(more):
                return True

    def _hears(self, more: bytes) -> bool:
        """Whether the request is whole with this, or refused."""
        begin = max(0, len(self._read) - 3)
        self._read += more
        if not self._whole and (end := self._read.find(b"\r\n\r\n", begin)) >= 0:
            self._whole = end + 4 + _body_after(bytes(self._read[: end + 4]))
        if self._whole:
            return len(self._read) >= self._whole
        if len(self._read) > LONGEST_HEAD:
            self._read.clear()
            self.refusal = LimitRequestHeaders("longer than any of a browser")
        elif self._read.count(b"\n") != self._read.count(b"\r\n"):
            self.refusal = InvalidHeader("a line that does not end with CRLF")
        return self.refusal is not None

    def recv(self, size: int, flags: int = 0) -> bytes:
        """What was read while it waited, and then what comes."""
        if not self._read:
            return super().recv(size, flags)
        piece = bytes(self._read[:size])
        del self._read[:size]
        return piece


def _body_after(head: bytes) -> int:
    """Bytes for which a connection waits after this head. What is worth refusing in it, gunicorn refuses."""
    length = LENGTH.search(head)
    if length is None or ASKS_FIRST.search(head):
        return 0
    return size if (size := int(length[1])) <= LONGEST_BODY else 0


class Worker(SyncWorker):
    """One web process; `gunicorn.conf.py` names it."""

    patience = 30.0
    """Seconds that a connection has for its request."""
    room = 200
    """Connections that may wait; for one more the oldest is closed."""

    def run(self) -> None:
        """Answer until told to end."""
        if self.cfg.is_ssl:  # the head would be read before it is deciphered
            super().run()
            return
        self._waiting: dict[Caller, None] = {}  # the oldest first
        with selectors.DefaultSelector() as self._poller:
            self._poller.register(self.PIPE[0], selectors.EVENT_READ, self._wake)
            for listener in self.sockets:
                listener.setblocking(False)
                self._poller.register(listener, selectors.EVENT_READ, self._accept)
            while self.alive and self.is_parent_alive():
                self._turn(1)
            self._end()

    def _turn(self, seconds: float) -> None:
        self.notify()
        for key, _ in self._poller.select(seconds):
            key.data(key.fileobj)
        silent = time.monotonic() - self.patience
        for caller in [caller for caller in self._waiting if caller.since < silent]:
            self._dismiss(caller)

    def _wake(self, signals: int) -> None:
        os.read(signals, 4096)

    def _accept(self, listener: Any) -> None:
        if not self.alive:
            return
        try:
            connection, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # another process was quicker, or it is gone again
            return
        except OSError as error:
            if error.errno not in NO_MORE:
                raise
            self._make_room()
            return
        caller = Caller(connection, address, listener)
        if caller.has_asked(within=AT_ONCE):
            self._answer(caller)
            return
        if len(self._waiting) >= self.room:
            self._dismiss(next(iter(self._waiting)))
        self._waiting[caller] = None
        self._poller.register(caller, selectors.EVENT_READ, self._hear)

    def _make_room(self) -> None:
        """Send the older half of the silent ones away, so that there is room for who comes and for what they need."""
        oldest = list(self._waiting)
        for caller in oldest[: len(oldest) // 2 + 1]:
            self._dismiss(caller)
        if not oldest:
            time.sleep(OUT_OF_BREATH)

    def _hear(self, caller: Caller) -> None:
        if caller in self._waiting and caller.has_asked():
            self._answer(self._forget(caller))

    def _forget(self, caller: Caller) -> Caller:
        del self._waiting[caller]
        self._poller.unregister(caller)
        return caller

    def _dismiss(self, caller: Caller) -> None:
        """Send it away, unless it has asked since it was last heard: this process may have been busy with another."""
        if self._forget(caller).has_asked():
            self._answer(caller)
        else:
            caller.close()

    def _answer(self, caller: Caller) -> None:
        self.notify()
        caller.settimeout(None)
        if caller.refusal is None:
            self.handle(caller.listener, caller, caller.address)
            return
        self.handle_error(None, caller, caller.address, caller.refusal)
        close_graceful(caller)

    def _end(self) -> None:
        """Answer who has asked meanwhile or came just now; to others nothing was promised."""
        for listener in self.sockets:
            self._poller.unregister(listener)
        self._turn(0)
        while any(caller.since > time.monotonic() - JUST_COME for caller in self._waiting):
            self._turn(0.05)
        for caller in list(self._waiting):
            self._dismiss(caller)
