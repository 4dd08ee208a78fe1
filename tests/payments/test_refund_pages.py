"""Refunds at the desk, through the pages: rows S1.3, S1.4, S1.81 to S1.91, cases R-1 to R-15."""

import pytest

from balances.models import Posting
from balances.queries import live_allocations
from balances.services import credit_charge, undo_allocation
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.patients.models import Account
from payments.models import Payment, Refund
from payments.services import GoingBack, refund_payment, refundable
from payments.states import REDUCES_CHARGE, RefundReason
from tests.balances.invariants import broken
from tests.balances.money import left
from tests.factories import a_charge, a_patient, a_payment, an_invoice, make_clinic
from tests.payments.refund_forms import Page, Refunding, acting, browser, refunded
from tests.payments.test_states import ROADS


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def paid(harbor, ethan):
    """100.00 that pay one charge."""
    charge = a_charge(harbor, ethan, 10000)
    return a_payment(harbor, ethan.account, 10000, (charge, 10000), patient=ethan), charge


def state(payment) -> str:
    return Payment.objects.get(pk=payment.pk).status


def net() -> int:
    account = Account.objects.get()
    return account.owes - account.credit


@pytest.mark.parametrize("status", ["draft", "pending", "processing", "failed", "cancelled"])
def test_s1_81_what_is_not_paid_has_no_refund(harbor, ethan, status):
    """S1.81: no button, words on the page, and the form is refused. Nobody knows yet how it will come."""
    payment = Payment.objects.create(
        number=1, account=ethan.account, location=harbor.location, amount=100, status=ROADS[status][0]
    )
    for step in ROADS[status][1:]:
        Payment.objects.filter(pk=payment.pk).update(status=step)
    bill = Refunding(harbor, "bill")
    assert "only a Paid or Partially Refunded payment can be refunded" in bill.page.text
    assert "Review summary" not in bill.page.buttons
    answer = bill.client.post(bill.path, {"kind": "full", "reason": "other", "method": "cash", "step": "confirm"})
    assert answer.status_code == 422
    page = browser(harbor, "bill").get(f"/c/harbor/payments/{payment.ref}/").content.decode()
    assert "/refund/" not in page
    assert "/return/" not in page
    words = Refunding(harbor, "bill", page="return").page.text
    assert "only a Paid or Partially Refunded payment can be refunded" in words
    crafted = {"reason": "bounced", "amount": "1", "step": "confirm"}
    assert bill.client.post(f"/c/harbor/payments/{payment.ref}/return/", crafted).status_code == 422
    assert not Refund.objects.exists()


def test_s1_81_partially_refunded_is_refunded_again_and_refunded_is_not(harbor, paid):
    """S1.81, S1.91, R-15."""
    refunded(harbor, "bill", "30")
    assert "$70.00 of $100.00 is left to refund" in Refunding(harbor, "bill").page.text
    refunded(harbor, "bill")
    assert state(paid[0]) == "refunded"
    assert "nothing is left to refund" in Refunding(harbor, "bill").page.text


def test_s1_82_refund_button_of_the_payments_page_opens_the_form(harbor, paid):
    """S1.82."""
    page = browser(harbor, "rita").get("/c/harbor/payments/PAY-001/").content.decode()
    assert 'href="/c/harbor/payments/PAY-001/refund/"' in page
    assert "Review summary" in Refunding(harbor, "rita").page.buttons


def test_s1_3_s1_83_case_r15_full_refund_is_what_is_left_and_not_the_original_amount(harbor, paid):
    """S1.3, S1.83, S1.90, S1.91: 100 paid, 30 refunded: a full refund is 70, not 100."""
    refunded(harbor, "bill", "30")
    assert state(paid[0]) == "partially_refunded"
    refunded(harbor, "bill")
    assert list(Refund.objects.order_by("number").values_list("amount", flat=True)) == [3000, 7000]
    assert state(paid[0]) == "refunded"
    assert not broken()


