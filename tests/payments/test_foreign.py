"""A card charged in another currency than the clinic's: what the bank credited is booked once, by a person, or it
went back (B10, decision 144)."""

import uuid

import pytest

from balances.models import Credit
from clinicpay.clinics.scope import clinic_scope
from payments.gateways.simulator import Press, press
from payments.models import Checkout, GatewayTask, Payment, SimulatedCheckout
from payments.services import GoingBack, refund_payment, reverse_payment
from payments.services.gateway_events import catch_up
from payments.states import Method, RefundReason
from tests.access.samples import Words
from tests.balances.invariants import broken
from tests.payments.checkout import a_link, desk, fresh, go, page_of, stranger, tell, token
from tests.races.crowd import a_clinic

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def link(shop):
    """A link over 120.00 that was paid with 120.00 EUR."""
    link = a_link(shop)
    link.session = go(link)
    assert press(shop.clinic, link.session, Press.ABROAD)
    tell(shop, link.session, "charge.succeeded", "checkout.session.completed")
    return link


@pytest.fixture
def task(shop, link):
    with clinic_scope(shop.clinic):
        return GatewayTask.objects.select_related("payment", "first").get()


def place(home, task=None, act="") -> str:
    return f"/c/{home.clinic.slug}/payments/surprises/" + (f"{task.pk}/{act}/" if task else "")


def send(home, task, act, who="bill", **form):
    form = {"reason": "Payout 21, line 3", "request_key": str(uuid.uuid4())} | form
    return desk(home, who).post(place(home, task, act), form, follow=True)


def paid(home) -> list[tuple[str, int, str]]:
    """Payments that are money."""
    with clinic_scope(home.clinic):
        assert not broken()
        return list(Payment.objects.filter(status="paid").values_list("number", "amount", "method"))


def test_foreign_money_is_said_and_its_link_takes_no_second_payment(shop, link, task):
    assert fresh(shop, link.payment).status == "processing"
    assert stranger().post(f"/pay/{token(link)}/").status_code == 404
    assert "120.00 EUR charged for PAY-001" in desk(shop).get(f"/c/{shop.clinic.slug}/today/").content.decode()
    assert "book what the bank credited" in desk(shop).get(page_of(shop, link.payment)).content.decode()
    assert "120.00 EUR was charged to a card" in Words(desk(shop, "bill").get(place(shop)).content.decode()).text
    assert not paid(shop)


def test_what_the_bank_credited_is_booked_unapplied_with_its_reason(shop, link, task):
    page = send(shop, task, "book", amount="128.40").content.decode()

    assert "Nothing to decide" in page
    assert paid(shop) == [(2, 12840, "card")]
    with clinic_scope(shop.clinic):
        booked = Payment.objects.get(number=2)
        credit = Credit.objects.get(payment=booked)
        assert (credit.available, credit.waits, credit.kind) == (12840, False, "unapplied")
        assert "120.00 EUR" in booked.memo
    assert fresh(shop, link.payment).status == "cancelled"
    history = desk(shop, "bill").get(page_of(shop, booked) + "history/").content.decode()
    assert "booked 120.00 EUR for PAY-001 as PAY-002: the bank credited $128.40" in Words(history).text
    assert "Payout 21, line 3" in history


def test_exactly_what_was_asked_makes_the_payment_paid(shop, link, task):
    send(shop, task, "book", amount="120")

    assert paid(shop) == [(1, 12000, "card")]
    assert fresh(shop, task).state == "booked"


def test_same_form_twice_and_another_form_book_once(shop, link, task):
    key = str(uuid.uuid4())
    for _ in range(2):
        assert (
            "is booked. It can be applied."
            in send(shop, task, "book", amount="128.40", request_key=key).content.decode()
        )

    assert "this was decided already" in send(shop, task, "book", amount="99.00").content.decode()
    assert "this was decided already" in send(shop, task, "went-back").content.decode()
    assert paid(shop) == [(2, 12840, "card")]


def test_news_after_the_booking_change_nothing(shop, link, task):
    send(shop, task, "book", amount="128.40")

    tell(shop, link.session, "checkout.session.completed", "charge.succeeded")

    assert paid(shop) == [(2, 12840, "card")]
    with clinic_scope(shop.clinic):
        assert GatewayTask.objects.count() == 1


@pytest.mark.parametrize("amount", ["", "0", "-5", "1e3", "١٢", "12.345", "1.234,50", "99999999999999999999", "NaN"])
def test_amount_that_is_none_books_nothing(shop, link, task, amount):
    answer = send(shop, task, "book", amount=amount)

    assert answer.status_code == 422
    assert not paid(shop)
    assert fresh(shop, task).state == "open"


