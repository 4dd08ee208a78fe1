"""Where things are kept, and the one kind of error that a person at a terminal gets to read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from .locks import only_one

# In a data folder that we made ourselves, and that `make clean` may therefore remove.
MADE_BY_US = "made-by-clinicpay"
# Of a test run: each but the first of its workers has a server of its own.
WORKER_FOLDERS = "gw*"
PROJECT = Path(__file__).resolve().parents[2]


class StartupProblem(Exception):
    """Something the person who starts ClinicPay can mend; printed as one line, without a traceback."""


def data_folder() -> Path:
    """The folder of everything that must survive a restart: $CLINICPAY_DATA, or var/ in the project."""
    return make_folder(chosen_folder())


def chosen_folder() -> Path:
    """The data folder as it was asked for, there or not."""
    return PROJECT / Path(os.environ.get("CLINICPAY_DATA") or "var").expanduser()


def make_folder(folder: Path) -> Path:
    """The folder, made if it is missing and proved to be writable.

    A new folder may be passed through but not listed by others: the unprivileged database server of a root
    user lives inside it. The mode of a folder that was already there is never touched.
    """
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o711)
            (folder / MADE_BY_US).touch()
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StartupProblem(
            f"The data folder {folder} is not writable ({error.strerror}); set CLINICPAY_DATA to another one."
        ) from error
    return folder


def private_folder(folder: Path) -> Path:
    """The folder, made for its owner alone if it is missing."""
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def kept_secret(file: Path) -> str:
    """The random secret in this file; made on first use and readable by its owner only."""
    with only_one(file.parent / "secrets.lock"):
        if not file.exists():
            # Written beside and renamed, so that a kill in between never leaves half a secret.
            draft = file.with_suffix(".draft")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            draft.rename(file)
    return file.read_text().strip()
