"""`make test`: what it prints, and what it answers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from clinicpay.embedded.checks import Check, free_folder, report
from clinicpay.embedded.system_packages import Need


def python(name: str, program: str) -> Check:
    return Check(name, (sys.executable, "-c", program))


def test_check_that_passes_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    assert python("fine", "print('all is well')").passes()

    assert capfd.readouterr().out == ""


def test_check_that_fails_shows_what_it_found(capfd: pytest.CaptureFixture[str]) -> None:
    assert not python("style", "import sys; print('line 3 is too long'); sys.exit(1)").passes()

    assert capfd.readouterr().out == "\n--- style\nline 3 is too long\n\n"


def test_report_has_a_line_for_each_check_and_fails_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = python("good", ""), python("bad", "")

    assert report([(good, True, 0.04), (bad, False, 12.3)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "",
        "ok    good                    0.0 s",
        "FAIL  bad                    12.3 s",
    ]
    assert report([(good, True, 0.04)]) == 0


def test_two_runs_at_once_have_folders_of_their_own(data: Path) -> None:
    first, first_lock = free_folder(data)
    second, second_lock = free_folder(data)

    assert first != second

    first_lock.release()
    third, third_lock = free_folder(data)
    assert third == first
    second_lock.release()
    third_lock.release()


def test_need_that_cannot_be_met_is_one_line(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    Need(lambda: False, ("chromium",), "Browser tests are skipped: there is no Chromium").provide(data)

    assert capsys.readouterr().out == (
        "Browser tests are skipped: there is no Chromium (Debian: apt-get install chromium).\n"
    )


def test_need_that_is_met_is_silent(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Need(lambda: True, ("chromium",), "never said").provide(data)

    assert capsys.readouterr().out == ""
