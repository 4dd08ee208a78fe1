"""Credit notes and voids of invoices as people make them (W-6), driven over HTTP."""

import re
import uuid

import pytest

from balances.models import Posting
from balances.services import undo_allocation
from balances.states import PostingKind
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from followups.schedule import Terms
from followups.services import approve_write_off, bill_instalment, request_write_off, start_plan
from followups.states import Frequency
from tests.access.samples import Words
from tests.balances.money import allocation, credit_of, left
from tests.factories import a_charge, a_patient, a_payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def bill(harbor, client):
    client.force_login(harbor.bill.user)
    return client


@pytest.fixture
def charge(harbor):
    return a_charge(harbor, a_patient(harbor), 12000)


def words(client, harbor, page, charge) -> str:
    return Words(client.get(address(harbor.clinic, page, number=charge.invoice.number)).content.decode()).text


def send(client, harbor, page, billed, **form):
    fields = {"reason": "Billed wrongly", "request_key": str(uuid.uuid4())} | form
    return client.post(address(harbor.clinic, page, number=billed.invoice.number), fields, follow=True)


def seal_of(client, harbor, charge) -> str:
    page = client.get(address(harbor.clinic, "invoice_void", number=charge.invoice.number)).content.decode()
    return re.search(r'name="seal" value="([0-9a-f]+)"', page)[1]


def test_invoice_offers_both_to_whom_may_and_neither_once_it_is_void(bill, harbor, charge):
    invoice = lambda: words(bill, harbor, "invoice", charge)  # noqa: E731
    assert "Credit note" in invoice()
    assert "Void invoice" in invoice()
    send(bill, harbor, "invoice_void", charge, seal=seal_of(bill, harbor, charge))
    assert "Credit note" not in invoice()
    assert "Void invoice" not in invoice()


@pytest.mark.parametrize("page", ["invoice_credit", "invoice_void"])
def test_reception_is_told_who_may(client, harbor, charge, page):
    client.force_login(harbor.rita.user)
    assert "Void invoice" not in words(client, harbor, "invoice", charge)
    answer = send(client, harbor, page, charge, charge=charge.pk, amount="1")
    assert answer.status_code == 403
    assert "Billing, Admin or Owner" in answer.content.decode()
    assert left(charge) == [12000]


def test_part_of_a_charge_is_credited_with_its_reason(bill, harbor, charge):
    assert "owes $120.00" in words(bill, harbor, "invoice_credit", charge)
    answer = send(bill, harbor, "invoice_credit", charge, charge=charge.pk, amount="20.50")
    assert "$20.50 of D1001 Procedure 1 was credited." in answer.content.decode()
    assert left(charge) == [9950]
    posting = Posting.objects.latest("pk")
    assert (posting.kind, posting.reason) == (PostingKind.CREDIT_NOTE, "Billed wrongly")


def test_credit_note_sent_twice_is_one(bill, harbor, charge):
    key = str(uuid.uuid4())
    for _ in range(2):
        answer = send(bill, harbor, "invoice_credit", charge, charge=charge.pk, amount="120", request_key=key)
        assert answer.redirect_chain
    assert left(charge) == [0]


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("", "Enter the amount to credit."),
        ("0", "Enter an amount greater than zero."),
        ("-5", "Enter an amount"),
        ("a lot", "Enter an amount such as 120.50."),
        ("120.01", "Enter at most $120.00, which is what this charge owes."),
    ],
)
def test_wrong_amount_credits_nothing(bill, harbor, charge, amount, said):
    answer = send(bill, harbor, "invoice_credit", charge, charge=charge.pk, amount=amount)
    assert answer.status_code == 422
    assert said in Words(answer.content.decode()).text
    assert left(charge) == [12000]


def test_charge_of_another_invoice_or_no_reason_is_refused(bill, harbor, charge):
    other = a_charge(harbor, a_patient(harbor, "Zoe", "Other"), 3000)
    assert send(bill, harbor, "invoice_credit", charge, charge=other.pk, amount="1").status_code == 422
    assert send(bill, harbor, "invoice_credit", charge, charge=charge.pk, amount="1", reason=" ").status_code == 422
    assert left(charge, other) == [12000, 3000]


