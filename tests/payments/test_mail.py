"""Email of a receipt: once, to one address, by a worker that may be woken twice or die in between."""

import re
import uuid
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from balances.requests import Once, Repeated
from clinicpay.audit.models import AuditEvent
from clinicpay.celery import app
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.access import Refused
from clinicpay.tasks import send_message, send_waiting
from payments.models import Message
from payments.services import Mail, reverse_payment, send_mail_of
from payments.services.mail import A_DAY, PAUSES, waiting_messages
from tests.factories import a_patient, a_receipt

BROKEN = "tests.payments.mail_servers"


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def receipt(harbor, ethan):
    return a_receipt(harbor, ethan.account, 15000, patient=ethan)


@pytest.fixture
def rita(client, harbor):
    client.force_login(harbor.rita.user)
    return client


def a_mail(to: str = "ethan@example.test", *, secret: bool = False) -> Mail:
    return Mail(Message.Kind.RECEIPT, to, "Receipt R-001", "Thank you", secret=secret)


def work(message: Message) -> Message:
    """What the worker does when it is woken."""
    send_message.apply([message.clinic_id, message.pk]).get()
    message.refresh_from_db()
    return message


def lines(**where) -> list[str]:
    found = AuditEvent.objects.filter(action__startswith="message.", **where).order_by("pk")
    return list(found.values_list("action", flat=True))


def place(home, receipt, end: str = "send/") -> str:
    return f"/c/{home.clinic.slug}/receipts/{receipt.ref}/{end}"


def test_receipt_is_sent_from_its_page_with_the_pdf_and_no_treatment(
    harbor, ethan, rita, receipt, django_capture_on_commit_callbacks
):
    """Issue point 7, "receipts: email": the address comes filled in and may be corrected."""
    ethan.email = "ethan@example.test"
    ethan.save(update_fields=["email"])
    assert 'value="ethan@example.test"' in rita.get(place(harbor, receipt)).content.decode()

    with django_capture_on_commit_callbacks() as woken:
        sent = rita.post(place(harbor, receipt), {"to": "mia@example.test", "request_key": uuid.uuid4()}, follow=True)

    assert "R-001 is on its way to mia@example.test." in sent.content.decode()
    assert len(woken) == 1
    assert work(Message.objects.get()).state == Message.State.SENT
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["mia@example.test"], "Receipt R-001 from Harbor Clinic")
    assert letter.from_email == "Harbor Clinic <no-reply@clinicpay.invalid>"
    assert "$150.00" in letter.body
    assert letter.attachments[0].filename == "R-001.pdf"
    assert letter.attachments[0].content.startswith(b"%PDF-")
    page = rita.get(place(harbor, receipt, "")).content.decode()
    assert "mia@example.test" in page
    assert "Sent" in page
    assert "by Rita" in page


def test_trail_says_who_asked_and_that_it_was_sent(harbor, receipt):
    work(send_mail_of(receipt, a_mail(), by=harbor.rita))

    asked, sent = AuditEvent.objects.filter(action__startswith="message.").order_by("pk")
    assert (asked.action, asked.actor, asked.subject) == ("message.queued", harbor.rita.label, "R-001")
    assert (sent.action, sent.after["email"], sent.actor) == ("message.sent", "ethan@example.test", "ClinicPay")
    assert asked.patient_id == receipt.patient_id


def test_task_that_is_delivered_twice_sends_once(harbor, receipt):
    message = send_mail_of(receipt, a_mail(), by=harbor.rita)

    for _ in range(3):
        work(message)

    assert len(mail.outbox) == 1
    assert lines() == ["message.queued", "message.sent"]


def test_worker_that_died_in_the_middle_is_followed_by_another_not_at_once(harbor, receipt):
    message = send_mail_of(receipt, a_mail(), by=harbor.rita)
    from payments.services.mail import IN_HAND, take_message

    assert take_message(message.pk)  # and then its process is killed
    work(message)
    assert mail.outbox == []

    with time_machine.travel(timezone.now() + IN_HAND + timedelta(seconds=1), tick=False):
        assert work(message).state == Message.State.SENT
    assert len(mail.outbox) == 1


