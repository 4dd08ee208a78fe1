"""Who asks, who approves, who pays out: requests, the limit for billing, returns, and what is undone again."""

import io
from uuid import uuid4

import pypdf
import pytest
from django.db import ProgrammingError, connection, transaction

from clinicpay.audit.models import AuditEvent
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.queries import totals_of_day
from clinicpay.patients.services import open_account
from clinicpay.staff.models import Membership
from clinicpay.ui.words import day_words
from payments.models import Payment, Refund
from payments.services import record_return, set_refund_limit
from payments.states import Method, ReturnReason
from tests.balances.invariants import broken
from tests.balances.money import left
from tests.factories import a_charge, a_locked_day, a_patient, a_payment
from tests.payments.refund_forms import Page, Refunding, act_on, acting, browser, refunded


@pytest.fixture
def paid(harbor):
    """100.00 in cash that pay one charge."""
    ethan = a_patient(harbor)
    charge = a_charge(harbor, ethan, 10000)
    return a_payment(harbor, ethan.account, 10000, (charge, 10000), patient=ethan), charge


def status() -> str:
    return Refund.objects.latest("pk").status


def page_of(home, who: str, refund: str = "RF-001") -> Page:
    return Page(browser(home, who).get(f"/c/harbor/refunds/{refund}/"))


def test_reception_only_asks_and_somebody_else_approves(harbor, paid):
    rita = Refunding(harbor, "rita").review("40")
    assert "Request Refund" in rita.page.buttons
    assert "Billing, Admin or Owner decides" in rita.page.text
    rita.confirm()
    assert (status(), left(paid[1])) == ("requested", [0])
    assert act_on(harbor, "rita", "RF-001", "approve").status_code == 403
    assert "This needs Billing, Admin or Owner" in page_of(harbor, "rita").text
    act_on(harbor, "bill", "RF-001", "approve", step="now")
    assert (status(), left(paid[1]), Payment.objects.get().status) == ("succeeded", [4000], "partially_refunded")
    assert not broken()


def test_b16_nobody_approves_their_own_request_but_the_owner(harbor, paid):
    """B16: billing asks above its limit, is made an admin, and still may not approve what it asked for."""
    set_refund_limit(1000, by=harbor.adam)
    refunded(harbor, "bill", "40")
    assert status() == "requested"
    Membership.objects.filter(pk=harbor.bill.pk).update(role="admin")
    assert "somebody else approves it" in page_of(harbor, "bill").text
    assert "Confirm Refund" not in Page(browser(harbor, "bill").get("/c/harbor/refunds/RF-001/approve/")).buttons
    answer = act_on(harbor, "bill", "RF-001", "approve", step="now")
    assert answer.status_code == 403
    assert "approve what you asked for yourself" in answer.content.decode()
    Membership.objects.filter(pk=harbor.bill.pk).update(role="owner")
    assert act_on(harbor, "bill", "RF-001", "approve", step="now").status_code == 302


def test_b16_approver_who_lost_the_role_is_refused(harbor, paid):
    """B16: the page was open while the role was taken away."""
    refunded(harbor, "rita", "40")
    client, path = browser(harbor, "bill"), "/c/harbor/refunds/RF-001/approve/"
    fields = Page(client.get(path)).fields
    Membership.objects.filter(pk=harbor.bill.pk).update(role="reception")
    assert client.post(path, {**fields, "step": "now"}).status_code == 403
    assert status() == "requested"


def test_b16_amount_of_a_request_does_not_change(harbor, paid):
    """B16: there is no form for it, what a form adds is not read, and the database refuses it too."""
    refunded(harbor, "rita", "40")
    act_on(harbor, "bill", "RF-001", "approve", step="now", amount="90.00")
    assert Refund.objects.get().amount == 4000
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Refund.objects.update(amount=9000)


def test_above_the_limit_billing_asks_and_an_admin_approves(harbor, paid):
    set_refund_limit(4000, by=harbor.adam)
    refunded(harbor, "bill", "40")
    assert status() == "succeeded"
    bill = Refunding(harbor, "bill").review("40.01")
    assert "Admin or Owner decides" in bill.page.text
    bill.confirm()
    assert status() == "requested"
    refunded(harbor, "rita", "10")
    assert act_on(harbor, "bill", "RF-003", "approve", step="now").status_code == 302
    Clinic.objects.update(refund_limit=500)
    refunded(harbor, "rita", "9")
    assert "needs: Admin or Owner" in act_on(harbor, "bill", "RF-004", "approve", step="now").content.decode()
    assert act_on(harbor, "adam", "RF-002", "approve", step="now").status_code == 302
    assert not broken()


