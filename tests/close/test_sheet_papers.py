"""The day sheet of a large day: drawn by a worker, once, kept, and never while somebody waits."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
import time_machine

from clinicpay import tasks
from clinicpay.audit.models import AuditEvent
from clinicpay.celery import app
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.models import DailyClose, SheetPaper
from clinicpay.close.queries.sheet import seal_of
from clinicpay.close.services import reopen_day
from clinicpay.close.services.papers import lines_of, sheet_papers
from tests.access.samples import HTMX
from tests.close.desk import Desk
from tests.close.scene import a_paid_event
from tests.deposits.scene import signed_in
from tests.downloads import pdf_words
from tests.factories import a_closed_day, a_patient, a_payment, a_review
from tests.races.crowd import a_clinic

pytestmark = pytest.mark.django_db


@pytest.fixture
def short(monkeypatch):
    """Two lines are drawn at once, three are a worker's."""
    monkeypatch.setattr("clinicpay.papers.AT_ONCE", 2)


@pytest.fixture
def woken(monkeypatch) -> list[tuple]:
    """What workers were asked for."""
    asked: list[tuple] = []
    monkeypatch.setattr("clinicpay.papers.wake", lambda *call: asked.append(call))
    return asked


@pytest.fixture
def desk(client, harbor):
    return Desk(client, harbor, clock.today(harbor.clinic)).enter("olga")


def a_large_day(home) -> DailyClose:
    """Three payments, closed."""
    patient = a_patient(home)
    for amount in (1000, 2000, 3000):
        a_payment(home, patient.account, amount)
    return a_closed_day(home, clock.today(home.clinic))


def pdf(desk: Desk, version: int = 1):
    return desk.client.get(f"{desk.at('close_sheet')}?version={version}")


def asks(desk: Desk, times: int = 1):
    """What the part of the page is answered that waits."""
    return desk.client.get(f"{desk.at('close_paper')}?version=1&times={times}", headers=HTMX)


def test_sheet_of_a_small_day_is_drawn_at_once_and_nothing_is_kept(harbor, desk, short, woken):
    a_payment(harbor, a_patient(harbor).account, 1000)
    a_closed_day(harbor, desk.day)
    answer = pdf(desk)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert "Day sheet" in desk.get("close_day")[1]
    assert not SheetPaper.objects.exists()
    assert sheet_papers.undrawn() == woken == []


def test_sheet_of_a_large_day_is_asked_for_as_it_is_closed_and_its_page_tells(harbor, desk, short, woken):
    close, page = a_large_day(harbor), f"{desk.at('close_day')}?version=1"
    assert woken == [("draw_sheet", harbor.clinic.pk, close.pk)]
    assert sheet_papers.undrawn() == [close.pk]

    words, answer, part = desk.get("close_day")[1], pdf(desk), asks(desk).content.decode()

    assert "The day sheet of DC-001 is being drawn; it is long." in words
    assert "printer" not in desk.html
    assert (answer.status_code, answer["Location"]) == (302, f"{page}&sheet=asked")
    assert '{"times": 2}' in part
    assert "<html" not in part
    assert not AuditEvent.objects.filter(action="list.exported").exists()  # nobody got any paper


def test_a_worker_draws_it_once_and_it_stays(harbor, desk, short, woken):
    close = a_large_day(harbor)
    for _ in range(2):
        tasks.draw_sheet(harbor.clinic.pk, close.pk)
    kept, page = SheetPaper.objects.get(), f"{desk.at('close_day')}?version=1"

    first, second = pdf(desk).content, pdf(desk).content

    assert first == second == bytes(kept.content)
    assert (kept.close, kept.state) == (close, "closed")
    assert seal_of(close) in pdf_words(first)
    assert pdf_words(first).count("PAY-") == 3
    assert sheet_papers.undrawn() == []
    assert "is being drawn" not in desk.get("close_day", "?sheet=asked")[1]
    assert "printer" in desk.html
    assert asks(desk)["HX-Redirect"] == page
    assert desk.client.get(f"{desk.at('close_paper')}?version=1")["Location"] == page
    assert AuditEvent.objects.filter(action="list.exported", after__rows=3).count() == 2


