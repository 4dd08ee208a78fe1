"""Nights as billing reads them: what ran, what failed, running one again (S3.9)."""

from datetime import timedelta
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from balances.models import AutoApplyRun
from balances.services import undo_run
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import JobFailure, JobRun
from clinicpay.clinics.scope import clinic_scope
from clinicpay.night import STEPS, begins, run_night
from tests.access.samples import Words
from tests.factories import a_charge, a_patient, a_payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, harbor):
    client.force_login(harbor.bill.user)
    return lambda: Words(client.get(address(harbor.clinic, "nights")).content.decode()).text


def test_no_night_yet_says_when_the_first_begins(page):
    assert "No night yet" in page()


def test_s3_9_night_tells_its_steps_and_leads_to_its_reasons(page, client, harbor):
    patient = a_patient(harbor)
    a_charge(harbor, patient, 5000)
    a_payment(harbor, patient.account, 2000)
    run_night(harbor.clinic.pk, clock.today(harbor.clinic))
    text = page()
    assert "Money applied" in text
    assert "$20.00" in text
    assert "RUN-001: 1 applied, and why" in text
    answer = client.get(address(harbor.clinic, "auto_apply_run", number=1))
    assert "oldest unapplied payment" in answer.content.decode()
    runs = client.get(address(harbor.clinic, "auto_apply")).content.decode()
    assert '<td class="text-end tabular desk-only">–</td>' in runs  # of a night nobody counted the accounts before


def test_night_whose_run_was_undone_since_says_so(page, harbor):
    patient = a_patient(harbor)
    a_charge(harbor, patient, 5000)
    a_payment(harbor, patient.account, 2000)
    run_night(harbor.clinic.pk, clock.today(harbor.clinic))
    undo_run(AutoApplyRun.objects.get(), by=harbor.bill, reason="Wrong rules")
    assert "RUN-001: 1 applied, undone since" in page()


def test_failure_names_the_account_and_can_be_run_again(page, client, harbor):
    patient = a_patient(harbor)
    day = clock.today(harbor.clinic) - timedelta(days=2)
    row = JobRun.objects.create(job="settle", local_date=day, state=JobRun.State.PARTIAL, attempts=3)
    JobFailure.objects.create(run=row, account_id=patient.account_id, error="ValueError: no such thing")
    text = page()
    assert "Follow-ups opened and closed: ClinicPay made a mistake (ValueError: no such thing)." in text
    assert patient.account.name in text
    assert "Failed in the night of" in text
    assert "Once what is wrong is mended, run it again." in text
    assert "Run again" in text
    client.post(address(harbor.clinic, "night_run_now"), {"day": day.isoformat()})
    row.refresh_from_db()
    assert row.attempts == 1


def test_what_fails_for_many_is_said_once_with_their_names(page, harbor):
    """Of 23 accounts twenty are named; a refusal is said in its own words."""
    row = JobRun.objects.create(job="settle", local_date=clock.today(harbor.clinic), state=JobRun.State.PARTIAL)
    patients = [a_patient(harbor, f"Patient {n}") for n in range(23)]
    for patient in patients:
        JobFailure.objects.create(run=row, account_id=patient.account_id, error="Refusal: This plan is over.")
    text = page()
    assert text.count("Follow-ups opened and closed: This plan is over.") == 1
    assert "Patient 19 Park" in text
    assert "Patient 20 Park" not in text
    assert "and 3 more" in text
    assert "It is tried again by itself within minutes." in text


def test_night_that_has_not_begun_is_not_run(page, client, harbor):
    later = clock.today(harbor.clinic) + timedelta(days=2)
    answer = client.post(address(harbor.clinic, "night_run_now"), {"day": later.isoformat()}, follow=True)
    assert "That night has not begun yet." in answer.content.decode()
    assert not JobRun.objects.exists()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "soon"])
