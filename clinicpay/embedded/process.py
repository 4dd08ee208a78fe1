"""Child processes that never outlive their supervisor."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

PR_SET_PDEATHSIG = 1


def end_with_parent() -> Callable[[], None] | None:
    """What a child does before it starts, so that even a kill -9 of this process ends it (Linux only)."""
    if sys.platform != "linux":
        return None
    # Loaded here, not in the child: between fork and exec a child must not take locks of the importer.
    set_option = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def prepare() -> None:
        set_option(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the option was set
            os._exit(1)

    return prepare


def stop_process(process: subprocess.Popen[bytes], *, patience: float) -> None:
    """Ask a process to end; after `patience` seconds end it and its whole session."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    kill_session(process)


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """End at once what is left of the session that the process leads, and collect the process."""
    # Also when the process ended by itself: its children may have stayed behind.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
