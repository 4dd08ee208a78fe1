"""A practice that is imported with nothing applied: one night leaves what applying at once leaves, to the cent."""

import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from balances.models import Decision, Entry, Posting
from clinicpay.clinics import clock
from clinicpay.clinics.commands import long_scope
from clinicpay.clinics.queries import all_clinics
from tests.balances.invariants import broken
from tests.clinicpay.bundle import Bundle
from tests.clinicpay.test_import_synthea import SAMPLE

pytestmark = pytest.mark.django_db

LAST_LINE = ("0.00", "11101.22")
"""Of the sample's README: outstanding and unapplied with everything allocated."""


def told(*command):
    out = io.StringIO()
    call_command(*(str(word) for word in command), "--json", stdout=out)
    return json.loads(out.getvalue())


def imported(folder: Path) -> str:
    """The slug of a clinic with these files in it, and nothing applied."""
    report = told("import_synthea", folder, "--clinic", "by-night", "--create", "--no-allocate")
    assert report["outstanding"] == report["charges_total"]
    assert report["unapplied"] == report["payments_total"]
    return "by-night"


def a_night(slug: str) -> tuple[dict[str, int], tuple[str, str], tuple[int, ...]]:
    """What last night's steps did, what then is owed and in hand, and how many rows there are."""
    with long_scope(all_clinics()[slug]) as clinic:
        day = clock.local_now(clinic).date() - timedelta(days=1)
    steps = told("run_night", "--clinic", slug, "--date", day)["steps"]
    left = told("auto_apply", "--clinic", slug, "--dry-run")
    assert left["decisions"] == []
    with long_scope(all_clinics()[slug]):
        assert not broken()
        rows = tuple(model.objects.count() for model in (Posting, Entry, Decision))
    return {one["name"]: one["done"] for one in steps}, (left["outstanding"], left["unapplied"]), rows


def is_once(slug: str, expected: tuple[str, str]) -> None:
    """The night leaves what is expected; once more writes nothing, of the same date or of another."""
    _, left, rows = a_night(slug)
    assert left == expected
    again = a_night(slug)
    assert again[1:] == (left, rows)
    with long_scope(all_clinics()[slug]) as clinic:
        before = clock.local_now(clinic).date() - timedelta(days=2)
    assert told("run_night", "--clinic", slug, "--date", before)["steps"][1]["done"] == 0
    assert a_night(slug)[1:] == (left, rows)


def test_small_practice_by_night_is_as_when_applied_at_once(tmp_path):
    """B13; charges of 100.00 and 0.00, payments of 20.00 and 90.00."""
    bundle = Bundle(tmp_path)
    bundle.write()
    is_once(imported(tmp_path), ("0.00", "10.00"))


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="../shared/data/synthea is not here")
def test_whole_sample_by_night_is_the_last_line_of_its_readme():
    """B13: 1,843 payments of 1,103,503.95 to 1,418 charges of 1,092,402.73."""
    is_once(imported(SAMPLE), LAST_LINE)
