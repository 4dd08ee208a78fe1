"""What a person decides about a late capture or a chargeback, through the pages."""

import uuid

import pytest

from balances.models import Credit
from balances.services import apply_credit, hold_credit, run_auto_apply
from balances.states import Source
from clinicpay.clinics.scope import clinic_scope
from payments.gateways.simulator import Press, press
from payments.models import GatewayTask, Refund
from payments.services import (
    GoingBack,
    collect_payment,
    fail_refund,
    refund_payment,
    reject_refund,
    request_refund,
)
from payments.services.gateway_events import catch_up
from payments.states import Method, RefundReason
from tests.access.samples import Words
from tests.balances.invariants import broken
from tests.factories import a_charge
from tests.payments.checkout import a_link, desk, fresh, go, page_of, pay, tell
from tests.races.crowd import a_clinic

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def late(shop):
    """A payment that was paid at the desk while its payer was typing the card."""
    link = a_link(shop)
    session = go(link)
    with clinic_scope(shop.clinic):
        link.payment.checkouts.update(state="over")
        collect_payment(fresh(shop, link.payment), by=shop.itself, method=Method.CASH)
    press(shop.clinic, session, Press.PAY)
    tell(shop, session, "checkout.session.completed")
    with clinic_scope(shop.clinic):
        return GatewayTask.objects.select_related("payment", "first").get()


def place(home, task=None) -> str:
    return f"/c/{home.clinic.slug}/payments/surprises/{f'{task.pk}/' if task else ''}"


def decide(home, task, decision, who="bill", key=""):
    form = {"decision": decision, "request_key": key or str(uuid.uuid4())}
    return desk(home, who).post(place(home, task), form, follow=True)


def test_late_capture_is_said_on_today_and_on_both_payments(shop, late):
    words = "Late capture of PAY-001"

    assert f"{words}: refund or keep." in desk(shop).get(f"/c/{shop.clinic.slug}/today/").content.decode()
    for payment in (late.first, late.payment):
        assert words in desk(shop).get(page_of(shop, payment)).content.decode()
    assert words not in desk(shop, "petra").get(f"/c/{shop.clinic.slug}/today/").content.decode()


def test_reception_sees_who_decides(shop, late):
    page = desk(shop).get(place(shop)).content.decode()

    assert "Billing, an admin or the owner decides." in page
    assert decide(shop, late, "keep", "rita").status_code == 403


def test_kept_money_stays_unapplied_and_nothing_waits(shop, late):
    page = decide(shop, late, "keep").content.decode()

    assert "is kept" in page
    assert "Nothing to decide" in page
    with clinic_scope(shop.clinic):
        assert fresh(shop, late).decided_by_id == shop.bill.user_id
        assert sum(late.payment.credits.values_list("available", flat=True)) == 12000
    assert "Somebody has decided this already" in decide(shop, late, "refund").content.decode()


def test_refunded_money_goes_back_to_the_card_once(shop, late):
    key = str(uuid.uuid4())
    answers = [decide(shop, late, "refund", key=key) for _ in range(2)]
    catch_up(shop.clinic.pk)

    assert [one.status_code for one in answers] == [200, 200]
    assert "Late capture of PAY-001: decided." in answers[1].content.decode()

    with clinic_scope(shop.clinic):
        refund = Refund.objects.get()
        assert (refund.status, refund.amount, refund.method) == ("succeeded", 12000, "card")
        assert not broken()
    assert fresh(shop, late.payment).status == "refunded"


def test_refund_that_comes_to_nothing_is_decided_again(shop, settings):
    link = a_link(shop, 12013)  # the simulator fails refunds of such amounts
    session = go(link)
    with clinic_scope(shop.clinic):
        link.payment.checkouts.update(state="over")
        collect_payment(fresh(shop, link.payment), by=shop.itself, method=Method.CASH)
    press(shop.clinic, session, Press.PAY)
    tell(shop, session, "checkout.session.completed")
    with clinic_scope(shop.clinic):
        task = GatewayTask.objects.get()
    decide(shop, task, "refund")
    catch_up(shop.clinic.pk)

    page = desk(shop, "bill").get(place(shop)).content.decode()

    assert "is Failed: decide again." in page
    decide(shop, task, "keep")
    assert "Nothing to decide" in desk(shop, "bill").get(place(shop)).content.decode()


@pytest.mark.parametrize("decision", ["", "burn", "seen"])
def test_decision_that_makes_no_sense_changes_nothing(shop, late, decision):
    assert decide(shop, late, decision).status_code == 409
    assert fresh(shop, late).state == "open"


def test_chargeback_is_taken_note_of(shop):
    link = a_link(shop)
    session = pay(shop, link)
    press(shop.clinic, session, Press.CHARGE_BACK)
    tell(shop, session, "charge.dispute.created")
    with clinic_scope(shop.clinic):
        task = GatewayTask.objects.get()
    assert "Chargeback of PAY-001" in desk(shop).get(f"/c/{shop.clinic.slug}/today/").content.decode()

    page = decide(shop, task, "seen").content.decode()

    assert "Nothing to decide" in page
    assert fresh(shop, task).state == "seen"


def test_task_of_another_clinic_is_not_there(shop, late):
    other = a_clinic()

    assert desk(other, "bill").post(place(other, late), {"decision": "keep"}).status_code == 404


def owing_and_a_night(home, task) -> str:
    """What a night leaves of the late money when its account owes more than there is otherwise, and why."""
    with clinic_scope(home.clinic, home.bill.user):
        a_charge(home, task.payment.account.patients.first(), 24000)
        run = run_auto_apply(by=home.bill, source=Source.NIGHTLY)
        assert not broken()
        return " ".join(run.decisions.filter(charge=None).values_list("reason", flat=True))