def test_night_that_nobody_can_mean_is_not_asked_for(client, lakeside, day):
    """Not even east of Greenwich, where the first night of all begins before there are dates."""
    client.force_login(lakeside.bill.user)
    assert client.post(address(lakeside.clinic, "night_run_now"), {"day": day}).status_code == 302
    assert client.get(address(lakeside.clinic, "nights"), {"before": day}).status_code == 200
    with clinic_scope(lakeside.clinic):
        assert not JobRun.objects.exclude(local_date__year__range=(2026, 2100)).exists()


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("tomorrow", "“tomorrow” is not a date such as 2026-11-22."),
        ("0001-01-01", "“0001-01-01” is no date of a night: Enter a day from 1880 to 2199."),
        ("9999-12-31", "“9999-12-31” is no date of a night: Enter a day from 1880 to 2199."),
    ],
)
def test_command_refuses_a_date_that_nobody_can_mean(harbor, day, why):
    with pytest.raises(CommandError) as caught:
        call_command("run_night", "--clinic", "harbor", "--date", day)
    assert (caught.value.returncode, str(caught.value)) == (2, why)
    assert not JobRun.objects.exists()


def test_nights_of_a_year_stand_on_pages_of_a_month(client, harbor):
    """S3.9: newest first; nothing is lost at the edge."""
    today = clock.today(harbor.clinic)
    JobRun.objects.bulk_create(
        JobRun(job=step.name, local_date=today - timedelta(days=n), state=JobRun.State.DONE)
        for n in range(70)
        for step in STEPS
    )
    client.force_login(harbor.bill.user)
    place, found = address(harbor.clinic, "nights"), []
    while place:
        answer = client.get(place)
        found += [night.day for night in answer.context["nights"]]
        older = answer.context["older"]
        place = f"{address(harbor.clinic, 'nights')}?before={older}" if older else ""
        assert ("Older nights" in answer.content.decode()) is bool(older)
    assert found == [today - timedelta(days=n) for n in range(70)]
    assert "No earlier night" in client.get(f"{address(harbor.clinic, 'nights')}?before=1999-01-01").content.decode()
    assert client.get(f"{address(harbor.clinic, 'nights')}?before=nonsense").status_code == 200


def test_s3_9_night_is_told_in_the_clinics_own_time(page, harbor):
    harbor.clinic.timezone = "Asia/Kathmandu"
    harbor.clinic.save(update_fields=["timezone"])
    assert "3 AM, clinic time (Asia/Kathmandu)" in page()
    assert "3:00 AM" in page()


def test_run_now_wakes_the_last_night_that_has_begun_and_says_when_it_is_done(client, harbor):
    client.force_login(harbor.bill.user)
    press = partial(client.post, address(harbor.clinic, "night_run_now"), follow=True)
    assert "The night runs now." in press().content.decode()
    day = JobRun.objects.values_list("local_date", flat=True).distinct().get()
    assert begins(harbor.clinic, day) <= timezone.now() < begins(harbor.clinic, day + timedelta(days=1))
    run_night(harbor.clinic.pk, day)
    assert "That night is done." in press().content.decode()


def test_run_now_takes_the_oldest_night_that_is_still_due(client, harbor):
    """The last night is done; one before it was missed."""
    client.force_login(harbor.bill.user)
    press = partial(client.post, address(harbor.clinic, "night_run_now"), follow=True)
    press()
    last = JobRun.objects.values_list("local_date", flat=True).distinct().get()
    run_night(harbor.clinic.pk, last)
    missed = JobRun.objects.create(job="settle", local_date=last - timedelta(days=2))
    assert "The night runs now." in press().content.decode()
    run_night(harbor.clinic.pk, missed.local_date)
    assert "That night is done." in press().content.decode()


@pytest.mark.parametrize(
    ("view", "words"), [("nights", "About the rules ask"), ("auto_apply", "About the overnight run ask")]
)
def test_who_looks_after_the_rules_is_not_sent_to_themselves(client, harbor, view, words):
    client.force_login(harbor.olga.user)
    text = Words(client.get(address(harbor.clinic, view)).content.decode()).text

    assert words in text
    assert f"{harbor.olga.user.name} (Owner)" not in text.partition(words)[2]
