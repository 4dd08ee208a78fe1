"""Finance notes: appended, never changed, and seen by nobody who sees no money."""

import uuid

import pytest
from django.db import DatabaseError, transaction

from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.scope import clinic_scope
from payments.models import Note
from payments.services import add_note
from tests.factories import a_patient, a_payment, an_event


@pytest.fixture
def payment(harbor):
    patient = a_patient(harbor)
    return a_payment(harbor, patient.account, 5000, patient=patient)


@pytest.fixture
def rita(client, harbor):
    client.force_login(harbor.rita.user)
    return client


def place(home, payment, part: str = "notes/") -> str:
    return f"/c/{home.clinic.slug}/payments/{payment.ref}/{part}"


def sent(text: str, **more) -> dict:
    return {"text": text, "request_key": str(uuid.uuid4())} | more


def test_S1_79_and_S1_94_note_is_added_on_the_payments_page_newest_first(harbor, rita, payment):
    rita.post(place(harbor, payment), sent("Called the bank"))
    page = rita.post(place(harbor, payment), sent("They will call back"), follow=True).content.decode()

    assert page.index("They will call back") < page.index("Called the bank")
    assert "by Rita" in page
    line = AuditEvent.objects.filter(action="note.added").latest("pk")
    assert (line.subject, line.after) == (payment.ref, {"length": 19})


def test_htmx_gets_the_panel_alone_with_an_empty_field(harbor, rita, payment):
    answer = rita.post(place(harbor, payment), sent("Called the bank"), headers={"HX-Request": "true"})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in page
    assert "></textarea>" in page
    assert "Called the bank" in page


@pytest.mark.parametrize(
    ("text", "words"), [("", "Fill this in."), ("  \n ", "Fill this in."), ("x" * 2001, "at most 2000")]
)
def test_wrong_note_is_said_under_the_field(harbor, rita, payment, text, words):
    answer = rita.post(place(harbor, payment), sent(text))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Note.objects.count() == 0


def test_markup_is_text(harbor, rita, payment):
    page = rita.post(place(harbor, payment), sent("<script>alert(1)</script>"), follow=True).content.decode()

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_note_that_arrives_twice_is_one_note(harbor, rita, payment):
    form = sent("Called the bank")

    statuses = [rita.post(place(harbor, payment), form).status_code for _ in range(2)]

    assert (statuses, Note.objects.count()) == ([302, 302], 1)


def test_note_is_never_changed_or_deleted_by_any_sql_of_ours(harbor, payment):
    note = add_note(payment, "Called the bank", by=harbor.rita)

    for change in (lambda: Note.objects.update(text="x"), note.delete):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            change()


def test_S0_8_practitioner_sees_no_finance_note_anywhere(harbor, client, payment):
    event = an_event(harbor, payment.patient, 5000)
    add_note(event, "Pays late", by=harbor.rita)
    add_note(payment, "Pays late", by=harbor.rita)
    here = f"/c/{harbor.clinic.slug}/treatments/{event.ref}"

    client.force_login(harbor.bill.user)
    assert "Pays late" in client.get(f"{here}/").content.decode()
    client.force_login(harbor.petra.user)
    for seen in (f"{here}/", f"{here}/history/", f"/c/{harbor.clinic.slug}/patients/{payment.patient.ref}/history/"):
        page = client.get(seen).content.decode()
        assert "Pays late" not in page
        assert "note to" not in page
    for closed in (f"{here}/money-notes/", place(harbor, payment), place(harbor, payment, "")):
        assert client.get(closed).status_code == 403
    assert client.post(f"{here}/money-notes/", sent("Hello")).status_code == 403


def test_other_clinic_finds_no_note(harbor, lakeside, client, payment):
    add_note(payment, "Pays late", by=harbor.rita)
    client.force_login(lakeside.rita.user)

    assert client.get(place(harbor, payment)).status_code == 404
    assert client.get(place(lakeside, payment)).status_code == 404
    with clinic_scope(lakeside.clinic):
        assert Note.objects.count() == 0
