"""What `make run` repeats on the terminal of the logs of its parts."""

from pathlib import Path

import pytest

from clinicpay.embedded.parts import Alarms


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "beat.log"


def test_error_before_the_first_look_is_told(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A part may fail while the others still start: who watches from the end of its log never hears of it."""
    log.write_text("INFO: begins\nERROR: no clock\n")

    alarms = Alarms({"beat": log})
    alarms.sound()
    alarms.sound()

    assert capsys.readouterr().err == "[beat] ERROR: no clock\n"


def test_line_is_told_when_it_is_whole(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alarms = Alarms({"beat": log})
    alarms.sound()  # there is no log yet
    for piece in ("INFO: begins\nERR", "OR: no", " clock\nINFO: goes on\n"):
        with log.open("a") as file:
            file.write(piece)
        alarms.sound()

    assert capsys.readouterr().err == "[beat] ERROR: no clock\n"