def test_limit_that_was_lowered_before_confirm_makes_no_request_unasked(harbor, paid):
    bill = Refunding(harbor, "bill").review("40")
    set_refund_limit(1000, by=harbor.adam)
    assert bill.confirm().status_code == 422
    assert "Request Refund" in bill.page.buttons
    assert not Refund.objects.exists()


@pytest.mark.parametrize(("typed", "kept"), [("250", 25000), ("", None)])
def test_limit_is_a_setting_with_its_line_in_the_trail(harbor, typed, kept):
    set_refund_limit(100, by=harbor.olga)
    assert browser(harbor, "adam").post("/c/harbor/settings/refunds/", {"limit": typed}).status_code == 302
    assert Clinic.objects.get().refund_limit == kept
    line = AuditEvent.objects.filter(action="clinic.refund_limit_set").latest("pk")
    assert (line.before, line.after) == ({"refund_limit": 100}, {"refund_limit": kept})


@pytest.mark.parametrize("typed", ["0", "-1", "much"])
def test_limit_that_is_no_amount_is_refused(harbor, typed):
    assert browser(harbor, "adam").post("/c/harbor/settings/refunds/", {"limit": typed}).status_code == 422
    assert browser(harbor, "bill").post("/c/harbor/settings/refunds/", {"limit": "5"}).status_code == 403
    assert Clinic.objects.get().refund_limit is None


def test_approved_money_waits_and_is_paid_out_once(harbor, paid):
    refunded(harbor, "rita", "40")
    act_on(harbor, "bill", "RF-001", "approve", step="later")
    assert "Money set aside: $40.00 waits to be paid out" in page_of(harbor, "rita").text
    act_on(harbor, "bill", "RF-001", "pay")
    assert (status(), Payment.objects.get().status) == ("succeeded", "partially_refunded")
    again = browser(harbor, "bill").get("/c/harbor/refunds/RF-001/pay/").content.decode()
    assert "RF-001 is succeeded." in again
    assert "Mark as paid out" not in again


def test_rejection_and_failure_need_a_reason_and_restore(harbor, paid):
    refunded(harbor, "rita", "40")
    assert act_on(harbor, "bill", "RF-001", "reject").status_code == 422
    act_on(harbor, "bill", "RF-001", "reject", reason="Not ours")
    assert (status(), left(paid[1])) == ("rejected", [0])
    refunded(harbor, "rita", "40")
    act_on(harbor, "bill", "RF-002", "approve", step="later")
    assert left(paid[1]) == [4000]
    act_on(harbor, "bill", "RF-002", "fail", reason="Card was closed")
    assert (status(), left(paid[1])) == ("failed", [0])
    assert not broken()


def test_case_r9_bounced_cheque_and_its_reversal(harbor):
    """R-9, through the pages."""
    ethan = a_patient(harbor)
    charge = a_charge(harbor, ethan, 10000)
    a_payment(harbor, ethan.account, 10000, (charge, 10000), method=Method.CHEQUE)
    bill = Refunding(harbor, "bill", page="return")
    bill.send("review", reason="bounced", amount="100")
    assert "owes $0.00 → $100.00" in bill.page.text
    first, again = bill.confirm(), bill.confirm()
    assert first["Location"] == again["Location"]
    assert (left(charge), Payment.objects.get().status) == ([10000], "refunded")
    act_on(harbor, "bill", "RF-001", "reverse", reason="The bank was wrong")
    assert (left(charge), Payment.objects.get().status) == ([0], "paid")
    assert browser(harbor, "rita").get("/c/harbor/payments/PAY-001/return/").status_code == 403
    assert not broken()


@pytest.mark.parametrize(
    ("method", "offered"),
    [
        ("card", ["chargeback"]),
        ("cheque", ["bounced"]),
        ("transfer", ["recalled"]),
        *((method, ["", "bounced", "chargeback", "recalled"]) for method in ("copay", "other", "opening")),
    ],
)
def test_return_offers_what_happens_to_its_tender(harbor, method, offered):
    """A card doesn't bounce, also by a crafted form; where the tender doesn't say how it came, somebody has to."""
    a_payment(harbor, a_patient(harbor).account, 10000, method=Method(method))
    bill = Refunding(harbor, "bill", page="return")
    assert bill.page.options["reason"] == offered
    for reason in {"", "cash", *ReturnReason.values} - set(offered):
        assert bill.send("review", reason=reason).status_code == 422
        assert bill.send("confirm", reason=reason).status_code == 422
    assert not Refund.objects.exists()
    bill = Refunding(harbor, "bill", page="return")
    bill.send("review", reason=offered[-1])
    assert bill.confirm().status_code == 302
    assert (Refund.objects.get().reason, Payment.objects.get().status) == (offered[-1], "refunded")
    assert not broken()


