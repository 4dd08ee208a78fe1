"""What no Python package brings: Pango for PDF documents, Chromium for browser tests."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
PANGO_LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0")
FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))


@dataclass(frozen=True)
class Need:
    """Something of the operating system: how to see whether it is there, and how Debian calls it."""

    is_there: Callable[[], bool]
    packages: tuple[str, ...]
    what_is_missing: str

    def provide(self, data: Path) -> None:
        """Install it where we may, trying once for a data folder; else say in one line what is missing."""
        if self.is_there():
            return
        tried = data / f"tried_to_install_{self.packages[0]}"
        apt = shutil.which("apt-get")
        if os.geteuid() == 0 and apt and not tried.exists():
            print(f"Installing {' '.join(self.packages)} …", flush=True)
            tried.touch()
            _install(apt, self.packages)
        if not self.is_there():
            print(f"{self.what_is_missing} (Debian: apt-get install {' '.join(self.packages)}).", flush=True)


def chromium() -> str | None:
    """The path of the browser that the browser tests drive."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def _can_draw_documents() -> bool:
    try:
        for library in PANGO_LIBRARIES:
            ctypes.CDLL(library)
    except OSError:
        return False
    return any(file.suffix in {".ttf", ".otf", ".ttc"} for folder in FONT_FOLDERS for file in folder.rglob("*"))


def _install(apt: str, packages: tuple[str, ...]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            [apt, "-qq", "-o", "Acquire::http::Timeout=15", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            return


BROWSER = Need(lambda: chromium() is not None, ("chromium",), "Browser tests are skipped: there is no Chromium")
DOCUMENTS = Need(
    _can_draw_documents,
    ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core"),
    "PDF documents cannot be made: Pango or a font is missing",
)
