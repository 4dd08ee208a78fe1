"""Bank slips: what waits, what is printed, and what is locked by it (issue 7, item 5; C-7)."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused
from deposits.models import BankSlip
from deposits.queries.slips import items_on, locked_by, sums, waiting, waits
from deposits.services.slips import Wish, discard_slip, draft_slip, mark_of, print_slip, seal_of, void_slip
from deposits.states import NUMBERED, SLIP_MOVES, SlipState
from payments.services import (
    record_return,
    reverse_payment,
    reverse_refund,
)
from payments.states import Method, ReturnReason
from tests.deposits.slips import back, paid, print_draft, printed, wish
from tests.factories import Clinicful, a_closed_day, a_patient, a_payment
from tests.moves import listed

pytestmark = pytest.mark.django_db


def draft() -> BankSlip:
    return BankSlip.objects.get(state=SlipState.DRAFT)


def test_slip_lists_cash_and_cheques_less_cash_refunds_and_cash_taken_out(harbor):
    cash, cheque = paid(harbor, 10000), paid(harbor, 5000, Method.CHEQUE)
    paid(harbor, 7000, Method.CARD)
    refund = back(harbor, cash, 3000)

    slip = printed(harbor, cash_out=2000, reason="Petty cash")

    assert [one.ref for one in items_on(slip)] == [cash.ref, cheque.ref, refund.ref]
    assert (slip.ref, slip.cash, slip.cheques, slip.total) == ("BS-001", 7000, 5000, 10000)
    assert (slip.printed_by_id, slip.day) == (harbor.rita.user_id, clock.today(harbor.clinic))
    assert sums(items_on(slip)).refunds == 3000


def test_on_hold_payments_wait_for_the_next_slip(harbor):
    first, second = paid(harbor, 1000), paid(harbor, 2000)
    assert printed(harbor, first.ref).cash == 1000
    (left,) = waits()
    assert (left.cash, left.cheques, left.count, left.oldest) == (2000, 0, 1, clock.today(harbor.clinic))
    slip = printed(harbor)
    assert (slip.ref, [one.ref for one in items_on(slip)]) == ("BS-002", [second.ref])
    assert waits()[0].count == 0


def test_case_c_7_payment_on_a_printed_slip_is_not_reversed(harbor):
    payment = paid(harbor, 1000)
    draft_slip(harbor.location, wish(harbor), by=harbor.bill)
    assert locked_by(payment) is None
    printed_slip = print_draft(harbor, draft())
    with pytest.raises(Refusal, match=f"{payment.ref} is on bank slip {printed_slip.ref}"):
        reverse_payment(payment, by=harbor.rita, reason="entered twice")
    payment.refresh_from_db()
    assert payment.status == "paid"


def test_payment_on_a_slip_can_be_refunded_and_its_cheque_can_bounce(harbor):
    cash, cheque = paid(harbor, 1000), paid(harbor, 2000, Method.CHEQUE)
    slip = printed(harbor)
    refund = back(harbor, cash, 400)
    record_return(cheque, 2000, by=harbor.bill, reason=ReturnReason.BOUNCED)
    slip.refresh_from_db()
    assert (slip.cash, slip.cheques) == (1000, 2000)
    assert [one.ref for one in waiting(harbor.location, slip.first, slip.last)] == [refund.ref]


def test_cash_refund_on_a_printed_slip_is_not_reversed(harbor):
    refund = back(harbor, paid(harbor, 1000), 400)
    slip = printed(harbor)
    with pytest.raises(Refusal, match=f"{refund.ref} is on bank slip {slip.ref}"):
        reverse_refund(refund, by=harbor.bill, reason="came again")


def test_owner_voids_a_slip_and_both_stay(harbor):
    payment = paid(harbor, 1000)
    slip = printed(harbor)
    with pytest.raises(Refused):
        void_slip(slip, by=harbor.adam, reason="wrong bag")
    with pytest.raises(Refusal, match="Say why"):
        void_slip(slip, by=harbor.olga, reason=" ")
    void_slip(slip, by=harbor.olga, reason="wrong bag")
    again = printed(harbor)
    assert [(one.ref, one.state, one.lines.count()) for one in BankSlip.objects.order_by("pk")] == [
        ("BS-001", "voided", 1),
        ("BS-002", "printed", 1),
    ]
    void_slip(again, by=harbor.olga, reason="again")
    with pytest.raises(Refusal, match="voided already"):
        void_slip(again, by=harbor.olga, reason="twice")
    assert reverse_payment(payment, by=harbor.rita, reason="entered twice").status == "voided"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"cash_out": 1001, "reason": "x"}, "Only \\$10.00 in cash"),
        ({"cash_out": -1, "reason": "x"}, "can’t be negative"),
        ({"cash_out": 500}, "taken out for"),
        ({"cash_out": 1000, "reason": "all of it"}, "Nothing would go"),
        ({"seen": "1.1"}, "changed meanwhile"),
    ],
)
def test_wrong_cash_or_an_old_page_is_refused_in_words(harbor, more, words):
    paid(harbor, 1000)
    with pytest.raises(Refusal, match=words):
        draft_slip(harbor.location, wish(harbor, **more), by=harbor.bill)
    assert not BankSlip.objects.exists()


def test_draft_that_somebody_changed_meanwhile_is_looked_at_again(harbor):
    """The same draft, but not as it was seen: of two who change it the second is told."""
    first, second = paid(harbor, 1000), paid(harbor, 500)
    slip = draft_slip(harbor.location, wish(harbor), by=harbor.bill)
    seen, seal = mark_of(slip), seal_of(items_on(slip), slip)
    draft_slip(harbor.location, wish(harbor, first.ref, seen=seen), by=harbor.olga)
    with pytest.raises(Refusal, match="changed meanwhile"):
        draft_slip(harbor.location, wish(harbor, second.ref, seen=seen), by=harbor.bill)
    with pytest.raises(Refusal, match="changed meanwhile"):
        print_slip(harbor.location, seal=seal, by=harbor.bill)
    assert [one.ref for one in items_on(draft())] == [first.ref]


def test_empty_slip_and_day_to_come_are_refused(harbor):
    today = clock.today(harbor.clinic)
    with pytest.raises(Refusal, match="empty slip"):
        draft_slip(harbor.location, Wish(today, today, frozenset()), by=harbor.bill)
    with pytest.raises(Refusal, match="until today"):
        draft_slip(harbor.location, Wish(today, today + timedelta(1), frozenset({"PAY-001"})), by=harbor.bill)


def test_payment_of_another_location_and_a_card_are_refused(harbor):
    annex = Location.objects.create(name="Annex")
    there, card = paid(harbor, 1000, location=annex), paid(harbor, 1000, Method.CARD)
    for one in (there, card):
        with pytest.raises(Refusal, match=f"{one.ref} can’t go on this slip"):
            draft_slip(harbor.location, wish(harbor, one.ref), by=harbor.bill)


def test_more_refunded_in_cash_than_taken_is_refused(harbor):
    cash = paid(harbor, 1000)
    refund = back(harbor, cash, 1000)
    paid(harbor, 2000, Method.CHEQUE)
    with pytest.raises(Refusal, match="Leave a refund out"):
        draft_slip(harbor.location, wish(harbor, refund.ref), by=harbor.bill)


def test_payment_reversed_meanwhile_keeps_the_draft_from_printing(harbor):
    payment, other = paid(harbor, 1000), paid(harbor, 500)
    slip = draft_slip(harbor.location, wish(harbor), by=harbor.bill)
    seal = seal_of(items_on(slip), slip)
    reverse_payment(payment, by=harbor.rita, reason="entered twice")
    with pytest.raises(Refusal, match=f"{payment.ref} can’t go to the bank any more"):
        print_slip(harbor.location, seal=seal, by=harbor.bill)
    draft_slip(harbor.location, wish(harbor, other.ref, seen=f"{slip.pk}.1"), by=harbor.bill)
    assert print_draft(harbor, draft()).cash == 500


def test_payment_refunded_meanwhile_is_looked_at_again(harbor):
    payment = paid(harbor, 1000)
    slip = draft_slip(harbor.location, wish(harbor), by=harbor.bill)
    seal = seal_of(items_on(slip), slip)
    back(harbor, payment, 400)
    with pytest.raises(Refusal, match="changed meanwhile"):
        print_slip(harbor.location, seal=seal, by=harbor.bill)


def test_bounced_cheque_does_not_wait_and_does_not_print(harbor):
    cheque = paid(harbor, 1000, Method.CHEQUE)
    paid(harbor, 500)
    slip = draft_slip(harbor.location, wish(harbor), by=harbor.bill)
    record_return(cheque, 1000, by=harbor.bill, reason=ReturnReason.BOUNCED)
    assert cheque.ref not in {one.ref for one in waiting(harbor.location, slip.first, slip.last)}
    with pytest.raises(Refusal, match=cheque.ref):
        print_draft(harbor, draft())


def test_refund_that_came_again_does_not_print(harbor):
    refund = back(harbor, paid(harbor, 1000), 400)
    draft_slip(harbor.location, wish(harbor), by=harbor.bill)
    reverse_refund(refund, by=harbor.bill, reason="came again")
    with pytest.raises(Refusal, match=f"{refund.ref} can’t go to the bank any more"):
        print_draft(harbor, draft())


def test_payments_of_a_closed_day_go_to_the_bank_later(harbor):
    day = clock.today(harbor.clinic) - timedelta(days=2)
    payment = a_payment(harbor, a_patient(harbor).account, 900, on=day)
    a_closed_day(harbor, day)
    slip = draft_slip(harbor.location, Wish(day, day, frozenset({payment.ref})), by=harbor.bill)
    assert print_slip(harbor.location, seal=seal_of(items_on(slip), slip), by=harbor.bill).total == 900


def test_discarded_draft_leaves_everything_waiting(harbor):
    paid(harbor, 1000)
    draft_slip(harbor.location, wish(harbor), by=harbor.bill)
    discard_slip(harbor.location, by=harbor.adam)
    assert waits()[0].cash == 1000
    with pytest.raises(Refusal, match="no draft"):
        discard_slip(harbor.location, by=harbor.adam)
    assert printed(harbor).ref == "BS-001"


def test_reception_makes_no_slip(harbor):
    paid(harbor, 1000)
    with pytest.raises(Refused, match="Billing, Admin or Owner"):
        draft_slip(harbor.location, wish(harbor), by=harbor.rita)


def test_every_act_is_in_the_trail(harbor):
    paid(harbor, 1000)
    slip = draft_slip(harbor.location, wish(harbor), by=harbor.bill)
    draft_slip(harbor.location, wish(harbor, seen=f"{slip.pk}.1"), by=harbor.bill)
    void_slip(print_draft(harbor, draft()), by=harbor.olga, reason="wrong bag")
    told = AuditEvent.objects.filter(subject_type="deposits.bankslip").order_by("pk")
    assert [one.action for one in told] == ["slip.drafted", "slip.changed", "slip.printed", "slip.voided"]
    assert told[2].after["amount"] == 1000
    assert told[3].reason == "wrong bag"


def test_moves_of_a_slip_are_those_of_the_database(harbor):
    """Each pair is tried with all that the new state asks for beside it."""
    passed = set()
    for old in SlipState:
        for new in SlipState:
            slip = standing(harbor, old)
            with suppress(DatabaseError), transaction.atomic():
                beside = {"number": slip.number or 9_000 + slip.pk, "day": slip.last} if new in NUMBERED else {}
                assert BankSlip.objects.filter(pk=slip.pk).update(state=new, void_reason="x", **beside) == 1
                passed |= {(str(old), str(new))} if old != new else set()
            BankSlip.objects.filter(state=SlipState.DRAFT).update(state=SlipState.DISCARDED)
    assert passed == listed(SLIP_MOVES)


def standing(home: Clinicful, state: SlipState) -> BankSlip:
    """A slip in a state, of a payment of its own."""
    payment = paid(home, 1000)
    if state in NUMBERED:
        slip = printed(home, payment.ref)
        return void_slip(slip, by=home.olga, reason="x") if state == SlipState.VOIDED else slip
    slip = draft_slip(home.location, wish(home, payment.ref), by=home.bill)
    if state == SlipState.DISCARDED:
        discard_slip(home.location, by=home.bill)
    return slip
