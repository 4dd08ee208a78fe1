"""The desk over HTTP: wrong input, repeated forms, and what stays as it was."""

import uuid

import pytest
from django.test import Client

from balances.models import Posting
from balances.services import complete_event
from clinicpay.clinics.scope import clinic_scope
from payments.models import Payment, Receipt
from tests.factories import Clinicful, a_charge, a_patient, an_event, make_clinic
from tests.journeys.steps import BACKEND, desk_form
from tests.races.crowd import rush


@pytest.fixture
def owing(desk):
    """A patient who owes 100.00, and the address where reception takes it."""
    with clinic_scope(desk.clinic):
        charge = a_charge(desk, a_patient(desk), 10000)
    return charge, f"/c/{desk.clinic.slug}/patients/PT-001/pay/"


def postings(desk: Clinicful) -> int:
    with clinic_scope(desk.clinic):
        return Posting.objects.count()


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "greater than zero"),
        ("-5", "greater than zero"),
        ("0.005", "at most 2 decimals"),
        ("ten", "such as 120.50"),
        ("1000000000000000", "at most $9,999,999,999.99"),
        ("", "Enter an amount."),
    ],
)
def test_wrong_amount_is_said_under_the_field_and_changes_nothing(desk, rita, owing, amount, words):
    before = postings(desk)

    answer = rita.post(owing[1], desk_form(desk, amount))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert postings(desk) == before


def test_case_r12_more_than_is_owed_is_received_and_the_rest_stays_unapplied(desk, rita, owing):
    charge, address = owing

    refused = rita.post(address, desk_form(desk, "100.01", **{f"apply-{charge.pk}": "100.01"}))
    answer = rita.post(address, desk_form(desk, "100.01", **{f"apply-{charge.pk}": "100.00"}), follow=True)

    assert refused.status_code == 422
    assert "Enter at most $100.00" in refused.content.decode()
    assert "$0.01 stays unapplied" in answer.content.decode()
    with clinic_scope(desk.clinic):
        charge.account.refresh_from_db()
        assert (charge.account.owes, charge.account.unapplied) == (0, 1)


def test_more_applied_than_paid_is_refused(desk, rita, owing):
    charge, address = owing

    answer = rita.post(address, desk_form(desk, "50", **{f"apply-{charge.pk}": "60"}))

    assert answer.status_code == 422
    assert "$10.00 more is applied than is paid" in answer.content.decode()


def test_further_tenders_that_leave_nothing_are_refused(desk, rita, owing):
    further = {"tender-TOTAL_FORMS": "1", "tender-0-method": "card", "tender-0-amount": "50"}

    answer = rita.post(owing[1], desk_form(desk, "50", **further))

    assert answer.status_code == 422
    assert "further tenders add up" in answer.content.decode()


def test_sixteen_submits_at_once_are_one_payment_and_sixteen_equal_answers(desk, owing):
    """B7, over HTTP: each click has a connection of its own."""
    charge, address = owing
    sent = desk_form(desk, "40", **{f"apply-{charge.pk}": "40"})

    def click(_number: int) -> tuple[int, str]:
        client = Client()
        client.force_login(desk.rita.user, backend=BACKEND)
        answer = client.post(address, sent)
        return answer.status_code, answer.get("Location", "")

    answers = rush(16, click)

    assert set(answers) == {(302, f"/c/{desk.clinic.slug}/receipts/R-001/")}
    with clinic_scope(desk.clinic):
        assert (Payment.objects.count(), Receipt.objects.count()) == (1, 1)


def test_used_key_with_another_amount_is_answered_409(desk, rita, owing):
    sent = desk_form(desk, "40")
    rita.post(owing[1], sent)

    answer = rita.post(owing[1], sent | {"amount": "41"})

    assert answer.status_code == 409
    with clinic_scope(desk.clinic):
        assert Payment.objects.count() == 1


def test_treatment_completed_twice_is_billed_once(desk, rita):
    with clinic_scope(desk.clinic):
        an_event(desk, a_patient(desk), 5000)
    address = f"/c/{desk.clinic.slug}/treatments/TE-001/complete/"

    first, second = rita.post(address), rita.post(address)

    assert (first.status_code, second.status_code) == (302, 409)
    assert "TE-001 is clinically closed already" in second.content.decode()
    with clinic_scope(desk.clinic):
        assert Posting.objects.filter(kind="charge").count() == 1


def test_patient_of_another_clinic_is_not_found(desk, rita, owing):
    other = make_clinic(f"other-{uuid.uuid4().hex[:8]}")
    with clinic_scope(other.clinic):
        for _ in range(2):
            a_patient(other)

    answer = rita.post(owing[1].replace("PT-001", "PT-002"), desk_form(desk, "40"))

    assert answer.status_code == 404


def test_receipt_prints_as_pdf(desk, rita, owing):
    rita.post(owing[1], desk_form(desk, "40"))

    answer = rita.get(f"/c/{desk.clinic.slug}/receipts/R-001/receipt.pdf")

    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_practitioner_completes_a_treatment_and_sees_no_invoice(desk):
    with clinic_scope(desk.clinic):
        event = an_event(desk, a_patient(desk), 5000)
    client = Client()
    client.force_login(desk.petra.user, backend=BACKEND)

    answer = client.post(f"/c/{desk.clinic.slug}/treatments/{event.ref}/complete/", follow=True)

    assert "TE-001 is complete." in answer.content.decode()
    assert "INV-" not in answer.content.decode()
    assert "$" not in answer.content.decode()


def test_completed_again_through_the_service_is_refused_too(desk):
    with clinic_scope(desk.clinic):
        event = an_event(desk, a_patient(desk), 5000)
        complete_event(event, by=desk.petra)
        with pytest.raises(Exception, match="closed already"):
            complete_event(event, by=desk.petra)
