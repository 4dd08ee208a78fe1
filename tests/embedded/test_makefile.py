"""What `make` says on a machine that cannot run ClinicPay."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from clinicpay.embedded.paths import PROJECT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
OLD = '#!/bin/sh\ncase "$2" in *version_info*) exit 1;; esac\n'
WITHOUT_VENV = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh checkout without an environment."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    shutil.copytree(PROJECT / "requirements", tmp_path / "requirements")
    return tmp_path


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Nothing of a make that runs these tests may reach this one.
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    return subprocess.run(
        ["make", *arguments], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )


def fake_python(checkout: Path, script: str) -> str:
    python = checkout / "fake-python"
    python.write_text(script)
    python.chmod(0o755)
    return f"PY={python}"


def test_make_alone_lists_the_commands(checkout: Path) -> None:
    printed = make(checkout).stdout

    for command in ("run", "test", "bench", "lock", "assets", "clean"):
        assert f"make {command} " in printed


@pytest.mark.parametrize("command", ["run", "test"])
@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "ClinicPay needs Python 3.11 or later; nowhere was not found (set PY)."),
        (OLD, "ClinicPay needs Python 3.11 or later; {python} is older (set PY to a newer one)."),
        (WITHOUT_VENV, "Python's venv module is missing; install it"),
    ],
)
def test_missing_python_is_one_clear_line(checkout: Path, command: str, script: str | None, words: str) -> None:
    python = fake_python(checkout, script) if script else "PY=nowhere"

    done = make(checkout, command, python)

    assert done.returncode != 0
    said, verdict = done.stderr.splitlines()
    assert said.startswith(words.format(python=python.removeprefix("PY=")))
    assert verdict.startswith("make: ***")
    assert not (checkout / ".venv").exists()
