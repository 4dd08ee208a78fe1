"""What the allocate page refuses, and that nothing is lost or doubled then (S3.18, S3.19, S3.31, S3.41, S3.42)."""

import pytest
from django.test import Client

from balances.services import apply_credit, hold_credit, void_invoice
from clinicpay.audit.models import AuditEvent
from payments.services import reverse_payment
from tests.balances.invariants import broken
from tests.balances.money import applied, credit_of, left
from tests.factories import a_charge, a_patient, a_payment
from tests.payments.allocating import available, opened

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed_in(member) -> Client:
    client = Client()
    client.force_login(member.user, backend=BACKEND)
    return client


@pytest.fixture
def bill(harbor):
    return signed_in(harbor.bill)


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def owed(harbor, ethan):
    """60.00 and 50.00."""
    return [a_charge(harbor, ethan, 6000), a_charge(harbor, ethan, 5000)]


@pytest.fixture
def payment(harbor, ethan):
    """80.00 that nobody has applied."""
    return a_payment(harbor, ethan.account, 8000)


@pytest.mark.parametrize(
    ("amounts", "words"),
    [
        (("60", "20.01"), "$0.01 more is applied than is available"),
        (("60.01", ""), "Enter at most $60.00."),
        (("-5", ""), "Enter an amount that is not negative."),
        (("ten", ""), "Enter an amount"),
        (("1e9", ""), "Enter an amount"),
        (("0", "0.00"), "Enter what to apply."),
        (("5.005", ""), "decimal"),
    ],
)
def test_s3_41_wrong_amounts_are_refused_in_words_and_stay_typed(harbor, bill, owed, payment, amounts, words):
    answer = opened(bill, harbor, payment).ok(dict(zip(owed, amounts, strict=True)))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert f'value="{amounts[0]}"' in page
    assert left(*owed) == [6000, 5000]
    assert available(payment) == [8000]


def test_changed_since_you_opened_says_what_and_keeps_what_was_typed(harbor, bill, owed, payment):
    """Reading C16: a listed charge was paid meanwhile, though the form gives it nothing."""
    sheet = opened(bill, harbor, payment)
    a_payment(harbor, owed[1].account, 2000, (owed[1], 2000))

    stale = sheet.ok({owed[0]: "35", owed[1]: ""})
    page = stale.content.decode()

    assert stale.status_code == 422
    assert "Changed since you opened this page. Nothing was saved." in page
    assert f"{owed[1].invoice.ref}, {owed[1]}: $50.00 was owed, $30.00 is now." in page
    assert 'value="35"' in page
    assert left(*owed) == [6000, 3000]
    fresh = type(sheet)(bill, sheet.address, page, sheet.key)
    assert fresh.ok().status_code == 302
    assert left(*owed) == [2500, 3000]


def test_money_that_went_elsewhere_meanwhile_is_said(harbor, bill, owed, payment):
    sheet = opened(bill, harbor, payment)
    apply_credit(credit_of(payment), [(owed[1], 5000)], by=harbor.rita)

    page = sheet.ok().content.decode()

    assert "$80.00 was available, $30.00 is now." in page
    assert left(*owed) == [6000, 0]


def test_charge_that_was_paid_meanwhile_is_said_and_stays_on_the_page(harbor, bill, owed, payment):
    sheet = opened(bill, harbor, payment)
    a_payment(harbor, owed[0].account, 6000, (owed[0], 6000))

    page = sheet.ok().content.decode()

    assert "nothing is left to pay now" in page
    assert f'name="apply-{owed[0].pk}" value="60.00"' in page
    assert available(payment) == [8000]


def test_w_6_void_invoice_is_not_paid_and_its_money_is_in_hand_again(harbor, bill, owed, payment):
    sheet = opened(bill, harbor, payment)
    apply_credit(credit_of(payment), [(owed[0], 1000)], by=harbor.rita)
    void_invoice(owed[0].invoice, by=harbor.bill, reason="billed wrongly")

    page = sheet.ok().content.decode()

    assert "$60.00 was owed; the invoice is void now." in page
    assert "Its invoice is void now. Nothing is left to pay." in page
    assert "paid in the meantime" not in page
    assert available(payment) == [8000]
    assert left(*owed) == [0, 5000]


def test_payment_that_was_reversed_meanwhile_pays_nothing(harbor, bill, owed, payment):
    sheet = opened(bill, harbor, payment)
    reverse_payment(payment, by=harbor.rita, reason="entered twice")

    answer = sheet.ok()

    assert answer.status_code == 422
    assert "$80.00 was available, $0.00 is now." in answer.content.decode()
    assert left(*owed) == [6000, 5000]


def test_crafted_charge_of_another_account_is_refused(harbor, bill, owed, payment):
    strange = a_charge(harbor, a_patient(harbor, "Zoe", "Other"), 3000)

    answer = opened(bill, harbor, payment).ok({owed[0]: "", owed[1]: "", strange: "30"})

    assert answer.status_code == 422
    assert "a charge that this money can’t pay" in answer.content.decode()
    assert left(strange) == [3000]


@pytest.mark.parametrize("seen", ["", "c1", "c1:2 x", "c9:1 1:1:1'; drop", "c1:1 " + "9" * 400])
def test_form_without_what_it_showed_is_out_of_date(harbor, bill, owed, payment, seen):
    answer = opened(bill, harbor, payment).ok(seen=seen)

    assert answer.status_code == 422
    assert "This form is out of date." in answer.content.decode()
    assert left(*owed) == [6000, 5000]