def test_a_version_that_is_opened_again_has_another_paper_and_the_first_stays(harbor, desk, short, woken):
    close = a_large_day(harbor)
    tasks.draw_sheet(harbor.clinic.pk, close.pk)
    reopen_day(harbor.location, desk.day, by=harbor.olga, reason="Wrong date")
    assert sheet_papers.undrawn() == [close.pk]
    tasks.draw_sheet(harbor.clinic.pk, close.pk)
    assert "A later version may count instead" in pdf_words(pdf(desk).content)
    assert list(SheetPaper.objects.order_by("pk").values_list("state", flat=True)) == ["closed", "reopened"]


def test_an_older_version_is_drawn_when_somebody_asks_for_it(harbor, desk, short, woken):
    """Such as one from before papers were kept: nothing is said of drawing until then, and no beat draws it."""
    close = a_large_day(harbor)
    woken.clear()
    with time_machine.travel(close.closed_at + timedelta(days=2), tick=False):
        desk.enter("olga")
        assert sheet_papers.undrawn() == []
        assert "is being drawn" not in desk.get("close_day", "?version=1")[1]
        assert "printer" in desk.html
        there = pdf(desk)["Location"]
        assert woken == [("draw_sheet", harbor.clinic.pk, close.pk)]
        assert "is being drawn" in desk.client.get(there).content.decode()


def test_page_that_waits_long_says_so_and_has_a_worker_asked_anew(harbor, desk, short, woken):
    """The worker is away, or what woke it was lost."""
    close = a_large_day(harbor)
    woken.clear()
    assert "takes longer" not in asks(desk, 29).content.decode()
    assert woken == []
    assert "takes longer than usual" in asks(desk, 30).content.decode()
    assert woken == [("draw_sheet", harbor.clinic.pk, close.pk)]
    for times in ("0", "-3", "two", "9" * 40, "²"):
        assert '{"times": ' in asks(desk, times).content.decode()
    assert len(woken) == 2  # of no question


def test_a_larger_day_says_how_many_more_there_are(harbor, desk, woken, monkeypatch):
    monkeypatch.setattr("clinicpay.close.sheets.ON_PAPER", 2)
    for _ in range(3):
        a_review(harbor, a_paid_event(harbor, a_patient(harbor))[0])
    close = a_closed_day(harbor, desk.day)
    words = pdf_words(sheet_papers.draw(sheet_papers.read(close.pk)))
    assert "Money: the first 2 of 3; an export of the day’s journal, line by line, has them all" in words
    assert "Treatments: the first 2 of 3; an export of the day’s treatments has them all" in words


def test_two_workers_keep_one_paper(harbor, short, woken):
    close = a_large_day(harbor)
    for content in (b"first", b"second"):
        sheet_papers.keep({"close": close}, content)
    assert bytes(SheetPaper.objects.get().content) == b"first"


def test_lines_are_counted_alike_by_the_database_and_by_the_sheet(harbor, woken):
    """Also of what an early version kept, or didn't."""
    close = a_large_day(harbor)
    facts = sheet_papers.read(close.pk)
    assert lines_of(close) == sheet_papers.size(facts) == 3
    bare = DailyClose.objects.create(location=harbor.location, day=close.day - timedelta(days=1))
    assert lines_of(bare) == 0


def test_another_clinic_has_no_such_paper(harbor, lakeside, desk, short, woken):
    close = a_large_day(harbor)
    tasks.draw_sheet(harbor.clinic.pk, close.pk)
    other, about = signed_in(lakeside.olga), {"location": harbor.location.pk, "day": desk.day}
    for name in ("close_sheet", "close_paper"):
        assert other.get(address(lakeside.clinic, name, **about)).status_code == 404
        assert other.get(address(harbor.clinic, name, **about)).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_day_closes_while_nobody_can_be_woken_and_beat_finds_its_sheet(monkeypatch):
    """The tick names each clinic's own."""
    monkeypatch.setattr("clinicpay.papers.AT_ONCE", 2)
    away = Mock(side_effect=OSError("the broker is away"))
    asked: list[tuple] = []
    home = a_clinic()
    with monkeypatch.context() as broken:
        broken.setattr(app, "connection_for_write", away)
        with clinic_scope(home.clinic, home.olga.user):
            close = a_large_day(home)
    away.assert_called()
    monkeypatch.setattr(tasks.draw_sheet, "delay", lambda *ids: asked.append(ids))
    tasks.tick()
    assert (home.clinic.pk, close.pk) in asked
