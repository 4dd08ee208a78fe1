"""Ctrl+C and TERM as one exception, raised once."""

from __future__ import annotations

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked for the end."""


def stop_on_signals() -> None:
    """Raise Stopped in the main thread when the end is asked for."""
    for number in SIGNALS:
        signal.signal(number, _stop)


def ignore_signals() -> None:
    """From now on nothing interrupts the stopping, an impatient second Ctrl+C neither."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _stop(number: int, frame: FrameType | None) -> None:
    ignore_signals()
    raise Stopped
