"""Email through a real Celery worker: another process, the real broker, a mail server of the test."""

import email
import uuid

import pytest
from django.test import Client

from clinicpay.celery import app
from clinicpay.clinics.scope import clinic_scope
from clinicpay.tasks import send_message
from payments.models import Message
from tests.a_worker import a_worker, wait_for
from tests.factories import a_patient, a_receipt, make_clinic

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue(monkeypatch) -> str:
    """A queue of this test alone: others may be using the broker."""
    name = f"mail-{uuid.uuid4().hex}"
    monkeypatch.setattr(send_message, "_exec_options", {"queue": name})
    return name


@pytest.fixture
def outbox(queue, tmp_path):
    """A worker in a process of its own, which puts its mail into this folder."""
    with a_worker(queue, tmp_path):
        yield tmp_path


def test_receipt_goes_from_the_page_through_the_broker_to_the_mail_server_once(queue, outbox):
    home = make_clinic(f"mail-{uuid.uuid4().hex[:8]}", "Harbor Clinic")
    with clinic_scope(home.clinic):
        patient = a_patient(home)
        a_receipt(home, patient.account, 15000, patient=patient)
    rita = Client()
    rita.force_login(home.rita.user)
    sent = {"to": "mia@example.test", "request_key": uuid.uuid4()}

    assert rita.post(f"/c/{home.clinic.slug}/receipts/R-001/send/", sent).status_code == 302

    def settled():
        with clinic_scope(home.clinic):
            return Message.objects.exclude(state=Message.State.QUEUED).first()

    message = wait_for(settled, outbox)
    assert message.state == Message.State.SENT, (outbox / "worker.out").read_text()
    for _ in range(2):  # the broker delivers it again
        send_message.apply_async([home.clinic.pk, message.pk], queue=queue)
    wait_for(lambda: (outbox / "worker.out").read_text().count("succeeded") >= 0 and _empty(queue), outbox)

    (file,) = outbox.glob("*.log")
    letter = email.message_from_bytes(file.read_bytes().split(b"\n" + b"-" * 79)[0])
    assert letter["To"] == "mia@example.test"
    assert [part.get_filename() for part in letter.walk() if part.get_filename()] == ["R-001.pdf"]


def _empty(queue: str) -> bool:
    with app.connection_for_read() as broker:
        return broker.default_channel.client.llen(queue) == 0
