"""An owner lets a member approve write-offs: up to a limit, until a day, until it is withdrawn (S2.58, C10, W2)."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from clinicpay.clinics import clock
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.staff.access import Refused
from clinicpay.staff.delegations import NotDelegated, delegate, withdraw_delegation
from clinicpay.staff.models import Delegation, Membership
from clinicpay.staff.roles import Role
from followups.models import WriteOff
from followups.queries.write_offs import waiting_for
from followups.services import approve_write_off, reverse_write_off, write_off_now
from tests.factories import a_charge, a_patient
from tests.followups.giving_up import asked, at, filled, key, let, page, text
from tests.followups.pages import browser

pytestmark = pytest.mark.django_db

PLACE = "/c/harbor/settings/delegations/"


@pytest.fixture
def charge(harbor):
    return a_charge(harbor, a_patient(harbor), 10000)


def approve(home, write_off, who="bill"):
    with clinic_scope(home.clinic, home.members[who].user):
        return approve_write_off(write_off, by=home.members[who])


def left(charge) -> int:
    charge.refresh_from_db()
    return charge.outstanding


def test_owner_delegates_on_a_page_and_withdraws(harbor, charge):
    """S2.58, C10"""
    olga, bill = browser(harbor.olga), browser(harbor.bill)
    last = clock.today(harbor.clinic) + timedelta(days=20)
    assert "Nobody but owners approves write-offs" in text(olga.get(PLACE))
    sent = {"member": harbor.bill.pk, "limit": "150.00", "last_day": last}
    assert olga.post(PLACE, sent).status_code == 302
    leave = Delegation.objects.get()
    assert (leave.member, leave.limit, leave.last_day, leave.made_by_id) == (
        harbor.bill,
        15000,
        last,
        harbor.olga.user_id,
    )
    assert leave.expires_at == clock.day_bounds(harbor.clinic, last)[1]
    assert "$150.00" in text(olga.get(PLACE))

    asked(harbor, charge, "adam")
    assert "1 write-off waits for your decision: $100.00." in text(bill.get("/c/harbor/today/"))
    assert bill.post(page(1, "approve/"), key()).status_code == 302
    made = WriteOff.objects.get()
    assert (left(charge), made.delegation, made.decided_by_id) == (0, leave, harbor.bill.user_id)
    assert "of Olga to Bill: up to $150.00" in text(bill.get(page(1)))
    assert "of Olga, up to $150.00" in text(bill.get("/c/harbor/reports/write-offs/"))

    assert olga.post(f"{PLACE}{leave.pk}/withdraw/").status_code == 302
    assert "Withdrawn" in text(olga.get(PLACE))
    answer = bill.post(page(1, "reverse/"), {"reason": "Found", **key()})
    assert answer.status_code == 422
    assert "Your delegated permission was withdrawn" in text(answer)
    assert olga.post(f"{PLACE}{leave.pk}/withdraw/").status_code == 409


@pytest.mark.parametrize("who", ["rita", "bill", "adam", "petra"])
def test_nobody_but_an_owner_delegates(harbor, who):
    client = browser(harbor.members[who])
    assert client.get(PLACE).status_code == 403
    last = clock.today(harbor.clinic)
    with pytest.raises(Refused, match="This needs: Owner"):
        delegate(harbor.bill, by=harbor.members[who], limit=1, last_day=last)
    assert not Delegation.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"limit": "0"}, "greater than zero"),
        ({"limit": "-5"}, "limit"),
        ({"limit": ""}, "Enter an amount."),
        ({"last_day": "2020-01-01"}, "from today on"),
        ({"last_day": "2126-01-01"}, "at most a year ahead"),
        ({"last_day": "soon"}, "Enter a valid date."),
        ({"member": "0"}, "Select a valid choice"),
    ],
)
def test_wrong_delegation_is_told_and_changes_nothing(harbor, wrong, words):
    olga = browser(harbor.olga)
    sent = {"member": harbor.bill.pk, "limit": "10.00", "last_day": clock.today(harbor.clinic)} | wrong
    answer = olga.post(PLACE, sent)
    assert answer.status_code == 422
    assert words.lower() in text(answer).lower()
    assert not Delegation.objects.exists()


@pytest.mark.parametrize("who", ["rita", "petra", "olga"])
def test_reception_practitioners_and_owners_are_given_none(harbor, who):
    last = clock.today(harbor.clinic)
    with pytest.raises(Refusal, match="can’t be given this"):
        delegate(harbor.members[who], by=harbor.olga, limit=1, last_day=last)


def test_delegate_over_the_limit_is_told_the_limit(harbor, charge):
    """S2.58"""
    let(harbor, limit=9999)
    request = asked(harbor, charge, "adam")
    with pytest.raises(NotDelegated, match=r"for up to \$99.99 each, and this is \$100.00"):
        approve(harbor, request)
    bill = browser(harbor.bill)
    assert "Olga (Owner) can approve it" in text(bill.get(page(1)))
    assert waiting_for(harbor.bill) == (0, 0)
    answer = bill.post(page(1, "approve/"), key())
    assert (answer.status_code, left(charge)) == (422, 10000)


def test_delegate_after_expiry_is_told_when_it_ended(harbor, charge):
    leave = let(harbor)
    request = asked(harbor, charge, "adam")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda later=leave.expires_at: later)
        with pytest.raises(NotDelegated, match="Your delegated permission ended on"):
            approve(harbor, request)
    assert left(charge) == 10000


def test_delegate_writes_off_at_once_within_the_limit(harbor, charge):
    """The owner's leave was given before: nobody else is asked (decision 125)."""
    let(harbor)
    bill = browser(harbor.bill)
    patient = charge.patient
    assert "Request write-off" not in text(bill.get(at(patient)))
    assert bill.post(at(patient), filled(patient, charge)).status_code == 302
    made = WriteOff.objects.get()
    assert (left(charge), made.at_once, made.delegation.member) == (0, True, harbor.bill)