def test_s1_4_s1_90_partial_refund(harbor, paid):
    """S1.4, S1.84, S1.90: 0 < 40 ≤ 100."""
    answer = refunded(harbor, "bill", "40.00")
    assert answer["Location"] == "/c/harbor/refunds/RF-001/"
    assert (state(paid[0]), refundable(Payment.objects.get()), left(paid[1])) == ("partially_refunded", 6000, [4000])
    assert not broken()


def test_s1_91_case_r15_partial_refunds_add_up_to_refunded(harbor, paid):
    """S1.91: 30 and 70."""
    refunded(harbor, "bill", "30")
    refunded(harbor, "bill", "70")
    assert (state(paid[0]), left(paid[1])) == ("refunded", [10000])


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "greater than zero"),
        ("-5", "greater than zero"),
        ("100.01", "Enter at most $100.00"),
        ("ten", "Enter an amount such as"),
        ("1.001", "at most 2 decimals"),
        (" ", "greater than zero"),
    ],
)
def test_s1_84_wrong_amounts_are_refused_in_words(harbor, paid, amount, words):
    """S1.84: 0 < x ≤ remaining; nothing changes."""
    bill = Refunding(harbor, "bill").review(amount)
    assert bill.answer.status_code == 422
    assert words in bill.page.text
    assert not Refund.objects.exists()


def test_s1_85_reason_is_required(harbor, paid):
    """S1.85: on the form, and of a request that was crafted to skip the summary."""
    bill = Refunding(harbor, "bill").review("10", reason="")
    assert bill.answer.status_code == 422
    assert "Choose a reason." in bill.page.text
    for reason in ("", "because", "bounced"):
        bill = Refunding(harbor, "bill").review("10")
        assert bill.confirm(reason=reason).status_code == 422
    assert not Refund.objects.exists()


def test_s1_86_reasons_are_these_in_this_order(harbor, paid):
    """S1.86."""
    page = browser(harbor, "bill").get("/c/harbor/payments/PAY-001/refund/").content.decode()
    words = ["Patient request", "Billing error", "Service not rendered", "Duplicate charge", "Insurance adjustment"]
    places = [page.index(f">{word}</option>") for word in [*words, "Other"]]
    assert places == sorted(places)
    assert len(Refunding(harbor, "bill").page.options["reason"]) == 1 + 6


def test_s1_87_notes_are_optional_and_kept(harbor, paid):
    """S1.87."""
    refunded(harbor, "bill", "10")
    refunded(harbor, "bill", "10", notes="Asked by phone <b>")
    assert list(Refund.objects.order_by("pk").values_list("notes", flat=True)) == ["", "Asked by phone <b>"]
    page = browser(harbor, "bill").get("/c/harbor/refunds/RF-002/").content.decode()
    assert "Asked by phone &lt;b&gt;" in page


def test_s1_88_s1_89_nothing_happens_before_confirm_refund(harbor, paid):
    """S1.88, S1.89: the summary has the button with the amount beside it; only that executes."""
    bill = Refunding(harbor, "bill").review("40")
    assert not Refund.objects.exists()
    assert "Confirm Refund" in bill.page.buttons
    assert "Confirm Refund $40.00" in bill.page.text
    assert bill.confirm().status_code == 302
    assert Refund.objects.get().status == "succeeded"


def test_summary_can_be_changed_and_keeps_what_was_filled_in(harbor, paid):
    bill = Refunding(harbor, "bill").review("40", reason="billing_error", notes="twice")
    bill.send("change")
    kept = {name: bill.page.fields[name] for name in ("kind", "amount", "reason", "reduce")}
    assert kept == {"kind": "partial", "amount": "40.00", "reason": "billing_error", "reduce": "on"}
    assert "twice" in bill.page.html


@pytest.mark.parametrize("reason", RefundReason)
def test_r3_without_a_script_the_reduction_follows_the_reason(harbor, paid, reason):
    refunded(harbor, "bill", "40", reason=str(reason))
    reduced = reason in REDUCES_CHARGE
    assert Refund.objects.get().reduce_charge == reduced
    assert left(paid[1]) == [0 if reduced else 4000]


