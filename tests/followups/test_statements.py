"""Statements of one account: what they say, what they look like, how they go out, what stays of them."""

import io
import uuid
from datetime import date

import pypdf
import pytest
import time_machine
from django.core import mail
from django.db import DatabaseError, transaction
from django.test import override_settings

from balances.models import Charge, Credit
from balances.requests import Once, Repeated
from balances.services import apply_credit
from clinicpay import money
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.patients.models import Account
from clinicpay.patients.services import add_payer, open_account
from clinicpay.staff.access import Refused
from clinicpay.tasks import send_message
from followups.models import Statement, StatementFile
from followups.queries.statements import Span, statement_content
from followups.services.statements import Giving, give_statement, pdf_of
from followups.statements.paper import paper_of, statement_pdf
from payments.gateways import token_of
from payments.models import Message, Payment, PaymentLink
from payments.services import move_payment
from payments.services.links import LONGEST
from payments.states import PaymentStatus
from tests.downloads import pdf_words
from tests.factories import a_charge, a_patient, a_payment, a_receipt
from tests.followups.statement_world import a_history, days_ago, take_cards

SITE = "https://pay.example.test"


@pytest.fixture
def bill(client, harbor):
    client.force_login(harbor.bill.user)
    return client


@pytest.fixture
def maya(harbor):
    return a_history(harbor)


@pytest.fixture
def cards(harbor, settings):
    settings.GATEWAY_SIMULATOR = True
    take_cards(harbor)


def content_of(home, account, *days):
    return statement_content(Account.objects.get(pk=account.pk), Span(*days), home.clinic)


def page(home, account) -> str:
    return address(home.clinic, "statement_new", number=account.number)


def give(home, account, to="maya@example.test", site="", **more) -> Statement:
    return give_statement(account, Giving(Span(), to, site), by=home.bill, **more)


# ---- what it says -----------------------------------------------------------


def test_last_balance_is_what_the_ledger_says(harbor, maya):
    said = content_of(harbor, maya.account, days_ago(harbor, 400), None)

    owes = Account.objects.get(pk=maya.account_id).owes
    assert said["closing"] == said["due"] == owes == sum(minor for _, minor in said["ages"])
    assert said["opening"] + sum(line[3] for line in said["lines"]) == said["closing"]
    balance = said["opening"]
    for *_, amount, after in said["lines"]:
        assert after == (balance := balance + amount)


def test_all_open_is_the_same_sum_without_what_is_settled(harbor, maya):
    settled = a_charge(harbor, maya, 7000, on=days_ago(harbor, 10))
    a_receipt(harbor, maya.account, 7000, (settled, 7000), on=days_ago(harbor, 5), patient=maya)
    said = content_of(harbor, maya.account)

    assert said["closing"] == said["due"] == Account.objects.get(pk=maya.account_id).owes
    assert settled.invoice.ref not in {line[1] for line in said["lines"]}
    assert said["opening"] == 0


def test_it_tells_of_treatments_payments_refunds_write_offs_and_plans_by_their_numbers(harbor, maya):
    said = content_of(harbor, maya.account, days_ago(harbor, 400), None)
    lines = {(ref, text.split(":")[0]) for _, ref, text, _, _ in said["lines"]}
    words = " | ".join(f"{ref} {text}" for _, ref, text, _, _ in said["lines"])

    event = Charge.objects.filter(account=maya.account).earliest("pk").event
    assert f"INV-001 Treatment ({event.ref})" in words
    assert "PAY-001 Cash payment for INV-001" in words
    assert "PL-001 INV-003 moved to the payment plan" in words
    assert ("INV-004", "Instalment 1 of PL-001") in lines
    assert "INV-005 Written off" in words
    assert "RF-001 Refund of $5.00 of PAY-002 by cash" in words
    assert [one[1:] for one in said["instalments"]] == [["PL-001", 2, 3000], ["PL-001", 3, 3000]]


def test_period_begins_with_what_was_owed_before(harbor, maya):
    said = content_of(harbor, maya.account, days_ago(harbor, 65), days_ago(harbor, 40))

    assert said["opening"] == 20000 + 9000
    assert [line[3] for line in said["lines"]] == [-12000, 5000]
    assert said["closing"] == 29000 - 12000 + 5000
    assert said["due"] == Account.objects.get(pk=maya.account_id).owes, "what is due is of now"