def test_figures_seen_of_other_money_are_out_of_date(harbor, bill, ethan, owed, payment):
    other = opened(bill, harbor, a_payment(harbor, ethan.account, 8000))

    answer = opened(bill, harbor, payment).ok(seen=other.seen)

    assert "This form is out of date." in answer.content.decode()
    assert left(*owed) == [6000, 5000]


def test_form_that_is_sent_twice_is_one_act(harbor, bill, owed, payment):
    sheet = opened(bill, harbor, payment)

    first, again = sheet.ok(), sheet.ok()
    other = sheet.ok({owed[0]: "1"})

    assert (first.status_code, again.status_code, other.status_code) == (302, 302, 409)
    assert applied() == [6000, 2000]
    assert not broken()


# ---- pre-payments as the source


@pytest.fixture
def held(harbor, payment):
    """50.00 of the 80.00, held for another procedure than D1001, which is all that is owed."""
    return hold_credit(credit_of(payment), 5000, by=harbor.rita, criteria={"procedure": "D2740"})


def test_s3_18_and_s3_31_a_pre_payment_is_chosen_as_the_source(harbor, bill, ethan, owed, payment, held):
    a_charge(harbor, ethan, 9000)
    fits = hold_credit(payment.credits.get(kind="unapplied"), 3000, by=harbor.rita, criteria={"procedure": "D1001"})

    sheet = opened(bill, harbor, payment, f"?source={fits.pk}")
    answer = sheet.ok()

    assert sheet.source == str(fits.pk)
    assert "held for D1001" in sheet.html
    assert list(sheet.filled.values()) == ["30.00", "", ""]  # the lower of both, from the top down
    assert answer.status_code == 302
    assert left(*owed) == [3000, 5000]
    fits.refresh_from_db()
    held.refresh_from_db()
    assert (fits.available, held.available) == (0, 5000)


def test_s3_31_over_application_of_a_pre_payment_is_refused(harbor, bill, ethan, owed, payment):
    fits = hold_credit(credit_of(payment), 3000, by=harbor.rita, criteria={"procedure": "D1001"})

    answer = opened(bill, harbor, payment, f"?source={fits.pk}").ok({owed[0]: "30.01"})

    assert "$0.01 more is applied than is available" in answer.content.decode()
    assert left(*owed) == [6000, 5000]


def test_s3_19_what_does_not_match_is_named_and_not_filled_in(harbor, bill, owed, payment, held):
    sheet = opened(bill, harbor, payment, f"?source={held.pk}")

    assert list(sheet.filled.values()) == ["", ""]
    assert sheet.html.count("Not what it is held for: procedure is D1001, not D2740") == 2


def test_s3_42_ok_is_blocked_by_each_failed_criterion_until_a_reason_is_given(harbor, bill, owed, payment):
    criteria = {"procedure": "D2740", "discipline": "Restorative"}
    held = hold_credit(credit_of(payment), 5000, by=harbor.rita, criteria=criteria)
    sheet = opened(bill, harbor, payment, f"?source={held.pk}")

    blocked = sheet.ok({owed[0]: "10"})
    page = blocked.content.decode()
    assert blocked.status_code == 422
    assert "This pre-payment is held for D2740, Restorative. Nothing was saved." in page
    assert f"{owed[0].invoice.ref}, {owed[0]}: procedure is D1001, not D2740; discipline is" in page
    assert 'name="reason"' in page
    assert left(*owed) == [6000, 5000]
    typo = sheet.ok({owed[0]: "1o"}, reason="The crown was cancelled").content.decode()
    assert "The crown was cancelled</textarea>" in typo  # another fault loses no reason
    spaces, given = sheet.ok({owed[0]: "10"}, reason="   "), sheet.ok({owed[0]: "10"}, reason="The crown was cancelled")

    assert (spaces.status_code, given.status_code) == (422, 302)
    assert left(*owed) == [5000, 5000]
    line = AuditEvent.objects.get(action="hold.overridden")
    assert line.reason == "The crown was cancelled"


def test_who_may_not_override_is_told_who_may(harbor, owed, payment, held):
    rita = signed_in(harbor.rita)
    sheet = opened(rita, harbor, payment, f"?source={held.pk}")

    blocked = sheet.ok({owed[0]: "10"})
    crafted = sheet.ok({owed[0]: "10"}, reason="Because")

    for answer in (blocked, crafted):
        assert answer.status_code == 422
        assert "Only Billing, Admin or Owner may use it otherwise." in answer.content.decode()
        assert 'name="reason"' not in answer.content.decode()
    assert left(*owed) == [6000, 5000]


def test_source_that_is_used_up_meanwhile_is_not_replaced_by_another(harbor, bill, owed, payment, held):
    free = payment.credits.get(kind="unapplied")
    sheet = opened(bill, harbor, payment, f"?source={free.pk}")
    apply_credit(free, [(owed[1], 3000)], by=harbor.rita)

    answer = sheet.ok()

    assert "$30.00 was available, $0.00 is now." in answer.content.decode()
    held.refresh_from_db()
    assert held.available == 5000


@pytest.mark.parametrize("source", ["x", "0", "9" * 40, "-1", "999999999"])
def test_source_of_other_money_is_not_read(harbor, bill, owed, payment, source):
    sheet = opened(bill, harbor, payment, f"?source={source}")

    assert sheet.source == str(credit_of(payment).pk)
