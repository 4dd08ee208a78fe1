"""The paper of a long slip: drawn by a worker, once, kept, and never while somebody waits."""

import pytest
from django.test import Client

from clinicpay import tasks
from clinicpay.clinics.addresses import address
from clinicpay.clinics.scope import clinic_scope
from deposits.models import SlipPaper
from deposits.services.papers import slip_papers
from deposits.services.slips import void_slip
from tests.access.samples import HTMX
from tests.deposits.scene import signed_in
from tests.deposits.slips import drafted, paid, print_draft, printed
from tests.downloads import pdf_words
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


def a_long_slip(home):
    for _ in range(3):
        paid(home, 1000)
    return printed(home)


def pdf(client: Client, slip):
    return client.get(address(slip.clinic, "slip_pdf", number=slip.number))


def test_a_short_slip_is_drawn_at_once_and_nothing_is_kept(harbor, short, woken):
    paid(harbor, 1000)
    slip = printed(harbor)
    answer = pdf(signed_in(harbor.bill), slip)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert not SlipPaper.objects.exists()
    assert woken == []


def test_a_long_slip_is_asked_for_as_it_is_printed_and_its_page_tells(harbor, short, woken):
    slip, client = a_long_slip(harbor), signed_in(harbor.bill)
    page = address(harbor.clinic, "slip", number=slip.number)
    assert woken == [("draw_slip", harbor.clinic.pk, slip.pk)]
    assert slip_papers.undrawn() == [slip.pk]

    html, answer = client.get(page).content.decode(), pdf(client, slip)
    part = client.get(f"{page}paper/", headers=HTMX)

    assert "is being drawn" in html
    assert "Slip as PDF" not in html
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert "every 2s" in part.content.decode()
    assert "<html" not in part.content.decode()


def test_a_worker_draws_it_once_and_it_stays(harbor, short, woken):
    slip, client = a_long_slip(harbor), signed_in(harbor.bill)
    for _ in range(2):
        tasks.draw_slip(harbor.clinic.pk, slip.pk)
    kept = SlipPaper.objects.get()
    page = address(harbor.clinic, "slip", number=slip.number)

    first, second = pdf(client, slip).content, pdf(client, slip).content

    assert first == second == bytes(kept.content)
    assert "$30.00" in pdf_words(first)
    assert slip_papers.undrawn() == []
    assert "Slip as PDF" in client.get(page).content.decode()
    assert client.get(f"{page}paper/", headers=HTMX)["HX-Redirect"] == page
    assert client.get(f"{page}paper/")["Location"] == page


def test_a_voided_slip_has_another_paper_and_the_first_stays(harbor, short, woken):
    slip = a_long_slip(harbor)
    tasks.draw_slip(harbor.clinic.pk, slip.pk)
    void_slip(slip, by=harbor.olga, reason="Wrong bag")
    assert slip_papers.undrawn() == [slip.pk]
    tasks.draw_slip(harbor.clinic.pk, slip.pk)
    slip.refresh_from_db()
    assert "(VOID)" in pdf_words(pdf(signed_in(harbor.olga), slip).content)
    assert list(SlipPaper.objects.order_by("pk").values_list("state", flat=True)) == ["printed", "voided"]


def test_two_workers_keep_one_paper(harbor, short, woken):
    slip = a_long_slip(harbor)
    for content in (b"first", b"second"):
        slip_papers.keep({"slip": slip}, content)
    assert bytes(SlipPaper.objects.get().content) == b"first"


def test_another_clinic_has_no_such_paper(harbor, lakeside, short, woken):
    slip = a_long_slip(harbor)
    tasks.draw_slip(harbor.clinic.pk, slip.pk)
    other = signed_in(lakeside.olga)
    for name in ("slip_pdf", "slip_paper"):
        assert other.get(address(lakeside.clinic, name, number=slip.number)).status_code == 404
        assert other.get(address(harbor.clinic, name, number=slip.number)).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_beat_finds_a_slip_whose_worker_was_not_woken(monkeypatch):
    """The tick names each clinic's own."""
    monkeypatch.setattr("clinicpay.papers.AT_ONCE", 2)
    asked: list[tuple] = []
    monkeypatch.setattr(tasks.draw_slip, "delay", lambda *ids: asked.append(ids))
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        for _ in range(3):
            paid(home, 1000)
        slip = print_draft(home, drafted(home))
    tasks.tick()
    assert (home.clinic.pk, slip.pk) in asked