def test_delegate_chooses_less_than_all_to_stay_within_the_limit(harbor, charge):
    let(harbor, limit=5000)
    patient, bill = charge.patient, browser(harbor.bill)
    small = a_charge(harbor, patient, 4000)
    form = text(bill.get(at(patient)))
    assert "up to $50.00 each, and this is $140.00" in form
    assert "Choose less to write it off yourself" in form
    assert bill.post(at(patient), filled(patient, charge, small)).status_code == 422
    assert bill.post(at(patient), filled(patient, small)).status_code == 302
    assert (left(small), left(charge)) == (0, 10000)


def test_w2_who_asked_does_not_approve_unless_an_owner(harbor, charge):
    let(harbor)
    own = asked(harbor, charge, "bill")
    with pytest.raises(NotDelegated, match="You asked for this yourself"):
        approve(harbor, own)
    assert "You asked for this yourself" in text(browser(harbor.bill).get(page(1)))
    approve(harbor, own, "olga")
    another = a_charge(harbor, charge.patient, 500)
    assert approve(harbor, asked(harbor, another, "olga"), "olga").status == "approved"


def test_delegate_reverses_within_the_limit(harbor, charge):
    let(harbor)
    request = approve(harbor, asked(harbor, charge, "adam"), "olga")
    with clinic_scope(harbor.clinic, harbor.bill.user):
        reverse_write_off(request, by=harbor.bill, reason="Found")
    assert left(charge) == 10000


def test_second_delegation_takes_the_place_of_the_first(harbor):
    first, second = let(harbor, limit=100), let(harbor, limit=200)
    first.refresh_from_db()
    assert (first.state[0], second.state[0]) == ("withdrawn", "active")


def test_who_becomes_reception_has_lost_the_leave(harbor, charge):
    let(harbor)
    request = asked(harbor, charge, "adam")
    Membership.objects.filter(pk=harbor.bill.pk).update(role=Role.RECEPTION)
    harbor.bill.refresh_from_db()
    with pytest.raises(NotDelegated, match="Only an owner"):
        approve(harbor, request)


def test_withdrawn_one_is_not_withdrawn_again(harbor):
    leave = let(harbor)
    with clinic_scope(harbor.clinic, harbor.olga.user):
        withdraw_delegation(leave, by=harbor.olga)
        with pytest.raises(Refusal, match="withdrawn already"):
            withdraw_delegation(leave, by=harbor.olga)


def test_database_refuses_a_delegation_that_is_over_or_worth_nothing(harbor):
    day, now = clock.today(harbor.clinic), timezone.now()
    for limit, expires in ((100, now - timedelta(minutes=1)), (0, now + timedelta(days=1))):
        with clinic_scope(harbor.clinic, harbor.olga.user), pytest.raises(DatabaseError), transaction.atomic():
            Delegation.objects.create(member=harbor.bill, limit=limit, last_day=day, expires_at=expires)


def test_leave_counts_in_the_service_whatever_the_page_says(harbor, charge):
    with clinic_scope(harbor.clinic, harbor.bill.user), pytest.raises(NotDelegated, match="Only an owner"):
        write_off_now(charge.account, [charge.invoice], by=harbor.bill, reason="Mine")
    assert not WriteOff.objects.exists()
