"""The frame of the drills: it notices what breaks, ends what hangs, and keeps going."""

import json
import time
from collections import Counter

import pytest
from django.core.management import call_command

from clinicpay.drills.__main__ import DRILLS, main
from clinicpay.drills.away import lies
from clinicpay.drills.disk import small_disk
from clinicpay.drills.frame import Drill, NotHere, Outcome, perform, table, write
from clinicpay.drills.people import LOCATION, Attempt, Cashier


def keeps(outcome: Outcome) -> None:
    outcome.figures["rows"] = 3
    outcome.expect(True, "never said")


def breaks(outcome: Outcome) -> None:
    outcome.expect(False, "the promise was broken")


def fails(_outcome: Outcome) -> None:
    raise RuntimeError("no server")


def hangs(_outcome: Outcome) -> None:
    time.sleep(600)


def drills(*runs):
    return [Drill(run.__name__, f"{run.__name__} well", 1, run) for run in runs]


def test_each_drill_has_its_outcome_whatever_happens_to_the_others():
    outcomes = perform(drills(breaks, fails, hangs, keeps))

    assert [outcome.broken for outcome in outcomes] == [
        ["the promise was broken"],
        ["RuntimeError: no server"],
        ["TooLong: it did not end in its time"],
        [],
    ]
    assert outcomes[2].seconds < 300


def test_results_are_kept_for_people_and_machines(tmp_path):
    outcomes = perform(drills(keeps, breaks))

    write(outcomes, tmp_path / "drill" / "results.json")

    found = json.loads((tmp_path / "drill" / "results.json").read_text())
    assert found["ok"] is False
    assert [(one["name"], one["ok"], one["figures"]) for one in found["drills"]] == [
        ("keeps", True, {"rows": 3}),
        ("breaks", False, {}),
    ]
    assert any(line.startswith("FAIL  breaks") for line in table(outcomes))


def test_unknown_drill_is_a_bad_argument(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["flood"])

    assert ended.value.code == 2
    assert f"there is no drill 'flood'; there are {', '.join(DRILLS)}" in capsys.readouterr().err


def test_command_hands_over_to_the_drills(capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("drill", "flood")

    assert ended.value.code == 2
    assert "there is no drill 'flood'" in capsys.readouterr().err


def test_every_drill_is_bounded():
    assert all(0 < drill.limit <= 1800 for drill in DRILLS.values())


def test_payment_that_was_shown_and_is_not_there_is_counted():
    told = {"shown": 302, "refused": 503, "kept": 302}
    attempts = [Attempt(memo, "", {}, answers=[status]) for memo, status in told.items()]

    assert lies(attempts, Counter({"kept": 1})) == 1


@pytest.mark.django_db(transaction=True)
def test_form_that_the_cashiers_fill_in_is_the_pages_own(worlds):
    """The drill reads the page with patterns of its own, and takes money again and again without being asked twice."""
    north, _ = worlds
    rita, path = north.browser("rita"), f"/c/{north.slug}/patients/{north.patient.ref}/pay/"
    cashier = Cashier(0, "", "", north.slug)

    answers = [rita.post(path, cashier.form(rita.get(path).content.decode())) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [302] * 3
    assert LOCATION.search(rita.get(path).content.decode())[1] == str(north.location.pk)


def test_drill_that_this_machine_cannot_perform_says_why_and_is_no_success():
    def elsewhere(_outcome: Outcome) -> None:
        raise NotHere("Needs another machine.")

    (outcome,) = perform(drills(elsewhere))

    assert (outcome.ok, outcome.broken) == (None, [])
    assert any("Needs another machine." in line for line in table([outcome]))


def test_disk_that_is_offered_to_be_filled_up_must_be_small(monkeypatch, tmp_path):
    monkeypatch.setenv("CLINICPAY_SMALL_DISK", str(tmp_path))
    monkeypatch.setattr("clinicpay.drills.disk.LARGEST", 1024)

    with pytest.raises(NotHere, match="larger than"), small_disk():
        pytest.fail("it would be filled up")