def test_runs_leave_late_money_alone_until_somebody_has_decided(shop, late):
    """Decision 0114: that the link was paid too late says nothing about what else the payer wants paid."""
    assert "waits until somebody keeps or refunds it" in owing_and_a_night(shop, late)
    with clinic_scope(shop.clinic):
        assert Credit.objects.get(payment=late.payment_id).available == 12000

    decide(shop, late, "keep")

    with clinic_scope(shop.clinic, shop.bill.user):
        run = run_auto_apply(by=shop.bill)
        assert run.allocated == 12000
        assert Credit.objects.get(payment=late.payment_id).available == 0


def test_person_may_apply_late_money_before(shop, late):
    with clinic_scope(shop.clinic, shop.rita.user):
        charge = a_charge(shop, late.payment.account.patients.first(), 500)
        apply_credit(Credit.objects.get(payment=late.payment_id), [(charge, 500)], by=shop.rita)
        assert not broken()


def test_refund_that_came_to_nothing_leaves_the_money_waiting(shop, late):
    decide(shop, late, "refund")
    with clinic_scope(shop.clinic, shop.bill.user):
        fail_refund(Refund.objects.get(), by=shop.itself, reason="no")

    assert "waits until somebody keeps or refunds it" in owing_and_a_night(shop, late)


def test_what_is_to_be_decided_is_what_is_left(shop, late):
    """Part of it was given back by hand before: the page and its confirmation name the rest."""
    with clinic_scope(shop.clinic, shop.bill.user):
        refund_payment(late.payment, GoingBack(4750, RefundReason.DUPLICATE, method=Method.CASH), by=shop.bill)

    shown = Words(desk(shop, "bill").get(place(shop)).content.decode()).text
    panel = Words(desk(shop, "bill").get(page_of(shop, late.payment)).content.decode()).text

    assert "$72.50 of it is left." in shown
    assert "$72.50 go back to the card" in shown
    assert "refund or keep $72.50" in panel
    decide(shop, late, "refund")
    with clinic_scope(shop.clinic):
        assert Refund.objects.latest("pk").amount == 7250


def test_late_money_that_has_all_gone_back_is_only_noted(shop, late):
    with clinic_scope(shop.clinic, shop.bill.user):
        refund_payment(late.payment, GoingBack(12000, RefundReason.DUPLICATE, method=Method.CASH), by=shop.bill)

    shown = Words(desk(shop, "bill").get(place(shop)).content.decode()).text

    assert "All of it has gone back meanwhile." in shown
    assert "Confirm refund" not in shown
    decide(shop, late, "keep")
    assert "Nothing to decide" in desk(shop, "bill").get(place(shop)).content.decode()


def test_refund_that_is_only_asked_for_has_not_gone_back(shop, late):
    """Reception asked for all of it: nothing has moved, and nobody can take note of it as gone."""
    with clinic_scope(shop.clinic, shop.rita.user):
        refund = request_refund(late.payment, GoingBack(12000, RefundReason.DUPLICATE), by=shop.rita)

    shown = Words(desk(shop, "bill").get(place(shop)).content.decode()).text
    panel = Words(desk(shop, "bill").get(page_of(shop, late.payment)).content.decode()).text
    kept = decide(shop, late, "keep")

    assert "A refund of $120.00 is asked for or on its way." in shown
    assert "has gone back" not in shown + panel
    assert "Noted" not in shown
    assert "Decide that one first" in kept.content.decode()
    assert fresh(shop, late).state == "open"
    with clinic_scope(shop.clinic, shop.bill.user):
        reject_refund(refund, by=shop.bill, reason="It stays")
    assert "is asked for" not in Words(desk(shop, "bill").get(place(shop)).content.decode()).text
    assert "is kept" in decide(shop, late, "keep").content.decode()


def test_applied_late_money_goes_back_only_with_what_that_undoes_in_sight(shop, late):
    """S1.87: one button would have opened again what somebody has paid with it meanwhile."""
    with clinic_scope(shop.clinic, shop.rita.user):
        charge = a_charge(shop, late.payment.account.patients.first(), 500)
        apply_credit(Credit.objects.get(payment=late.payment_id), [(charge, 500)], by=shop.rita)

    page = desk(shop, "bill").get(place(shop)).content.decode()
    answer = decide(shop, late, "refund")

    assert "Some of it was applied or held meanwhile." in Words(page).text
    assert "Confirm refund" not in page
    assert f"{page_of(shop, late.payment)}refund/" in page
    assert answer.status_code == 409
    assert "Refund it from its own page" in answer.content.decode()
    with clinic_scope(shop.clinic):
        assert not Refund.objects.exists()
        assert fresh(shop, charge).outstanding == 0


def test_late_money_that_is_held_goes_back_from_its_own_page_too(shop, late):
    with clinic_scope(shop.clinic, shop.rita.user):
        hold_credit(Credit.objects.get(payment=late.payment_id), 500, by=shop.rita)

    answer = decide(shop, late, "refund")

    assert answer.status_code == 409
    assert "Refund it from its own page" in answer.content.decode()
    with clinic_scope(shop.clinic):
        assert not Refund.objects.exists()


def test_history_of_what_was_asked_for_tells_of_the_late_capture(shop, late):
    decide(shop, late, "keep")

    history = desk(shop).get(f"{page_of(shop, late.first)}history/").content.decode()

    assert "booked a late capture for PAY-001: $120.00 as PAY-002" in Words(history).text