def test_nobody_takes_cash_back(harbor, paid):
    """No button, words on the page, and neither a crafted form nor the service records it."""
    client, path = browser(harbor, "bill"), "/c/harbor/payments/PAY-001/return/"
    assert path not in client.get("/c/harbor/payments/PAY-001/").content.decode()
    words = "PAY-001 came in cash, which nobody can take back. Give it back with a refund"
    assert words in Page(client.get(path)).text
    crafted = {"reason": "bounced", "amount": "100.00", "step": "confirm", "way": "return"}
    answer = client.post(path, crafted | {"request_key": str(uuid4())})
    assert answer.status_code == 422
    assert words in Page(answer).text
    with pytest.raises(Refusal, match="came in cash"):
        record_return(paid[0], 100, by=harbor.bill, reason=ReturnReason.BOUNCED)
    assert (Refund.objects.count(), left(paid[1])) == (0, [0])


def test_refunded_cheque_has_nothing_left_to_bounce(harbor):
    a_payment(harbor, a_patient(harbor).account, 10000, method=Method.CHEQUE)
    refunded(harbor, "bill")
    assert "nothing is left to refund" in Refunding(harbor, "bill", page="return").page.text


def test_refund_by_another_tender_leaves_the_day_by_that_tender(harbor, paid):
    refunded(harbor, "bill", "40", method="cheque")
    totals = totals_of_day(harbor.location, Payment.objects.get().credits.earliest("pk").received_on)
    nothing = {"in": 0, "out": 0, "payments": 0, "received": 0, "reversed": 0, "refunded": 0, "returned": 0}
    assert totals["tenders"] == {
        "cash": nothing | {"in": 10000, "payments": 1, "received": 10000},
        "cheque": nothing | {"out": 4000, "refunded": 4000},
    }


def test_summary_names_the_next_open_day_when_today_is_closed(harbor, paid):
    day = Payment.objects.get().credits.get().received_on
    a_locked_day(harbor.location, day)
    assert "is closed there, so it counts on the next open day" in Refunding(harbor, "bill").review("40").page.text
    refunded(harbor, "bill", "40")
    assert Refund.objects.get().posting.business_date > day


def test_reversal_says_why_it_is_not_possible(harbor, paid):
    """C3: refunded, under way, day closed."""
    path = "/c/harbor/payments/PAY-001/reverse/"
    refunded(harbor, "rita", "40")
    assert "RF-001. Reject it first" in Page(browser(harbor, "rita").get(path)).text
    act_on(harbor, "bill", "RF-001", "reject", reason="No")
    a_locked_day(harbor.location, Payment.objects.get().credits.get().received_on)
    assert "that day is closed" in Page(browser(harbor, "rita").get(path)).text
    refunded(harbor, "bill", "40")
    assert "went back already" in Page(browser(harbor, "rita").get(path)).text


def test_list_shows_what_waits_and_the_menu_counts_it(harbor, paid):
    refunded(harbor, "rita", "40")
    refunded(harbor, "bill", "10")
    page = browser(harbor, "bill").get("/c/harbor/refunds/?status=waiting").content.decode()
    assert "RF-001" in page
    assert "RF-002" not in page
    assert 'title="1 waiting"' in page


@pytest.mark.parametrize(("asked", "found"), [("beacon", True), ("AC-002", True), ("park", False)])
def test_list_finds_refunds_of_a_payers_money_by_its_name(harbor, paid, asked, found):
    insurer = open_account(by=harbor.itself, kind="insurance", name="Beacon Dental Insurance")
    sent = a_payment(harbor, insurer, 700, method=Method.TRANSFER)
    record_return(sent, 700, by=harbor.bill, reason=ReturnReason.RECALLED)

    page = browser(harbor, "bill").get("/c/harbor/refunds/", {"q": asked}).content.decode()

    assert insurer.ref == "AC-002"
    assert ("RF-001" in page) == found


def test_note_on_paper_is_for_what_was_approved(harbor, paid):
    refunded(harbor, "rita", "40")
    client = browser(harbor, "rita")
    assert client.get("/c/harbor/refunds/RF-001/note.pdf").status_code == 409
    act_on(harbor, "bill", "RF-001", "approve", step="now")
    note = client.get("/c/harbor/refunds/RF-001/note.pdf").content
    words = pypdf.PdfReader(io.BytesIO(note)).pages[0].extract_text()
    assert day_words(clock.today(harbor.clinic)) in words
    assert "today" not in words, "paper is read when today is long ago"


def test_scope_of_these_tests_is_the_actors(harbor, paid):
    """The control: who asks is the database's own knowledge, not the form's."""
    refunded(harbor, "bill", "10")
    assert Refund.objects.get().requested_by_id == harbor.bill.user_id
    with acting(harbor, "adam"), connection.cursor() as cursor:
        cursor.execute("select app_user()")
        assert cursor.fetchone()[0] == harbor.adam.user_id