def test_money_in_hand_and_principal_stand_apart_and_are_never_netted(harbor, maya):
    """B3, B4: the account has 8.00 in hand and 4.00 held, and owes no less for it."""
    said = content_of(harbor, maya.account)
    account = Account.objects.get(pk=maya.account_id)

    assert (said["planned"], said["held"], said["in_hand"]) == (6000, 400, account.credit)
    assert said["due"] == account.owes
    shown = dict(paper_of(said)["apart"])
    assert shown["Held as pre-payments for treatment to come"] == "$4.00"
    assert shown["On a payment plan, not billed yet"] == "$60.00"


def test_ages_are_of_invoice_days(harbor):
    patient = a_patient(harbor)
    for days, fee in ((30, 100), (31, 200), (90, 400), (91, 800)):
        a_charge(harbor, patient, fee, on=days_ago(harbor, days))

    assert dict(content_of(harbor, patient.account)["ages"]) == {"0-30": 100, "31-60": 200, "61-90": 400, "90+": 800}


def test_insurer_who_paid_is_named(harbor, maya):
    """Money of another account pays; the statement says whose."""
    beacon = open_account(by=harbor.itself, name="Beacon Insurance", kind=Account.Kind.INSURANCE)
    add_payer(maya, beacon, by=harbor.itself)
    owed = a_charge(harbor, maya, 3000)
    money_of = Credit.objects.get(payment=a_payment(harbor, beacon, 1000))
    apply_credit(money_of, [(owed, 1000)], by=harbor.itself)

    assert any("by Beacon Insurance" in line[2] for line in content_of(harbor, maya.account)["lines"])


# ---- the page and the paper -------------------------------------------------


def test_preview_shows_what_the_pdf_says_and_makes_nothing(harbor, bill, maya, cards):
    answer = bill.get(page(harbor, maya.account))
    shown = answer.content.decode()

    assert answer.status_code == 200
    assert "Due now" in shown
    assert "maya@example.test" in shown
    assert not Statement.objects.exists()
    assert not PaymentLink.objects.exists(), "a preview asks for nothing"
    given = give(harbor, maya.account)
    text = pdf_words(pdf_of(given))
    for _, ref, words, _, balance in given.content["lines"]:
        assert ref in text
        assert money.show(balance, "USD") in text
        assert words.split(" ")[0] in shown


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?first=2026-03-02&last=2026-03-01", "To is before From"),
        ("?last=2999-01-01", "still to come"),
        ("?first=nonsense", "Enter a valid date"),
    ],
)
def test_days_that_make_no_sense_are_said_so(harbor, bill, maya, query, words):
    answer = bill.get(page(harbor, maya.account) + query)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    sent = bill.post(page(harbor, maya.account) + query, {"to": "a@b.test", "request_key": uuid.uuid4()})
    assert sent.status_code == 422
    assert not Statement.objects.exists()


def test_bad_address_is_refused_and_nothing_is_made(harbor, bill, maya):
    for to in ("maya", "", "a@b@c"):
        answer = bill.post(page(harbor, maya.account), {"to": to, "send": "1", "request_key": uuid.uuid4()})
        assert answer.status_code == 422
    assert not Statement.objects.exists()


def test_statement_of_nothing_says_so(harbor, bill):
    nobody = a_patient(harbor, "Noah", "Klein")
    assert "Nothing is due now" in bill.get(page(harbor, nobody.account)).content.decode()
    given = give(harbor, nobody.account, to="", site=SITE)

    assert given.amount == 0
    assert "Nothing is due now $0.00" in pdf_words(pdf_of(given))
    assert given.link is None


def test_account_without_patients_gets_one_too(harbor, bill, cards):
    beacon = open_account(by=harbor.itself, name="Beacon Insurance", kind=Account.Kind.INSURANCE)

    assert bill.get(page(harbor, beacon)).status_code == 200
    assert give(harbor, beacon, to="", site=SITE).patient is None