def test_message_whose_task_was_lost_is_found_by_the_tick(harbor, receipt, monkeypatch):
    message = send_mail_of(receipt, a_mail(), by=harbor.rita)
    woken = []
    monkeypatch.setattr(send_message, "delay", lambda *ids: woken.append(ids))

    send_waiting.apply([harbor.clinic.pk]).get()
    work(message)
    send_waiting.apply([harbor.clinic.pk]).get()

    assert woken == [(harbor.clinic.pk, message.pk)]


def test_server_that_is_away_is_tried_again_and_given_up_in_the_end(harbor, rita, receipt, settings):
    settings.EMAIL_BACKEND = f"{BROKEN}.Away"
    message = send_mail_of(receipt, a_mail(), by=harbor.rita)
    now = timezone.now()

    for pause in [timedelta(0), *PAUSES]:
        now += pause + timedelta(seconds=5)
        with time_machine.travel(now, tick=False):
            assert work(message).state in {Message.State.QUEUED, Message.State.FAILED}

    assert (message.attempts, message.state) == (4, Message.State.FAILED)
    assert lines() == ["message.queued", "message.failed"]
    page = rita.get(place(harbor, receipt, "")).content.decode()
    assert "Not sent" in page
    assert "The mail server did not answer" in page


def test_address_that_does_not_exist_is_not_tried_again(harbor, receipt, settings):
    settings.EMAIL_BACKEND = f"{BROKEN}.NobodyThere"

    message = work(send_mail_of(receipt, a_mail(), by=harbor.rita))

    assert (message.attempts, message.state) == (1, Message.State.FAILED)
    assert message.fault == "The mail server refused this address."


def test_address_that_is_not_taken_at_the_moment_is_not_called_refused(harbor, receipt, settings):
    settings.EMAIL_BACKEND = f"{BROKEN}.NotNow"

    message = work(send_mail_of(receipt, a_mail(), by=harbor.rita))

    assert (message.attempts, message.state) == (1, Message.State.QUEUED)
    assert message.fault == "The mail server does not take this address at the moment."


def test_without_a_mail_server_it_says_so_and_writes_nothing_to_a_log(harbor, receipt, settings, capsys):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

    message = work(send_mail_of(receipt, a_mail(), by=harbor.rita))

    assert message.fault == "No mail server is set up for ClinicPay (EMAIL_URL)."
    assert "ethan@example.test" not in capsys.readouterr().out


def test_words_that_open_something_are_erased_once_they_are_sent(harbor, receipt):
    secret = work(send_mail_of(receipt, a_mail(secret=True), by=harbor.rita))
    plain = work(send_mail_of(receipt, a_mail("b@example.test"), by=harbor.rita))

    assert (secret.body, plain.body) == ("", "Thank you")
    assert [letter.body for letter in mail.outbox] == ["Thank you", "Thank you"]


def test_retries_keep_one_message_id(harbor, receipt):
    from payments.services.mail import composed

    message = send_mail_of(receipt, a_mail(), by=harbor.rita)

    assert composed(message.pk).extra_headers == composed(message.pk).extra_headers
    assert re.fullmatch(r"<clinicpay-\d+-\d+@clinicpay\.invalid>", composed(message.pk).extra_headers["Message-ID"])


def test_form_that_arrives_twice_sends_once(harbor, rita, receipt):
    sent = {"to": "mia@example.test", "request_key": str(uuid.uuid4())}

    first, second = (rita.post(place(harbor, receipt), sent) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 302)
    assert Message.objects.count() == 1


def test_service_answers_a_repeated_key_with_the_first_message(harbor, receipt):
    once = Once.of(uuid.uuid4(), to="a")
    message = send_mail_of(receipt, a_mail(), by=harbor.rita, once=once)

    with pytest.raises(Repeated) as repeated:
        send_mail_of(receipt, a_mail(), by=harbor.rita, once=once)
    assert repeated.value.answer == {"message": message.pk}


def test_same_address_waits_until_the_first_is_sent(harbor, receipt):
    message = send_mail_of(receipt, a_mail(), by=harbor.rita)
    with pytest.raises(Refusal, match="on its way to that address already"):
        send_mail_of(receipt, a_mail(), by=harbor.rita)

    work(message)
    assert send_mail_of(receipt, a_mail(), by=harbor.rita).pk


