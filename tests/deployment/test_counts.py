"""Where the web processes count together: a folder of each start, which goes with it."""

import os
import runpy
import tempfile
from pathlib import Path
from typing import Any

import pytest

CONFIGURATION = Path(__file__).parents[2] / "gunicorn.conf.py"


def _read() -> dict[str, Any]:
    """The configuration, as gunicorn reads it at its start and once more after HUP."""
    return runpy.run_path(str(CONFIGURATION))


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """Nobody counts yet; a folder that is made stands here."""
    monkeypatch.setenv("METRICS_TOKEN", "long enough")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")  # so that it is put back, whatever is read
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("hangups", [0, 1, 2])
def test_folder_goes_with_its_start_however_often_the_configuration_was_read(temporary, hangups):
    ends = [_read()["on_exit"] for _ in range(1 + hangups)]
    assert [str(one) for one in temporary.iterdir()] == [os.environ["PROMETHEUS_MULTIPROC_DIR"]]

    ends[-1](None)

    assert list(temporary.iterdir()) == []


def test_folder_of_somebody_else_stays(temporary, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(temporary))

    _read()["on_exit"](None)

    assert temporary.is_dir()


def test_nothing_is_made_where_nobody_asks_for_figures(temporary, monkeypatch):
    monkeypatch.delenv("METRICS_TOKEN")

    _read()["on_exit"](None)

    assert list(temporary.iterdir()) == []
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