@pytest.mark.parametrize(("lines", "least"), [(1, 1), (50, 2), (500, 10)])
def test_pdf_is_tagged_numbered_and_repeats_its_head(harbor, lines, least):
    patient = a_patient(harbor, "Bartholomew-Maximilian", "Whitfield-Montgomery-Featherstonehaugh-Cholmondeley-Smith")
    content = content_of(harbor, patient.account) | {"due": 100, "closing": lines * 100}
    long = "Crown, porcelain fused to high noble metal, second stage (TE-012), " + patient.name
    content["lines"] = [["2026-03-01", f"INV-{n:03d}", long, 100, n * 100] for n in range(1, lines + 1)]
    made = statement_pdf(Statement(number=1, content=content, account=patient.account))
    read = pypdf.PdfReader(io.BytesIO(made))
    pages = [one.extract_text() for one in read.pages]

    assert len(pages) >= least
    assert read.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert b"pdfuaid" in made or "/Metadata" in read.trailer["/Root"]
    tags = _tags(read)
    assert {"/Table", "/TR", "/TH", "/TD", "/Caption"} <= tags
    for number, text in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in text
        if f"INV-{lines:03d}" in text or "INV-0" in text:
            assert "Number" in text
            assert "Balance" in text
    assert f"INV-{lines:03d}" in "".join(pages)


def _tags(read) -> set[str]:
    found, open_ = set(), [read.trailer["/Root"]["/StructTreeRoot"].get_object()]
    while open_:
        node = open_.pop()
        if not hasattr(node, "get"):
            continue
        found.add(node.get("/S", ""))
        kids = node.get("/K", [])
        kids = kids.get_object() if hasattr(kids, "get_object") else kids
        kids = kids if isinstance(kids, list) else [kids]
        open_ += [one.get_object() for one in kids if hasattr(one, "get_object")]
    return found


# ---- going out --------------------------------------------------------------


