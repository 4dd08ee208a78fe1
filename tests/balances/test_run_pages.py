"""Auto-Apply Payments as billing uses it: preview, apply, undo, rules (S3.8–S3.12)."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from balances.models import AllocationRules, AutoApplyRun, Charge
from balances.services import complete_event, hold_credit
from balances.states import RunState
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.night import run_night
from payments.services import GoingBack, refund_payment
from payments.states import RefundReason
from tests.access.samples import Words
from tests.balances.money import credit_of, left
from tests.content import differing, fingerprint, totals
from tests.factories import a_charge, a_patient, a_payment
from treatments.services import Work, schedule_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def bill(client, harbor):
    """Billing's browser, to be asked for pages by name."""
    client.force_login(harbor.bill.user)

    class Browser:
        def get(self, name, **arguments):
            answer = client.get(address(harbor.clinic, name, **arguments))
            return answer.status_code, Words(answer.content.decode()).text

        def post(self, name, data=None, **arguments):
            answer = client.post(address(harbor.clinic, name, **arguments), data or {}, follow=True)
            return answer.status_code, Words(answer.content.decode()).text

        def login(self, who):
            client.force_login(getattr(harbor, who).user)

    return Browser()


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


def key(**more):
    return {"request_key": str(uuid.uuid4()), **more}


def test_s3_8_preview_shows_every_decision_and_skip_and_is_applied_as_shown(bill, harbor, ethan):
    charge = a_charge(harbor, ethan, 9000)
    a_payment(harbor, ethan.account, 7000)
    held = credit_of(a_payment(harbor, ethan.account, 900))
    hold_credit(held, 900, by=harbor.bill, criteria={"procedure": "D2740"})
    status, text = bill.post("auto_apply_preview")
    run = AutoApplyRun.objects.get()
    assert status == 200
    assert "Would apply" in text
    assert "oldest unapplied payment to the oldest open invoice" in text
    assert "procedure is D1001, not D2740" in text
    assert left(charge) == [9000]
    _, text = bill.post("auto_apply_run", key(), number=run.number)
    assert "RUN-001 applied $70.00" in text
    assert left(charge) == [2000]


