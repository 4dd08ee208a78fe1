"""Batches of statements: who gets what, once, whatever dies in between."""

import io
import re
import uuid
import zipfile

import pypdf
import pytest

from balances.models import Charge
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account
from clinicpay.tasks import send_statements
from followups.models import Statement, StatementFile, StatementLine, StatementRun
from followups.services import statement_runs
from followups.services.statement_runs import Receiver, begin_run, go_on, stop_run, unfinished_runs
from payments.models import Message
from tests.factories import a_patient, a_receipt, make_clinic
from tests.followups.statement_world import owing_accounts

SITE = "https://pay.example.test"


@pytest.fixture
def bill(client, harbor):
    client.force_login(harbor.bill.user)
    return client


@pytest.fixture
def owing(harbor):
    """Five who owe 10.00 to 50.00, the last two without an address."""
    return owing_accounts(harbor, 5, mailed=3)


def page(home, query: str = "") -> str:
    return address(home.clinic, "statement_batch") + query


def begin(home, accounts, **more) -> StatementRun:
    fresh = Account.objects.filter(pk__in=[one.pk for one in accounts]).order_by("pk")
    return begin_run([Receiver(one.pk, one.email) for one in fresh], asked="", site=SITE, by=home.bill, **more)


def work(run: StatementRun) -> StatementRun:
    """What a worker does when it is woken."""
    send_statements.apply([run.clinic_id, run.pk]).get()
    run.refresh_from_db()
    return run


def states(run: StatementRun) -> list[str]:
    return list(run.lines.order_by("pk").values_list("state", flat=True))


def key_and_seal(shown: str) -> dict[str, str]:
    return {name: re.search(rf'name="{name}"[^>]*value="([^"]+)"', shown)[1] for name in ("seal", "request_key")}


# ---- the page ---------------------------------------------------------------


def test_queue_hands_exactly_its_filters_over(harbor, bill, owing):
    """Issue 6 point 9: a batch from the filtered queue."""
    query = "?age=0-30&balance_min=25"
    queue = bill.get(address(harbor.clinic, "follow_ups") + query + "&sort=owes&page=1").content.decode()
    assert f'href="{page(harbor)}?age=0-30&amp;balance_min=25"' in queue

    batch = bill.get(page(harbor, query)).context["batch"]
    in_queue = bill.get(address(harbor.clinic, "follow_ups") + query).context["table"].paginator.count
    assert len(batch.planned) == in_queue == 3
    assert {one.name for one in batch.planned} == {"Person3 Owing", "Person4 Owing", "Person5 Owing"}


def test_it_foresees_who_gets_what_and_who_had_one(harbor, bill, owing):
    work(begin(harbor, owing[:1]))
    Account.objects.filter(pk=owing[1].pk).update(email="not an address")
    batch = bill.get(page(harbor)).context["batch"]

    assert {one.name for one in batch.left_out} == {"Person1 Owing"}
    assert {one.name for one in batch.mailed} == {"Person3 Owing"}
    assert {one.name for one in batch.printed} == {"Person2 Owing", "Person4 Owing", "Person5 Owing"}
    assert "not an address is no address" in bill.get(page(harbor)).content.decode()
    assert not bill.get(page(harbor, "?recent=0")).context["batch"].left_out


def test_one_click_begins_it_and_a_second_is_the_same(harbor, bill, owing):
    form = key_and_seal(bill.get(page(harbor)).content.decode())
    first, second = (bill.post(page(harbor), form) for _ in range(2))
    run = StatementRun.objects.get()

    assert first["Location"] == second["Location"] == address(harbor.clinic, "statement_run", number=run.number)
    work(run)
    assert bill.post(page(harbor), form)["Location"] == first["Location"], "also when the list is empty by now"
    assert sorted(states(run)) == ["printed"] * 2 + ["sent"] * 3
    assert Statement.objects.count() == 5
    assert Message.objects.count() == 3


def test_list_that_has_changed_is_shown_again_first(harbor, bill, owing):
    form = key_and_seal(bill.get(page(harbor)).content.decode())
    Account.objects.filter(pk=owing[4].pk).update(email="five@example.test")
    answer = bill.post(page(harbor), form)

    assert answer.status_code == 422
    assert "has changed since it was shown" in answer.content.decode()
    assert not StatementRun.objects.exists()
    again = bill.post(page(harbor), key_and_seal(answer.content.decode()))
    assert again.status_code == 302


def test_batch_of_nobody_is_refused(harbor, bill):
    a_patient(harbor)
    assert "Nobody on this list owes anything" in bill.get(page(harbor)).content.decode()
    with pytest.raises(Refusal, match="Nobody on this list gets a statement"):
        begin_run([], asked="", site=SITE, by=harbor.bill)


def test_second_batch_waits_for_the_first(harbor, owing):
    begin(harbor, owing[:1])
    with pytest.raises(Refusal, match="Another batch of statements is at work"):
        begin(harbor, owing[1:])


@pytest.mark.parametrize("name", ["statement_batch", "statement_run"])
def test_reception_begins_none(harbor, client, owing, name):
    run = begin(harbor, owing[:1])
    client.force_login(harbor.rita.user)
    number = {"number": run.number} if name == "statement_run" else {}

    assert client.get(address(harbor.clinic, name, **number)).status_code == 403


