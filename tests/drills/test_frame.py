"""The frame of the drills: it notices what breaks, ends what hangs, and keeps going."""

import json
import time
from collections import Counter

import pytest
from django.core.management import call_command

from clinicpay.drills.__main__ import DRILLS, main
from clinicpay.drills.away import lies
from clinicpay.drills.frame import Drill, Outcome, perform, table, write
from clinicpay.drills.people import FIELD, LOCATION, Attempt


def keeps(outcome: Outcome) -> None:
    outcome.figures["rows"] = 3
    outcome.expect(True, "never said")


def breaks(outcome: Outcome) -> None:
    outcome.expect(False, "the promise was broken")


def fails(_outcome: Outcome) -> None:
    raise RuntimeError("no server")


def hangs(_outcome: Outcome) -> None:
    time.sleep(30)


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
    assert outcomes[2].seconds < 5


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
    assert (
        "there is no drill 'flood'; there are restore, database-away, money-walk, races, fuzz"
        in capsys.readouterr().err
    )


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
    """The drill reads the page with patterns of its own: they must still find what they need."""
    north, _ = worlds
    page = north.browser("rita").get(f"/c/{north.slug}/patients/{north.patient.ref}/pay/").content.decode()

    assert dict(FIELD.findall(page))["request_key"]
    assert LOCATION.search(page)[1] == str(north.location.pk)
