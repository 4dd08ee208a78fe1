"""manage.py from any shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clinicpay.embedded.paths import PROJECT

NOBODY = "postgres://clinicpay_app:hunter2@127.0.0.1:1/clinicpay"


def manage(*arguments: str, python: str = sys.executable, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, str(PROJECT / "manage.py"), *arguments],
        env={"PATH": os.environ["PATH"], "DATABASE_URL": NOBODY} | environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def test_bad_arguments_keep_their_exit_code(tmp_path: Path) -> None:
    assert manage("check", "--nonsense", CLINICPAY_DATA=str(tmp_path)).returncode == 2


def test_unreachable_database_is_one_line(tmp_path: Path) -> None:
    done = manage("showmigrations", CLINICPAY_DATA=str(tmp_path), DATABASE_OWNER_URL=NOBODY)

    assert done.returncode == 1
    assert done.stderr.startswith("The database cannot be reached: ")
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr


def test_data_folder_that_is_not_writable_is_one_line() -> None:
    done = manage("check", DATABASE_URL="", CLINICPAY_DATA="/dev/null/data")

    assert done.returncode == 1
    assert done.stderr.startswith("The data folder /dev/null/data is not writable ")
    assert done.stderr.count("\n") == 1


def python_without_packages(folder: Path) -> str:
    """A Python of its own, as in a fresh shell."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin" / "python")


@pytest.mark.skipif(not (PROJECT / ".venv").exists(), reason="the packages stand elsewhere here")
def test_python_of_the_shell_finds_the_environment(tmp_path: Path) -> None:
    done = manage("version", python=python_without_packages(tmp_path / "bare"), CLINICPAY_DATA=str(tmp_path))

    assert done.returncode == 0
    assert done.stdout.startswith("5.2")


def test_python_without_packages_is_told_what_to_do(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "manage.py", tmp_path)

    done = subprocess.run(
        [python_without_packages(tmp_path / "bare"), str(tmp_path / "manage.py"), "check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == "The packages of ClinicPay are not installed here; run `make run` first.\n"