# ---- the worker -------------------------------------------------------------


def test_result_names_what_was_not_sent_and_why(harbor, bill, owing):
    run = begin(harbor, owing)
    charge = Charge.objects.get(account=owing[0])
    a_receipt(harbor, owing[0], charge.outstanding, (charge, charge.outstanding))
    work(run)
    Message.objects.filter(to="person2@example.test").update(
        state="failed", fault="The mail server refused this address.", settled_at=run.started_at
    )
    shown = bill.get(address(harbor.clinic, "statement_run", number=run.number)).content.decode()

    assert run.is_over
    assert '<dd class="text-danger">2</dd>' in shown
    assert "Owes nothing any more." in shown
    assert "The mail server refused this address." in shown


def test_progress_is_shown_and_it_can_be_stopped(harbor, bill, owing):
    run = begin(harbor, owing)
    assert go_on(run.clinic_id, run.pk)
    where = address(harbor.clinic, "statement_run", number=run.number)
    assert '<progress max="5" value="1">' in bill.get(where).content.decode()
    part = bill.get(address(harbor.clinic, "statement_run_progress", number=run.number), headers={"HX-Request": "true"})
    assert "1 of 5" in part.content.decode()

    bill.post(address(harbor.clinic, "statement_run_stop", number=run.number))
    work(run)

    assert run.is_over
    assert states(run).count("left_out") == 4
    assert Message.objects.count() == 1
    assert "Stopped before." in bill.get(where).content.decode()
    with pytest.raises(Refusal, match="over already"):
        stop_run(run, by=harbor.bill)


def test_whoever_began_it_must_still_be_allowed(harbor, bill, owing):
    run = begin(harbor, owing)
    harbor.bill.role = "reception"
    harbor.bill.save(update_fields=["role"])
    work(run)

    assert not Statement.objects.exists()
    assert "send statements" in run.problem
    assert unfinished_runs() == []


def test_one_file_for_the_printer_and_one_of_all(harbor, bill, owing):
    run = work(begin(harbor, owing))
    printed = bill.get(address(harbor.clinic, "statement_run_pdf", number=run.number))
    read = pypdf.PdfReader(io.BytesIO(printed.content))
    text = " ".join(one.extract_text() for one in read.pages)

    assert [name in text for name in ("Person3", "Person4", "Person5")] == [False, True, True]
    assert len(read.pages) == 2
    every = bill.get(address(harbor.clinic, "statement_run_zip", number=run.number))
    archive = zipfile.ZipFile(io.BytesIO(every.getvalue()))
    assert len(archive.namelist()) == 5
    kept = {bytes(one.content) for one in StatementFile.objects.all()}
    assert {archive.read(name) for name in archive.namelist()} == kept


def test_statement_that_cannot_be_drawn_is_left_out_and_the_others_go_on(harbor, owing, monkeypatch):
    drawn = statement_runs.statement_pdf
    monkeypatch.setattr(
        statement_runs, "statement_pdf", lambda one: 1 / 0 if one.account_id == owing[1].pk else drawn(one)
    )
    run = work(begin(harbor, owing))

    assert states(run) == ["sent", "left_out", "sent", "printed", "printed"]
    assert run.lines.get(state="left_out").reason == statement_runs.UNFORESEEN


class Killed(BaseException):
    """The process is gone: nothing after this runs."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", ["statement_pdf", "keep_pdf", "mail_statement", "make_statement"])
def test_worker_that_dies_anywhere_is_followed_by_one_that_sends_nobody_twice(where, monkeypatch):
    home = make_clinic(f"stmts-{uuid.uuid4().hex[:8]}")
    with clinic_scope(home.clinic, home.bill.user):
        run = begin(home, owing_accounts(home, 4, mailed=3))
    real, calls = getattr(statement_runs, where), iter(range(100))

    def dying(*given, **named):
        done = real(*given, **named)
        if next(calls) % 2 == 0:
            raise Killed
        return done

    monkeypatch.setattr(statement_runs, where, dying)
    deaths = 0
    for _ in range(20):
        try:
            while go_on(home.clinic.pk, run.pk):
                pass
            break
        except Killed:
            deaths += 1

    assert deaths >= 2
    with clinic_scope(home.clinic):
        run.refresh_from_db()
        assert run.is_over
        assert sorted(states(run)) == ["printed", "sent", "sent", "sent"]
        assert Statement.objects.count() == StatementFile.objects.count() == 4
        assert sorted(Message.objects.values_list("to", flat=True)) == [f"person{n}@example.test" for n in (1, 2, 3)]
        numbers = Statement.objects.order_by("number").values_list("number", flat=True)
        assert list(numbers) == [1, 2, 3, 4], "a number is not lost either"


def test_what_nobody_woke_is_found_by_the_tick(harbor, owing):
    run = begin(harbor, owing[:1])
    assert unfinished_runs() == [run.pk]
    work(run)
    assert unfinished_runs() == []
    assert StatementLine.objects.filter(state__in=StatementLine.OPEN).count() == 0
