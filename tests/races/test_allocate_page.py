"""Several people press OK on the allocate page at once: nothing is lost, nothing is doubled (S3.41, C16)."""

import pytest
from django.test import Client

from balances.models import Credit
from balances.seen import Seen
from balances.services import apply_credit
from clinicpay.clinics.scope import clinic_scope
from tests.balances.invariants import broken
from tests.balances.money import applied, credit_of, left
from tests.factories import a_charge, a_patient, a_payment
from tests.payments.allocating import Sheet, opened
from tests.races.crowd import a_clinic, failures, in_scope, rush

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 6


def signed_in(member) -> Client:
    client = Client()
    client.force_login(member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def scene():
    """A clinic, two charges of 60.00 and 50.00, and 80.00 that nobody has applied."""
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        patient = a_patient(home)
        charges = [a_charge(home, patient, 6000), a_charge(home, patient, 5000)]
        return home, charges, a_payment(home, patient.account, 8000)


def test_ok_of_a_crowd_with_forms_of_their_own_is_done_once_and_all_others_are_told(scene):
    home, charges, payment = scene
    clients = [signed_in(home.members[who]) for who in ("rita", "bill", "adam", "olga")]
    sheets = [opened(client, home, payment) for client in clients]

    answers = rush(len(sheets), lambda n: sheets[n].ok())

    assert not failures(answers)
    assert sorted(answer.status_code for answer in answers) == [302, 422, 422, 422]
    for answer in answers:
        if answer.status_code == 422:
            assert "Changed since you opened this page. Nothing was saved." in answer.content.decode()
    with clinic_scope(home.clinic):
        assert (applied(), left(*charges)) == ([6000, 2000], [0, 3000])
        assert Credit.objects.get().available == 0
        assert not broken()


def test_one_form_sent_by_a_crowd_is_one_act_and_equal_answers(scene):
    home, charges, payment = scene
    client = signed_in(home.bill)
    sheet = opened(client, home, payment)
    cookies = client.cookies

    def press(_number: int):
        own = Client()
        own.cookies = cookies.copy()
        return Sheet(own, sheet.address, sheet.html, sheet.key).ok()

    answers = rush(CROWD, press)

    assert not failures(answers)
    assert {answer.status_code for answer in answers} == {302}
    with clinic_scope(home.clinic):
        assert (applied(), left(*charges)) == ([6000, 2000], [0, 3000])


def test_form_whose_twin_is_done_while_it_is_read_gets_the_same_answer(scene, monkeypatch):
    """The twin comes through between the look at the key and the look at the figures: they are read the other way."""
    home, charges, payment = scene
    client = signed_in(home.bill)
    sheet = opened(client, home, payment)
    look, twins = Seen.changes, []

    def press(_number: int):
        own = Client()
        own.cookies = client.cookies.copy()
        return Sheet(own, sheet.address, sheet.html, sheet.key).ok()

    def changes(seen, currency):
        if not twins:
            twins.append("on its way")
            twins[:] = rush(1, press)
        return look(seen, currency)

    monkeypatch.setattr(Seen, "changes", changes)
    answers = [sheet.ok(), *twins]

    assert not failures(answers)
    assert [answer.status_code for answer in answers] == [302, 302]
    with clinic_scope(home.clinic):
        assert (applied(), left(*charges)) == ([6000, 2000], [0, 3000])


def test_control_without_what_was_seen_everybody_takes_what_is_left(scene):
    """The service alone, as it is without the figures that were seen: the second applies over money it never saw."""
    home, charges, payment = scene
    with clinic_scope(home.clinic):
        credit = credit_of(payment)
    act = in_scope(home, lambda n: apply_credit(credit, [(charges[n % 2], 2000)], by=home.rita))

    assert not failures(rush(4, act))

    with clinic_scope(home.clinic):
        assert sorted(applied()) == [2000] * 4
        assert not broken()
