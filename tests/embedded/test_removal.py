"""`make clean` removes what ClinicPay made, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clinicpay.embedded.locks import FileLock
from clinicpay.embedded.paths import MADE_BY_US, StartupProblem, make_folder
from clinicpay.embedded.removal import remove


@pytest.fixture
def folder(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the data folder will be."""
    folder = data / "var"
    monkeypatch.setenv("CLINICPAY_DATA", str(folder))
    return folder


def test_folder_of_ours_is_removed(folder: Path) -> None:
    make_folder(folder)
    (folder / "documents").mkdir()

    assert remove() == 0
    assert not folder.exists()


def test_missing_folder_is_fine(folder: Path) -> None:
    assert remove() == 0


def test_folder_that_was_there_before_is_kept(folder: Path) -> None:
    folder.mkdir()
    make_folder(folder)

    with pytest.raises(StartupProblem, match="was not made by ClinicPay"):
        remove()

    assert folder.is_dir()


@pytest.mark.parametrize("name", ["run.lock", "postgres.use", "bench/run.lock"])
def test_folder_in_use_is_kept(folder: Path, name: str) -> None:
    make_folder((folder / name).parent)
    (folder / MADE_BY_US).touch()
    lock = FileLock(folder / name)
    lock.take(shared=True)

    with pytest.raises(StartupProblem, match="at work"):
        remove()

    lock.release()
    assert folder.is_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_rights_is_a_problem_in_words(data: Path) -> None:
    data.chmod(0o500)

    with pytest.raises(StartupProblem, match=r"is not writable \(Permission denied\)"):
        make_folder(data)
