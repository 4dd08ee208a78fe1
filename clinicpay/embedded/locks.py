"""File locks: who is at work on a data folder. The kernel drops them with their holder: none is stale."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileLock:
    """One flock on one file, exclusive or shared."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self, *, shared: bool = False) -> None:
        """Wait for the lock."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)

    def try_take(self, *, patience: float = 0) -> bool:
        """Take the lock exclusively if it comes free within `patience` seconds."""
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.02)

    def fileno(self) -> int:
        """The descriptor: a server that inherits it holds the lock for exactly as long as it lives."""
        return self._descriptor

    def release(self) -> None:
        """Give the lock up for this process and every child that inherited it."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self.close()

    def close(self) -> None:
        """Forget the lock here; a child that inherited it keeps it."""
        os.close(self._descriptor)


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Run the block alone among all processes that use the same path."""
    lock = FileLock(path)
    lock.take()
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path, *, patience: float = 0) -> bool:
    """Whether some living process still holds the lock after `patience` seconds."""
    lock = FileLock(path)
    taken = lock.try_take(patience=patience)
    if taken:
        lock.release()
    else:
        lock.close()
    return not taken