def test_paid_invoice_has_nothing_to_credit(bill, harbor, charge):
    a_payment(harbor, charge.account, 12000, (charge, 12000))
    assert "Credit note" not in words(bill, harbor, "invoice", charge)
    page = bill.get(address(harbor.clinic, "invoice_credit", number=charge.invoice.number), follow=True)
    assert "Nothing is owed on INV-001, so there is nothing to credit." in page.content.decode()


def test_charge_that_was_paid_or_voided_meanwhile_is_told_so(bill, harbor, charge):
    a_payment(harbor, charge.account, 12000, (charge, 12000))
    answer = send(bill, harbor, "invoice_credit", charge, charge=charge.pk, amount="1")
    assert answer.status_code == 422
    assert "Nothing is owed on this charge any more." in Words(answer.content.decode()).text


def test_w_6_void_shows_what_it_frees_and_does_it(bill, harbor, charge):
    payment = a_payment(harbor, charge.account, 5000, (charge, 5000))
    page = words(bill, harbor, "invoice_void", charge)
    assert "$120.00 of INV-001" in page
    assert "$70.00 by Ethan Park" in page
    assert "$50.00 of PAY-001 that paid D1001 Procedure 1" in page

    answer = send(bill, harbor, "invoice_void", charge, seal=seal_of(bill, harbor, charge))

    assert "INV-001 is void. What had paid it is in hand again." in answer.content.decode()
    assert left(charge) == [0]
    assert credit_of(payment).available == 5000
    assert AuditEvent.objects.get(action="invoice.voided").reason == "Billed wrongly"
    assert "INV-001 is void already." in words(bill, harbor, "invoice_void", charge)


def test_void_that_would_do_something_else_by_now_does_nothing(bill, harbor, charge):
    payment = a_payment(harbor, charge.account, 5000, (charge, 5000))
    seal = seal_of(bill, harbor, charge)
    undo_allocation(allocation(charge=charge).pk, by=harbor.rita, reason="Wrong one")

    answer = send(bill, harbor, "invoice_void", charge, seal=seal)

    assert answer.status_code == 422
    assert "Something has changed since this summary was made." in Words(answer.content.decode()).text
    assert left(charge) == [12000]
    assert credit_of(payment).available == 5000
    answer = send(bill, harbor, "invoice_void", charge, seal=seal_of(bill, harbor, charge))
    assert "INV-001 is void." in answer.content.decode()
    assert "in hand again" not in answer.content.decode()


def test_void_sent_twice_is_one_and_again_is_refused(bill, harbor, charge):
    form = {"seal": seal_of(bill, harbor, charge), "request_key": str(uuid.uuid4())}
    assert send(bill, harbor, "invoice_void", charge, **form).redirect_chain
    assert send(bill, harbor, "invoice_void", charge, **form).redirect_chain
    again = send(bill, harbor, "invoice_void", charge, **form | {"request_key": str(uuid.uuid4())})
    assert "INV-001 is void already." in Words(again.content.decode()).text


def test_void_sent_twice_says_the_same_both_times(bill, harbor, charge):
    a_payment(harbor, charge.account, charge.amount, (charge, charge.amount))
    form = {"seal": seal_of(bill, harbor, charge), "request_key": str(uuid.uuid4())}
    for _ in range(2):
        answer = send(bill, harbor, "invoice_void", charge, **form)
        assert "INV-001 is void. What had paid it is in hand again." in Words(answer.content.decode()).text


def test_written_off_invoice_is_not_voided(bill, harbor, charge):
    written_off = request_write_off(charge.account, [charge.invoice], by=harbor.bill, reason="Moved abroad")
    approve_write_off(written_off, by=harbor.olga)
    page = words(bill, harbor, "invoice_void", charge)
    assert "This can’t be voided" in page
    assert "INV-001 is on a payment plan or written off. Undo that first." in page


def test_invoice_of_an_instalment_says_why_it_is_not_voided_and_does_not_offer_it(bill, harbor, charge):
    terms = Terms(5000, Frequency.WEEKLY, clock.today(harbor.clinic))
    plan = start_plan(charge.account, [charge], terms, by=harbor.bill)
    invoice = bill_instalment(plan.instalments.order_by("position")[0], by=harbor.bill)
    instalment = invoice.charges.get()

    shown = words(bill, harbor, "invoice", instalment)

    assert f"It can’t be voided: {instalment.invoice.ref} is on a payment plan or written off." in shown
    assert "Void invoice" not in shown