def test_r3_what_somebody_chose_stays(harbor, paid):
    """Ticked by hand against the reason; then on the summary changed back, and forth."""
    bill = Refunding(harbor, "bill").review("40", reason="patient_request", reduce="on")
    assert "Reduced by $40.00 with a credit note" in bill.page.text
    bill.send("keep")
    assert "Not reduced: what is undone is owed again" in bill.page.text
    bill.send("reduce")
    bill.confirm()
    assert (Refund.objects.get().reduce_charge, left(paid[1])) == (True, [0])


def test_r3_reduction_that_the_reason_suggests_can_be_refused(harbor, paid):
    bill = Refunding(harbor, "bill").review("40", reason="billing_error")
    bill.send("keep")
    bill.confirm()
    assert (Refund.objects.get().reduce_charge, left(paid[1])) == (False, [4000])


def test_case_r1_refund_without_reducing_the_charge_owes_it_again(harbor, ethan):
    """R-1: charge 20, paid 20, refund 7: invoice 7, account 7; the summary has said so."""
    charge = a_charge(harbor, ethan, 2000)
    a_payment(harbor, ethan.account, 2000, (charge, 2000))
    bill = Refunding(harbor, "bill").review("7", reason="patient_request")
    assert f"{charge.invoice.ref} owes $0.00 → $7.00" in bill.page.text
    bill.confirm()
    assert (left(charge), net()) == ([700], 700)


def test_case_r3_partial_refunds_on_partial_payments(harbor, ethan):
    """R-3: charge 10 paid 4 + 6; refund 4 and 6, reduced: balance 0 throughout."""
    charge = a_charge(harbor, ethan, 1000)
    for amount in (400, 600):
        a_payment(harbor, ethan.account, amount, (charge, amount))
    for number in ("PAY-001", "PAY-002"):
        refunded(harbor, "bill", payment=number, reason="billing_error")
        assert (left(charge), net()) == ([0], 0)
    assert list(Refund.objects.order_by("pk").values_list("payment__number", "amount")) == [(1, 400), (2, 600)]


@pytest.mark.parametrize(("amount", "expected"), [("7", -300), ("20", 1000)])
def test_case_r4_refund_after_a_credit(harbor, ethan, amount, expected):
    """R-4: lines of 5 and 20 paid 25; 20 replaced by 10; refund 7 or 20: account −3 or +10."""
    five, twenty = an_invoice(harbor, ethan, 500, 2000).charges.order_by("line")
    a_payment(harbor, ethan.account, 2500, (five, 500), (twenty, 2000))
    undo_allocation(live_allocations(charge=twenty).get().pk, by=harbor.bill, reason="replaced", keep=1000)
    credit_charge(twenty, 1000, by=harbor.bill, reason="replaced")
    assert "$10.00 unapplied" in Refunding(harbor, "bill").review(amount).page.text or amount == "7"
    refunded(harbor, "bill", amount)
    assert net() == expected


def test_case_r14_goes_back_the_way_it_came_and_never_more_than_came(harbor, paid):
    """R-14: several refunds of one payment."""
    assert Refunding(harbor, "bill").page.fields["method"] == "cash"
    for amount in ("60", "30", "10"):
        refunded(harbor, "bill", amount)
    assert Refunding(harbor, "bill").review("0.01").answer.status_code == 422
    assert {one.method for one in Refund.objects.all()} == {"cash"}
    assert sum(one.amount for one in Refund.objects.all()) == 10000


def test_r5_double_click_is_one_refund_and_one_answer(harbor, paid):
    """The second click finds everything gone, and gets the first one's answer."""
    bill = Refunding(harbor, "bill").review()
    first, again = bill.confirm(), bill.confirm()
    assert (first.status_code, first["Location"]) == (again.status_code, again["Location"])
    assert Refund.objects.count() == 1