def test_ten_a_day_are_enough(harbor, receipt):
    for number in range(A_DAY):
        send_mail_of(receipt, a_mail(f"{number}@example.test"), by=harbor.rita)

    with pytest.raises(Refusal, match="10 times in a day"):
        send_mail_of(receipt, a_mail("late@example.test"), by=harbor.rita)


@pytest.mark.parametrize("to", ["", "mia", "mia@", "mia@example.test, x@y.test", "mia@example.test\nBcc: x@y.test"])
def test_wrong_address_is_refused_under_the_field(harbor, rita, receipt, to):
    answer = rita.post(place(harbor, receipt), {"to": to, "request_key": uuid.uuid4()})

    assert answer.status_code == 422
    assert Message.objects.count() == 0


def test_reversed_receipt_is_not_sent(harbor, rita, receipt):
    reverse_payment(receipt.payments.get(), by=harbor.rita, reason="wrong")

    answer = rita.post(place(harbor, receipt), {"to": "mia@example.test", "request_key": uuid.uuid4()})

    assert (answer.status_code, Message.objects.count()) == (409, 0)
    assert "Email</a>" not in rita.get(place(harbor, receipt, "")).content.decode()


def test_practitioner_sends_nothing(harbor, client, receipt):
    client.force_login(harbor.petra.user)

    assert client.get(place(harbor, receipt)).status_code == 403
    with pytest.raises(Refused, match="can't send receipts"):
        send_mail_of(receipt, a_mail(), by=harbor.petra)


def test_receipt_of_another_clinic_is_not_found(harbor, lakeside, client, receipt):
    client.force_login(lakeside.rita.user)

    answer = client.post(place(lakeside, receipt), {"to": "mia@example.test", "request_key": uuid.uuid4()})

    assert answer.status_code == 404


def test_page_asks_again_only_while_something_is_on_its_way(harbor, rita, receipt):
    message = send_mail_of(receipt, a_mail(), by=harbor.rita)
    part = {"HX-Request": "true"}

    waiting = rita.get(place(harbor, receipt, ""), headers=part).content.decode()
    work(message)
    done = rita.get(place(harbor, receipt, ""), headers=part).content.decode()

    assert 'hx-trigger="every 4s"' in waiting
    assert "On its way" in waiting
    assert "hx-trigger" not in done
    assert "<html" not in done


def test_message_of_a_payment_says_what_it_is_about(harbor, receipt):
    payment = receipt.payments.get()

    message = work(
        send_mail_of(payment, Mail(Message.Kind.LINK, "mia@example.test", "Pay here", "https://…"), by=harbor.bill)
    )

    assert message.about == payment
    assert mail.outbox[0].attachments == []
    assert AuditEvent.objects.get(action="message.sent").subject == payment.ref


def test_kinds_of_faults(harbor):
    """The control of the two broken servers: one is final, one is not."""
    from payments.services.mail import post

    class Letter:
        def __init__(self, error):
            self.error = error

        def send(self):
            raise self.error

    assert post(Letter(SMTPRecipientsRefused({"a@b.c": (550, b"no")}))).is_final
    assert not post(Letter(SMTPRecipientsRefused({"a@b.c": (451, b"later")}))).is_final
    assert not post(Letter(SMTPServerDisconnected("gone"))).is_final
    assert not post(Letter(TimeoutError())).is_final


def test_clinic_of_the_task_decides_whose_message_is_read(harbor, lakeside, receipt):
    message = send_mail_of(receipt, a_mail(), by=harbor.rita)

    send_message.apply([lakeside.clinic.pk, message.pk]).get()

    assert mail.outbox == []
    with clinic_scope(harbor.clinic):
        message.refresh_from_db()
    assert message.attempts == 0


def test_broker_that_is_away_costs_a_second_and_no_message(
    harbor, receipt, monkeypatch, django_capture_on_commit_callbacks
):
    """The message is queued all the same, and the tick finds it."""
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    rests = []
    monkeypatch.setattr("kombu.utils.functional.sleep", rests.append)

    with django_capture_on_commit_callbacks(execute=True):
        send_mail_of(receipt, a_mail(), by=harbor.rita)

    assert sum(rests) <= 1
    assert len(waiting_messages()) == 1