def test_same_click_twice_applies_once(bill, harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    a_payment(harbor, ethan.account, 7000)
    bill.post("auto_apply_preview")
    data = key()
    for _ in range(2):
        status, _ = bill.post("auto_apply_run", data, number=1)
        assert status == 200
    assert left(charge) == [0]


def test_preview_applied_from_a_second_tab_is_refused_in_words(bill, harbor, ethan):
    a_charge(harbor, ethan, 5000)
    a_payment(harbor, ethan.account, 7000)
    bill.post("auto_apply_preview")
    bill.post("auto_apply_run", key(), number=1)
    status, text = bill.post("auto_apply_run", key(), number=1)
    assert status == 422
    assert "This preview was applied already. Make a new one." in text


def test_run_is_undone_from_its_page(bill, harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    a_payment(harbor, ethan.account, 7000)
    bill.post("auto_apply_preview")
    bill.post("auto_apply_run", key(), number=1)
    _, text = bill.post("auto_apply_undo", key(reason="Wrong rules"), number=1)
    assert "RUN-001 was undone. Every balance is as before it." in text
    assert left(charge) == [5000]
    assert AutoApplyRun.objects.get().state == RunState.UNDONE


def test_undo_without_a_reason_changes_nothing(bill, harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    a_payment(harbor, ethan.account, 7000)
    bill.post("auto_apply_preview")
    bill.post("auto_apply_run", key(), number=1)
    status, _ = bill.post("auto_apply_undo", key(reason=" "), number=1)
    assert status == 422
    assert left(charge) == [0]


def test_undo_of_a_run_whose_money_was_refunded_since_is_refused_and_says_which(bill, harbor, ethan):
    charge = a_charge(harbor, ethan, 5000)
    payment = a_payment(harbor, ethan.account, 5000)
    bill.post("auto_apply_preview")
    bill.post("auto_apply_run", key(), number=1)
    refund_payment(payment, GoingBack(100, RefundReason.OTHER), by=harbor.bill)
    _, text = bill.post("auto_apply_undo", key(reason="Wrong rules"), number=1)
    assert f"{payment.ref} was undone or refunded since" in text
    assert left(charge) == [100]
    assert AutoApplyRun.objects.get().state == RunState.APPLIED


def test_undo_page_names_what_was_undone_since_before_anything_is_sent(bill, harbor, ethan):
    a_charge(harbor, ethan, 5000)
    a_charge(harbor, ethan, 3000)
    refunded, other = a_payment(harbor, ethan.account, 5000), a_payment(harbor, ethan.account, 3000)
    bill.post("auto_apply_preview")
    bill.post("auto_apply_run", key(), number=1)
    assert "2 applications of $80.00 in all are undone" in bill.get("auto_apply_undo", number=1)[1]
    refund_payment(refunded, GoingBack(5000, RefundReason.OTHER), by=harbor.bill)

    status, text = bill.get("auto_apply_undo", number=1)

    assert status == 200
    assert "RUN-001 can’t be undone as a whole: 1 of its applications was undone or refunded since." in text
    assert "The 1 that still stands can be undone singly." in text
    gone, still = text.split("Undone or refunded since Payment")[1].split("Still applied Payment")
    assert (refunded.ref in gone, other.ref in gone, "$50.00" in gone, "RF-001" in gone) == (True, False, True, True)
    assert (refunded.ref in still, other.ref in still, "$30.00" in still) == (False, True, True)
    assert "Reason" not in text


def rules(**more):
    return {"order": "pre_payment,deposit,unapplied", "kinds": ["unapplied"], "minimum_age": "0", **more}


def test_s3_10_change_of_rules_is_shown_on_todays_money_before_it_is_saved(bill, harbor, ethan):
    a_charge(harbor, ethan, 5000)
    a_payment(harbor, ethan.account, 5000)
    bill.login("adam")
    _, text = bill.post("allocation_rules", rules(minimum_age="30", show="1"))
    assert "no longer:" in text
    assert not AllocationRules.objects.exists()
    _, text = bill.post("allocation_rules", rules(minimum_age="30", save="1"))
    assert "The rules were saved" in text
    assert AllocationRules.objects.get().minimum_age == 30


def test_rules_that_leave_out_all_that_is_owed_today_are_said_to(bill, harbor, ethan):
    a_charge(harbor, ethan, 5000)
    a_payment(harbor, ethan.account, 5000)
    bill.login("adam")
    _, text = bill.post("allocation_rules", rules(minimum_age="30", show="1"))
    assert "These rules leave out everything that could be applied today." in text
    bill.post("allocation_rules", rules(minimum_age="30", save="1"))
    _, text = bill.post("auto_apply_preview")
    assert "Nothing would be applied. Each line says why its money stays" in text


def test_rules_that_leave_out_everything_are_refused_in_words(bill):
    bill.login("adam")
    status, text = bill.post("allocation_rules", rules(kinds=[], save="1"))
    assert status == 422
    assert "Choose at least one" in text


def test_billing_reads_the_rules_and_is_told_who_changes_them(bill):
    status, text = bill.get("allocation_rules")
    assert status == 200
    assert "Only an admin or owner can change the rules: Olga (Owner), Adam (Admin)" in text
    assert bill.post("allocation_rules", rules(save="1"))[0] == 403


def test_s3_12_page_says_whom_to_ask_about_the_overnight_run(bill):
    _, text = bill.get("auto_apply")
    assert "Olga (Owner)" in text


def test_reception_neither_previews_nor_sees_runs(bill):
    bill.login("rita")
    assert bill.get("auto_apply")[0] == 403
    assert bill.post("auto_apply_preview")[0] == 403


def test_run_that_is_previewed_applied_and_undone_leaves_every_balance_exactly_as_before(bill, harbor):
    """S3.8, I12: families, deposits, criteria and debt of all sizes; compared account by account, charge by charge."""
    for n in range(6):
        patient = a_patient(harbor, f"Patient {n}")
        charges = [a_charge(harbor, patient, fee) for fee in (4100 + n, 1900, 700)]
        a_payment(harbor, patient.account, 1500, (charges[0], 333))
        held = credit_of(a_payment(harbor, patient.account, 2500))
        hold_credit(held, 1200, by=harbor.bill, criteria={"procedure": "D1001" if n % 2 else "D2740"})
    before = totals()
    bill.post("auto_apply_preview")
    assert totals() == before
    bill.post("auto_apply_run", key(), number=1)
    assert differing(before, totals()).keys() == {"accounts", "charges", "credits"}
    bill.post("auto_apply_undo", key(reason="Wrong rules"), number=1)
    assert fingerprint(totals()) == fingerprint(before)


def test_money_held_for_a_crown_pays_it_the_night_after_and_nights_say_why(bill, harbor, ethan):
    """S3.9, S3.15, S3.38: 200.00 held, the crown performed, the night applies it; a cleaning is left, and says why."""
    money = credit_of(a_payment(harbor, ethan.account, 20000))
    hold_credit(money, 20000, by=harbor.bill, criteria={"procedure": "D2740"})
    event = {"patient": ethan, "practitioner": harbor.practitioner, "location": harbor.location}
    at = datetime(2026, 11, 20, 15, tzinfo=UTC)
    day = clock.today(harbor.clinic) - timedelta(days=2)
    cleaning = schedule_event(by=harbor.itself, work=[Work("D1110", "Cleaning", 9000)], service_at=at, **event)
    complete_event(cleaning, by=harbor.petra)
    run_night(harbor.clinic.pk, day)
    assert "procedure is D1110, not D2740" in bill.get("auto_apply_run", number=1)[1]
    crown = schedule_event(by=harbor.itself, work=[Work("D2740", "Crown", 20000)], service_at=at, **event)
    complete_event(crown, by=harbor.petra)
    run_night(harbor.clinic.pk, day + timedelta(days=1))
    nights = bill.get("nights")[1]
    assert "$200.00" in nights
    assert "RUN-002: 1 applied, and why" in nights
    assert "it is held for D2740, which this is" in bill.get("auto_apply_run", number=2)[1]
    assert Charge.objects.get(code="D2740").outstanding == 0
    assert Charge.objects.get(code="D1110").outstanding == 9000