def test_two_tabs_the_second_is_told_and_shown_anew(harbor, paid):
    one, other = (Refunding(harbor, "bill").review() for _ in range(2))
    refunded(harbor, "adam", "30")
    assert one.confirm().status_code == 422
    assert "Something has changed since this summary was made. Nothing was done" in one.page.text
    assert "Confirm Refund $70.00" in one.page.text
    assert Refund.objects.count() == 1
    one.confirm()
    assert other.confirm().status_code == 422
    assert "nothing is left to refund" in other.page.text
    assert sorted(one.amount for one in Refund.objects.all()) == [3000, 7000]


def test_summary_that_no_longer_holds_changes_nothing(harbor, paid, ethan):
    """Between summary and Confirm the money was freed: nothing would re-open any more."""
    bill = Refunding(harbor, "bill").review("40")
    undo_allocation(live_allocations(charge=paid[1]).get().pk, by=harbor.rita, reason="wrong")
    postings = Posting.objects.count()
    assert bill.confirm().status_code == 422
    assert "Something has changed" in bill.page.text
    assert "$40.00 unapplied" in bill.page.text
    assert (Posting.objects.count(), Refund.objects.count()) == (postings, 0)


def test_seal_of_another_amount_is_refused(harbor, paid):
    bill = Refunding(harbor, "bill").review("40")
    assert bill.confirm(amount="50.00").status_code == 422
    assert "Confirm Refund $50.00" in bill.page.text
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    "forged",
    [
        {"reason": "bounced"},
        {"reason": "because"},
        {"method": "opening"},
        {"method": "gold"},
        {"kind": "all"},
        {"request_key": "1"},
        {"request_key": "∅"},
        {"seal": ""},
        {"seal": "0" * 64},
        {"way": "approve"},
        {"reduce": "on", "drawn": ""},
        {"notes": "x" * 501},
    ],
    ids=str,
)
def test_forged_fields_change_nothing(harbor, paid, forged):
    bill = Refunding(harbor, "bill").review("40", reason="patient_request")
    assert bill.confirm(**forged).status_code == 422
    assert not Refund.objects.exists()
    assert left(paid[1]) == [0]


def test_forged_status_and_amount_of_another_field_are_not_read(harbor, paid):
    bill = Refunding(harbor, "bill").review("40")
    bill.confirm(status="requested", payment="2", requested_by_id="1")
    assert (Refund.objects.get().status, Refund.objects.get().amount) == ("succeeded", 4000)


def test_another_clinics_payment_and_refund_are_not_found(harbor, paid):
    other = make_clinic("lakeside")
    refund_payment(paid[0], GoingBack(1000, RefundReason.OTHER), by=harbor.bill)
    stranger = browser(other, "olga")
    for page in ("payments/PAY-001/refund/", "payments/PAY-001/return/", "refunds/RF-001/", "refunds/RF-001/approve/"):
        assert stranger.get(f"/c/lakeside/{page}").status_code == 404
        assert stranger.post(f"/c/lakeside/{page}", {"step": "confirm"}).status_code == 404
        assert stranger.get(f"/c/harbor/{page}").status_code == 404


def test_payments_page_shows_refunds_with_what_is_left(harbor, paid):
    refunded(harbor, "bill", "30")
    page = Page(browser(harbor, "bill").get("/c/harbor/payments/PAY-001/"))
    assert "Refund Reason Status Amount RF-001 Other" in page.text  # the amount is not cut off beside the payment
    assert "$30.00 went back · $70.00 left to refund" in page.text


def test_clinic_without_decimals_refunds_whole_amounts(db):
    home = make_clinic("tokyo", currency="JPY")
    with acting(home, "bill"):
        mia = a_patient(home)
        a_payment(home, mia.account, 1000)
        refunded(home, "bill", "400")
        assert Refund.objects.get().amount == 400


def test_posts_on_today(harbor, paid):
    """R4."""
    refunded(harbor, "bill", "40")
    assert Posting.objects.get(kind="refund").business_date == clock.today(Clinic.objects.get())
