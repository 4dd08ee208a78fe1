"""Bank slips made, printed and undone by many at once (C-7): on one slip at most, never both banked and reversed."""

import threading
import uuid

import pytest

from balances.requests import Once, Repeated
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from deposits.models import BankSlip, BankSlipLine
from deposits.queries.slips import items_on
from deposits.services.slips import draft_slip, print_slip, seal_of
from payments.services import reverse_payment
from tests.balances.invariants import broken
from tests.deposits.slips import drafted, paid, wish
from tests.direct import connect, scratch
from tests.races.crowd import PATIENCE, a_clinic, failures, in_scope, rush

pytestmark = pytest.mark.django_db(transaction=True)

CROWD, ROUNDS = 8, 5


def test_control_looking_first_banks_a_payment_more_than_once():
    all_have_looked = threading.Barrier(CROWD)

    def naive(number: int) -> None:
        with connect() as connection:
            listed = connection.execute("select count(*) from scratch").fetchone()[0]
            all_have_looked.wait(PATIENCE)
            if not listed:
                connection.execute("insert into scratch values ('PAY-001')")

    with scratch("payment text"):
        assert not failures(rush(CROWD, naive))
        with connect() as connection:
            assert connection.execute("select count(*) from scratch").fetchone()[0] == CROWD


def test_admins_who_begin_a_slip_at_once_make_one_draft():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        paid(home, 1000)
        asked = wish(home)
    results = rush(CROWD, in_scope(home, lambda _: draft_slip(home.location, asked, by=home.adam)))
    assert len(failures(results, Refusal)) == len(failures(results)) == CROWD - 1
    with clinic_scope(home.clinic):
        assert (BankSlip.objects.count(), BankSlipLine.objects.count()) == (1, 1)


def test_a_double_click_prints_one_slip_and_says_so_twice():
    home = a_clinic()
    with clinic_scope(home.clinic, home.rita.user):
        paid(home, 1000)
        slip = drafted(home)
        seal = seal_of(items_on(slip), slip)
    once = Once.of(uuid.uuid4(), act="print")

    def click(number: int) -> int:
        try:
            return print_slip(home.location, seal=seal, by=home.adam, once=once).number
        except Repeated as again:
            return again.answer["slip"]

    assert rush(CROWD, in_scope(home, click)) == [1] * CROWD


def test_c7_a_payment_is_printed_or_reversed_never_both():
    ended = set()
    for _ in range(ROUNDS):
        home = a_clinic()
        with clinic_scope(home.clinic, home.rita.user):
            payment = paid(home, 1000)
            slip = drafted(home)
            seal = seal_of(items_on(slip), slip)

        def act(number: int, home=home, payment=payment, seal=seal) -> None:
            if number % 2:
                reverse_payment(payment, by=home.adam, reason="entered twice")
            else:
                print_slip(home.location, seal=seal, by=home.adam)

        results = rush(4, in_scope(home, act))
        assert len(failures(results, Refusal)) == len(failures(results)) == 3
        with clinic_scope(home.clinic):
            payment.refresh_from_db()
            slip.refresh_from_db()
            assert (payment.status, slip.state) in {("paid", "printed"), ("voided", "draft")}
            assert not broken()
            ended.add(slip.state)
    assert ended