@pytest.mark.parametrize("act", ["book", "went-back"])
def test_without_a_reason_nothing_happens(shop, link, task, act):
    assert send(shop, task, act, amount="128.40", reason="  ").status_code == 422
    assert fresh(shop, task).state == "open"


@pytest.mark.parametrize("act", ["book", "went-back"])
def test_reception_may_not_decide(shop, link, task, act):
    assert desk(shop).get(place(shop, task, act)).status_code == 403
    assert send(shop, task, act, "rita", amount="128.40").status_code == 403
    assert "Billing, an admin or the owner decides." in desk(shop).get(place(shop)).content.decode()


def test_task_of_another_clinic_or_kind_is_not_there(shop, link, task):
    other = a_clinic()

    assert send(other, task, "book", amount="1.00").status_code == 404
    assert desk(shop, "bill").post(place(shop, task)[:-2] + "/", {"decision": "keep"}).status_code == 409
    assert fresh(shop, task).state == "open"


def test_it_went_back_at_the_gateway(shop, link, task):
    send(shop, task, "went-back")

    assert not paid(shop)
    assert (fresh(shop, task).state, fresh(shop, link.payment).status) == ("refunded", "failed")
    tell(shop, link.session, "charge.refunded")
    assert fresh(shop, link.payment).status == "failed"


def refunded_there(home, session, amount) -> None:
    """Somebody presses Refund at the gateway, which counts in euros."""
    with clinic_scope(home.clinic):
        row = SimulatedCheckout.objects.get(external_id=session)
        row.refunds.append({"id": f"re_{amount}", "amount": amount, "state": "succeeded", "ours": ""})
        row.save(update_fields=["refunds"])
    tell(home, session, "charge.refunded")


def test_full_refund_at_the_gateway_decides_it_by_itself(shop, link, task):
    refunded_there(shop, link.session, 12000)

    assert (fresh(shop, task).state, fresh(shop, link.payment).status) == ("refunded", "failed")
    assert "Nothing to decide" in desk(shop, "bill").get(place(shop)).content.decode()


def test_money_that_goes_back_later_is_told_and_never_counted_in_euros(shop, link, task):
    send(shop, task, "book", amount="128.40")
    for _ in range(2):
        refunded_there(shop, link.session, 5000)

    words = Words(desk(shop, "bill").get(place(shop)).content.decode()).text

    assert "50.00 EUR of PAY-002 went back" in words
    assert paid(shop) == [(2, 12840, "card")]
    with clinic_scope(shop.clinic):
        moved = GatewayTask.objects.get(kind="moved")
    desk(shop, "bill").post(f"{place(shop)}{moved.pk}/", {"decision": "seen"})
    assert fresh(shop, moved).state == "seen"


def test_refund_of_booked_money_is_not_sent_to_the_gateway(shop, link, task):
    """Our 50.00 would leave as 50.00 EUR: it is refunded there by hand, and recorded here."""
    send(shop, task, "book", amount="128.40")
    with clinic_scope(shop.clinic, shop.bill.user):
        booked = Payment.objects.get(number=2)
        form = desk(shop, "bill").get(page_of(shop, booked) + "refund/").content.decode()
        refund = refund_payment(booked, GoingBack(5000, RefundReason.OTHER, method=Method.CARD), by=shop.bill)
    catch_up(shop.clinic.pk)

    assert "refund it at the gateway" in form
    assert fresh(shop, refund).status == "succeeded"
    with clinic_scope(shop.clinic):
        assert SimulatedCheckout.objects.get().refunds == []


def test_wrongly_typed_amount_is_reversed_and_booked_again(shop, link, task):
    send(shop, task, "book", amount="1284.00")
    with clinic_scope(shop.clinic, shop.bill.user):
        reverse_payment(Payment.objects.get(number=2), by=shop.bill, reason="One digit too many")

    assert "was reversed: decide again" in Words(desk(shop, "bill").get(place(shop)).content.decode()).text
    send(shop, task, "book", amount="128.40")

    assert paid(shop) == [(3, 12840, "card")]
    with clinic_scope(shop.clinic):
        assert Checkout.objects.get().captured == 12840


def test_payment_that_was_cancelled_first_stays_cancelled(shop):
    link = a_link(shop)
    session = go(link)
    with clinic_scope(shop.clinic):
        link.payment.checkouts.update(state="over")
        Payment.objects.filter(pk=link.payment_id).update(status="cancelled")
    press(shop.clinic, session, Press.ABROAD)
    tell(shop, session, "charge.succeeded")
    with clinic_scope(shop.clinic):
        task = GatewayTask.objects.get()

    send(shop, task, "book", amount="120.00")

    assert (fresh(shop, link.payment).status, paid(shop)) == ("cancelled", [(2, 12000, "card")])