def test_sent_from_its_page_with_pdf_and_no_treatment(harbor, bill, maya, cards, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks():
        form = {"to": "maya@example.test", "send": "1", "request_key": uuid.uuid4()}
        sent = bill.post(page(harbor, maya.account), form, follow=True)
    assert "ST-001 is on its way to maya@example.test." in sent.content.decode()
    message, given = Message.objects.get(), Statement.objects.get()
    send_message.apply([harbor.clinic.pk, message.pk]).get()

    (letter,) = mail.outbox
    assert letter.subject == "Statement ST-001 from Harbor Clinic"
    assert "Treatment" not in letter.body
    assert "Okafor" not in letter.body
    assert money.show(given.amount, "USD") in letter.body
    token = token_of(given.link.nonce)
    assert f"/pay/{token}/" in letter.body
    (name, content, kind) = letter.attachments[0]
    assert (name, kind) == ("ST-001.pdf", "application/pdf")
    assert content == bytes(StatementFile.objects.get().content) == pdf_of(given)
    assert token in pdf_words(content).replace(" ", "")
    assert token not in str(given.content), "what is kept opens nothing"


def test_same_form_twice_is_one_statement(harbor, bill, maya):
    form = {"to": "maya@example.test", "send": "1", "request_key": uuid.uuid4()}
    first, second = (bill.post(page(harbor, maya.account), form) for _ in range(2))

    assert first["Location"] == second["Location"] == address(harbor.clinic, "statement", number=1)
    assert Statement.objects.count() == Message.objects.count() == 1


def test_service_twice_is_one_statement(harbor, maya):
    once = Once.of(uuid.uuid4(), what="x")
    give(harbor, maya.account, once=once)
    with pytest.raises(Repeated):
        give(harbor, maya.account, once=once)


def test_printed_one_has_a_number_and_no_mail(harbor, bill, maya):
    bill.post(page(harbor, maya.account), {"to": "", "print": "1", "request_key": uuid.uuid4()})
    answer = bill.get(address(harbor.clinic, "statement_document", number=1))

    assert answer["Content-Type"] == "application/pdf"
    assert "Statement ST-001" in pdf_words(answer.content)
    assert Statement.objects.get().to == ""
    assert not Message.objects.exists()


def test_what_was_given_out_never_changes(harbor, bill, maya):
    given = give(harbor, maya.account)
    first = pdf_of(given)
    a_charge(harbor, maya, 99900)

    assert bill.get(address(harbor.clinic, "statement_document", number=1)).content == first
    shown = bill.get(address(harbor.clinic, "statement", number=1)).content.decode()
    assert money.show(given.amount, "USD") in shown
    for act in (lambda: Statement.objects.update(amount=1), lambda: StatementFile.objects.update(content=b"")):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_sent_again_as_it_was(harbor, bill, maya):
    give(harbor, maya.account)
    a_charge(harbor, maya, 500)
    where = address(harbor.clinic, "statement_send", number=1)
    assert "make a new one" in bill.get(where).content.decode()
    bill.post(where, {"to": "other@example.test", "request_key": uuid.uuid4()})

    went = Message.objects.order_by("pk").values_list("to", flat=True)
    assert list(went) == ["maya@example.test", "other@example.test"]
    assert Statement.objects.count() == 1


def test_history_says_who_when_to_whom_and_how_much(harbor, bill, maya):
    given = give(harbor, maya.account)
    shown = bill.get(address(harbor.clinic, "account_statements", number=maya.account.number)).content.decode()

    assert all(word in shown for word in ("ST-001", "maya@example.test", money.show(given.amount, "USD"), "Bill"))
    for name, number in (("follow_up", maya.account.number), ("patient", maya.number)):
        place = bill.get(address(harbor.clinic, name, number=number)).content.decode()
        assert address(harbor.clinic, "account_statements", number=maya.account.number) in place
    assert AuditEvent.objects.filter(action="statement.made", subject="ST-001").exists()


def test_reception_sends_none(harbor, client, maya):
    client.force_login(harbor.rita.user)

    assert client.get(page(harbor, maya.account)).status_code == 403
    assert "New statement" not in client.get(address(harbor.clinic, "patient", number=maya.number)).content.decode()
    with pytest.raises(Refused):
        give_statement(maya.account, Giving(Span()), by=harbor.rita)


# ---- the request behind its link (decisions/0135) ---------------------------


def test_first_statement_asks_for_what_is_due_and_the_next_renews_it(harbor, maya, cards):
    first = give(harbor, maya.account, site=SITE)
    asked = first.link.payment
    assert (asked.status, asked.amount) == (PaymentStatus.PENDING, first.amount)
    a_charge(harbor, maya, 1000)
    second = give(harbor, maya.account, site=SITE)

    assert second.link == first.link
    asked.refresh_from_db()
    assert asked.amount == second.amount == first.amount + 1000
    assert Payment.objects.filter(status=PaymentStatus.PENDING).count() == 1


def test_once_it_is_settled_the_next_statement_asks_anew(harbor, maya, cards):
    first = give(harbor, maya.account, site=SITE)
    move_payment(first.link.payment, PaymentStatus.CANCELLED, by=harbor.bill, reason="Paid otherwise")
    second = give(harbor, maya.account, site=SITE)

    assert second.link.payment != first.link.payment


def test_link_that_runs_out_soon_is_renewed(harbor, maya, cards):
    first = give(harbor, maya.account, site=SITE)
    with time_machine.travel(first.made_at + (first.link.expires_at - first.made_at) * 0.8, tick=False):
        second = give(harbor, maya.account, site=SITE)

    assert second.link != first.link
    assert second.link.payment == first.link.payment


def test_last_day_of_the_link_is_the_clinics_day(harbor, maya, cards):
    with time_machine.travel("2026-11-22 02:30:00Z", tick=False):  # 9:30 PM in New York
        given = give(harbor, maya.account, site=SITE)
    days = (date.fromisoformat(given.content["pay"]["until"]) - date(2026, 11, 21)).days
    assert days == LONGEST


@override_settings(GATEWAY_SIMULATOR=False)
def test_without_anybody_who_takes_cards_there_is_no_link(harbor, maya):
    given = give(harbor, maya.account, site=SITE)

    assert given.link is None
    assert "By card" not in pdf_words(pdf_of(given))
    assert "At the desk or by post" in pdf_words(pdf_of(given))


def test_its_day_is_the_clinics(harbor, maya):
    assert give(harbor, maya.account).content["on"] == clock.today(harbor.clinic).isoformat()
