"""Holding money for something, changing for what, letting it go: the pages and their wrong input (S3.13–S3.19)."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from balances.matchable import held_for
from balances.models import Credit
from balances.queries import received_credit
from balances.services import apply_credit, hold_credit, release_credit, run_auto_apply
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.addresses import address
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused
from clinicpay.staff.models import Practitioner
from payments.models import Payment
from payments.services import name_own_fields
from tests.balances.invariants import broken
from tests.balances.money import credit_of, left
from tests.factories import a_charge, a_patient, a_payment, an_event, make_clinic
from tests.payments.desk import words
from treatments.models import PriceItem
from treatments.services import Work, schedule_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def ethan(harbor):
    PriceItem.objects.create(code="D2740", description="Crown, porcelain", fee=20000)
    PriceItem.objects.create(code="D1110", description="Adult cleaning", fee=12000)
    return a_patient(harbor)


@pytest.fixture
def crown(harbor, ethan):
    """A crown that is planned."""
    return planned(harbor, ethan, "D2740")


@pytest.fixture
def paid(harbor, ethan):
    """300.00 that nobody has applied."""
    return a_payment(harbor, ethan.account, 30000, patient=ethan)


def planned(home, patient, *codes, **fields):
    return schedule_event(
        by=home.itself,
        work=[Work(code) for code in codes],
        patient=patient,
        practitioner=fields.pop("practitioner", home.practitioner),
        location=home.location,
        service_at=timezone.now() + timedelta(days=fields.pop("ahead", 5)),
        **fields,
    )


def held_of(payment: Payment) -> list[tuple[int, str]]:
    rows = Credit.objects.filter(payment=payment, kind="pre_payment", available__gt=0).order_by("pk")
    return [(one.available, str(held_for(one))) for one in rows]


def free_of(payment: Payment) -> int:
    return received_credit(payment.pk).available


# ---- holding ------------------------------------------------------------------------------------------------


def test_s3_13_and_s3_16_part_of_a_payment_is_held_for_what_is_named(desk, paid, crown, harbor):
    """S3.13, S3.16, S3.5: a pre-payment for a future treatment, with treatment and charge criteria."""
    answer = desk.post(
        "payment_hold", {"amount": "200", "treatment": crown.ref, "procedure": "d2740"}, number=paid.number
    )
    assert answer.status_code == 302
    assert held_of(paid) == [(20000, f"{crown.ref}, D2740")]
    assert free_of(paid) == 10000
    page = words(desk.get("payment", number=paid.number))
    assert "Pre-payments" in page
    assert f"Treatment {crown.ref} · Procedure D2740" in page
    assert f"{crown.ref} planned" in page
    assert "Hold $100.00" in page


def test_s3_5_treatment_pre_payment_is_held_once_it_is_paid_and_gets_criteria_afterwards(desk, ethan, crown, harbor):
    """S3.5, S3.15: Create Payment's own kind, which is then narrowed further by its act, with reason and trail."""
    form = {"patient": ethan.ref, "treatment": crown.ref, "kind": "pre_payment", "amount": "200"}
    desk.post("payment_new", form | {"location": harbor.location.pk, "request": "1"})
    payment = Payment.objects.get()
    desk.post("payment_status", {"to": "paid", "method": "cash", "location": harbor.location.pk}, number=payment.number)
    assert held_of(payment) == [(20000, crown.ref)]
    held = Credit.objects.get(kind="pre_payment")

    desk.enter("bill").post(
        "hold_change",
        {"treatment": crown.ref, "procedure": "D2740", "reason": "Only the crown"},
        number=payment.number,
        held=held.pk,
    )

    assert held_of(payment) == [(20000, f"{crown.ref}, D2740")]
    line = AuditEvent.objects.get(action="hold.changed")
    assert line.before == {"held_for": crown.ref}
    assert line.after["held_for"] == f"{crown.ref}, D2740"
    assert (line.reason, line.subject) == ("Only the crown", payment.ref)
    assert broken() == []


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"amount": "300.01"}, "Enter at most $300.00, which is what is left unapplied."),
        ({"amount": "0"}, "greater than zero"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "lots"}, "amount"),
        ({"amount": ""}, "Enter the amount to hold."),
        ({"procedure": "D9999"}, "There is no procedure D9999 on the price list, nor on any treatment."),
        ({"treatment": "TE-999"}, "Choose a treatment of this account’s patients that is not cancelled."),
        ({"treatment": "crown"}, "Choose a treatment of this account’s patients that is not cancelled."),
        ({"treatment": ""}, "Say what it is held for: fill in at least one of these."),
        ({"practitioner": "abc"}, "Select a valid choice."),
        ({"discipline": "Astrology"}, "Select a valid choice."),
        ({"request_key": "x"}, "This form is out of date."),
    ],
)
def test_wrong_input_is_answered_in_words_and_changes_nothing(desk, paid, crown, asked, says):
    form = {"amount": "200", "treatment": crown.ref}
    answer = desk.post("payment_hold", form | asked, number=paid.number)
    assert answer.status_code == 422
    assert says in words(answer)
    assert held_of(paid) == []
    assert free_of(paid) == 30000


def test_treatment_of_another_account_or_clinic_is_no_choice(desk, paid, harbor, crown):
    """Another family's treatment, and one of another clinic, whose number doesn't exist here."""
    other = planned(harbor, a_patient(harbor, "Maya", "Okafor"), "D2740")
    answer = desk.post("payment_hold", {"amount": "200", "treatment": other.ref}, number=paid.number)
    assert answer.status_code == 422
    assert "Choose a treatment of this account’s patients" in words(answer)
    with pytest.raises(Refusal, match="for whom this account doesn't pay"):
        hold_credit(credit_of(paid), 20000, by=harbor.rita, event=other)
    assert held_of(paid) == []


def test_person_of_another_clinic_finds_no_such_payment(client, harbor, paid):
    elsewhere = make_clinic("elsewhere")
    client.force_login(elsewhere.bill.user)
    assert client.get(address(harbor.clinic, "payment_hold", number=paid.number)).status_code == 404


def test_same_click_twice_holds_once(desk, paid, crown):
    form = {"amount": "200", "treatment": crown.ref, "request_key": str(uuid.uuid4())}
    for _ in range(2):
        assert desk.post("payment_hold", form, number=paid.number).status_code == 302
    assert held_of(paid) == [(20000, crown.ref)]


def test_nothing_is_left_to_hold(desk, harbor, ethan, crown):
    spent = a_payment(harbor, ethan.account, 5000, (a_charge(harbor, ethan, 5000), 5000))
    answer = desk.get("payment_hold", number=spent.number)
    assert answer.status_code == 302
    assert f"Nothing of {spent.ref} is left to hold." in words(desk.get("payment", number=spent.number))


def test_money_that_went_elsewhere_meanwhile_is_not_held(desk, harbor, ethan, paid, crown):
    charge = a_charge(harbor, ethan, 25000)
    apply_credit(credit_of(paid), [(charge, 25000)], by=harbor.rita)
    answer = desk.post("payment_hold", {"amount": "200", "treatment": crown.ref}, number=paid.number)
    assert answer.status_code == 422
    assert "Enter at most $50.00" in words(answer)


# ---- what it matches, live ----------------------------------------------------------------------------------


def test_s3_17_what_matches_follows_what_is_named(desk, harbor, ethan, paid, crown):
    """S3.17, S3.32: each criterion narrows what the money could pay; an empty one asks for nothing."""
    cleaning = a_charge(harbor, ethan, 12000)
    every = desk.part("payment_hold", f"?practitioner={harbor.practitioner.pk}", number=paid.number)
    assert "1 charge owed now: $120.00" in every
    assert "1 planned procedure" in every
    assert cleaning.invoice.ref in every

    some = desk.part("payment_hold", f"?practitioner={harbor.practitioner.pk}&procedure=D2740", number=paid.number)
    assert "owed now" not in some
    assert crown.ref in some

    none = desk.part("payment_hold", "?procedure=D1110", number=paid.number)
    assert "Nothing matches yet" in none
    assert "Nothing matches yet" in desk.part("payment_hold", number=paid.number)


def test_s3_32_discipline_practitioner_treatment_and_charge_decide_what_is_eligible(desk, harbor, ethan, paid):
    """S3.32: the criteria are those that the automatic run follows, in any spelling."""
    PriceItem.objects.create(code="D0120", description="Exam", fee=100)
    amos = Practitioner.objects.create(name="Dr Amos Field", discipline="Endodontics")
    page = desk.get("payment_hold", number=paid.number).content.decode()
    fields = ("treatment", "procedure", "discipline", "practitioner", "location")
    assert all(f'name="{one}"' in page for one in fields)
    planned(harbor, ethan, "D2740", practitioner=amos, discipline="endodontics ")
    assert "1 planned procedure" in desk.part("payment_hold", "?discipline=Endodontics", number=paid.number)


def test_contradicting_criteria_are_warned_of_and_need_a_tick(desk, paid, crown):
    amos = Practitioner.objects.create(name="Dr Amos Field")
    form = {"amount": "200", "treatment": crown.ref, "practitioner": amos.pk, "procedure": "D1110"}
    live = desk.part("payment_hold", f"?treatment={crown.ref}&practitioner={amos.pk}", number=paid.number)
    assert f"nothing of {crown.ref} would match" in live
    assert "Practitioner is Dr Petra Jones, not Dr Amos Field" in live

    answer = desk.post("payment_hold", form, number=paid.number)
    assert answer.status_code == 422
    assert "Procedure is D2740, not D1110" in words(answer)
    assert "tick that it is meant so" in words(answer)
    assert held_of(paid) == []

    assert desk.post("payment_hold", form | {"anyway": "on"}, number=paid.number).status_code == 302
    assert held_of(paid) == [(20000, f"{crown.ref}, D1110, Dr Amos Field")]


# ---- the clinic's own fields --------------------------------------------------------------------------------


def test_s3_33_and_s3_34_own_fields_stand_below_discipline_or_nowhere(desk, harbor, paid, crown):
    """S3.33, S3.34: named ones on the form, directly below Discipline; others are not there, nor read."""
    assert "custom_" not in desk.get("payment_hold", number=paid.number).content.decode()
    desk.post("payment_hold", {"amount": "10", "treatment": crown.ref, "custom_1": "X"}, number=paid.number)
    assert held_of(paid) == [(1000, crown.ref)]

    name_own_fields(by=harbor.adam, custom_1="Insurance case", custom_2="Sponsor")
    page = desk.get("payment_hold", number=paid.number).content.decode()
    order = [page.index(f'name="{one}"') for one in ("discipline", "custom_1", "custom_2", "practitioner")]
    assert order == sorted(order)
    desk.post("payment_hold", {"amount": "20", "custom_1": "BC-1", "custom_2": "Rotary"}, number=paid.number)
    assert held_of(paid)[1] == (2000, "BC-1, Rotary")
    assert "Insurance case BC-1 · Sponsor Rotary" in words(desk.get("payment", number=paid.number))


# ---- what is held stays held --------------------------------------------------------------------------------


def test_s3_14_held_money_is_taken_by_no_automatic_run_and_by_no_other_application(desk, harbor, ethan, paid, crown):
    """S3.14, B14: the run leaves it, the desk's own suggestion doesn't count it, and by hand it is refused in words."""
    cleaning = a_charge(harbor, ethan, 12000)
    desk.post("payment_hold", {"amount": "300", "treatment": crown.ref}, number=paid.number)
    run = run_auto_apply(by=harbor.bill)
    assert left(cleaning) == [12000]
    assert "does not match: treatment is TE-002, not TE-001" in run.decisions.get().reason
    desk.post("payment_allocate", {f"apply-{cleaning.pk}": "10.00"}, number=paid.number)
    assert left(cleaning) == [12000]
    assert broken() == []


def test_b14_broken_control_a_rule_that_compares_nothing_would_take_it(desk, harbor, ethan, paid, crown, monkeypatch):
    """Without the comparison the run takes the held money for a cleaning: so the test above can fail."""
    cleaning = a_charge(harbor, ethan, 12000)
    desk.post("payment_hold", {"amount": "300", "treatment": crown.ref}, number=paid.number)
    monkeypatch.setattr("balances.matching.Traits.key", lambda self, names: ())
    run_auto_apply(by=harbor.bill)
    assert left(cleaning) == [0]


# ---- changing and releasing ---------------------------------------------------------------------------------


def test_what_was_applied_keeps_what_it_was_held_for(desk, harbor, ethan, paid, crown):
    """A change concerns what is left: the application of before stays under the criteria of before."""
    charge = a_charge(harbor, ethan, 5000)
    held = hold_credit(credit_of(paid), 20000, by=harbor.rita, criteria={"procedure": charge.code})
    apply_credit(held, [(charge, 5000)], by=harbor.rita)
    form = {"treatment": crown.ref, "reason": "The crown comes first"}
    assert desk.enter("bill").post("hold_change", form, number=paid.number, held=held.pk).status_code == 302
    assert held_of(paid) == [(15000, crown.ref)]
    assert str(held_for(held)) == charge.code
    assert broken() == []


def test_change_to_the_same_is_refused_and_moves_nothing(desk, harbor, paid, crown):
    held = hold_credit(credit_of(paid), 20000, by=harbor.rita, event=crown)
    form = {"treatment": crown.ref, "reason": "Again"}
    answer = desk.enter("bill").post("hold_change", form, number=paid.number, held=held.pk)
    assert answer.status_code == 422
    assert "It is held for this already. Nothing was changed." in words(answer)
    assert Credit.objects.get(pk=held.pk).available == 20000


def test_change_needs_a_reason_and_shows_what_stands(desk, harbor, paid, crown):
    held = hold_credit(credit_of(paid), 20000, by=harbor.rita, event=crown, criteria={"procedure": "D2740"})
    page = desk.enter("bill").get("hold_change", number=paid.number, held=held.pk).content.decode()
    assert f'<option value="{crown.ref}" selected' in page
    assert 'value="D2740"' in page
    answer = desk.post("hold_change", {"treatment": crown.ref}, number=paid.number, held=held.pk)
    assert answer.status_code == 422
    assert held_of(paid) == [(20000, f"{crown.ref}, D2740")]


def test_release_of_a_part_is_an_act_of_its_own_with_its_consequences(desk, harbor, ethan, paid, crown):
    charge = a_charge(harbor, ethan, 4000)
    held = hold_credit(credit_of(paid), 20000, by=harbor.rita, event=crown)
    page = words(desk.enter("bill").get("hold_release", number=paid.number, held=held.pk))
    assert f"Ethan Park owes {'$40.00'}, so the next automatic run may use it" in page
    assert f"{crown.ref}, " in page
    form = {"amount": "150", "reason": "The crown is cheaper"}
    assert desk.post("hold_release", form, number=paid.number, held=held.pk).status_code == 302
    assert held_of(paid) == [(5000, crown.ref)]
    assert free_of(paid) == 25000
    line = AuditEvent.objects.get(action="hold.released")
    assert line.after == {"amount": 15000, "payment": paid.ref, "held_for": crown.ref}
    assert line.reason == "The crown is cheaper"
    run_auto_apply(by=harbor.bill)
    assert left(charge) == [0]
    story = words(desk.get("payment_history", number=paid.number))
    assert f"held $200.00 of {paid.ref} as a pre-payment for {crown.ref}" in story
    assert f"released $150.00 of {paid.ref}, which was held for {crown.ref}" in story


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"amount": "200.01"}, "Enter at most $200.00, which is what is held."),
        ({"amount": "0"}, "greater than zero"),
        ({"amount": "some"}, "amount"),
        ({"reason": " "}, "Say why."),
    ],
)
def test_wrong_release_is_answered_in_words(desk, harbor, paid, crown, asked, says):
    held = hold_credit(credit_of(paid), 20000, by=harbor.rita, event=crown)
    form = {"amount": "200", "reason": "Why not"}
    answer = desk.enter("bill").post("hold_release", form | asked, number=paid.number, held=held.pk)
    assert answer.status_code == 422
    assert says in words(answer)
    assert held_of(paid) == [(20000, crown.ref)]


def test_who_holds_money_does_not_release_it(harbor, paid):
    held = hold_credit(credit_of(paid), 20000, by=harbor.rita)
    with pytest.raises(Refused):
        release_credit(held, 100, by=harbor.rita, reason="Mine")


def test_only_what_is_held_is_released(harbor, paid):
    with pytest.raises(Refusal, match="Only a pre-payment is released"):
        release_credit(credit_of(paid), 100, by=harbor.bill, reason="Why not")
    assert free_of(paid) == 30000


def test_reception_neither_releases_nor_changes_and_is_told_who_does(desk, harbor, paid, crown):
    held = hold_credit(credit_of(paid), 20000, by=harbor.rita, event=crown)
    page = words(desk.get("payment", number=paid.number))
    assert "Release" not in page.split("Pre-payments", 2)[-1].split("Timeline")[0].replace("or releases it", "")
    assert "Billing, an admin or the owner changes what it is held for, or releases it." in page
    for name in ("hold_release", "hold_change"):
        answer = desk.post(name, {"amount": "1", "reason": "Mine"}, number=paid.number, held=held.pk)
        assert answer.status_code == 403
        assert "You can&#x27;t release a pre-payment" in answer.content.decode().replace("’", "&#x27;")
        assert "Billing, Admin or Owner" in words(answer)
    assert held_of(paid) == [(20000, crown.ref)]


def test_pre_payment_that_is_over_has_no_form(desk, harbor, ethan, paid, crown):
    held = hold_credit(credit_of(paid), 20000, by=harbor.rita, event=crown)
    desk.enter("bill").post("hold_release", {"amount": "200", "reason": "Over"}, number=paid.number, held=held.pk)
    for name in ("hold_release", "hold_change"):
        assert desk.get(name, number=paid.number, held=held.pk).status_code == 302
    answer = desk.post("hold_change", {"procedure": "D2740", "reason": "Late"}, number=paid.number, held=held.pk)
    assert answer.status_code == 422
    assert "Nothing is held any more" in words(answer)


def test_pre_payment_is_asked_for_under_its_own_payment(desk, harbor, ethan, paid, crown):
    held = hold_credit(credit_of(paid), 20000, by=harbor.rita, event=crown)
    other = a_payment(harbor, ethan.account, 100)
    desk.enter("bill")
    assert desk.get("hold_release", number=other.number, held=held.pk).status_code == 404
    assert desk.get("hold_release", number=paid.number, held=credit_of(other).pk).status_code == 404


def test_held_event_is_any_of_the_family(desk, harbor, ethan, paid):
    """The account's patients are a family: a brother's treatment is a choice."""
    his = an_event(harbor, a_patient(harbor, "Noah", "Park", account=ethan.account), 5000)
    assert f'value="{his.ref}"' in desk.get("payment_hold", number=paid.number).content.decode()


def test_payment_of_which_a_part_or_all_is_held_says_so(desk, harbor, paid):
    for amount, says in ((20000, "a part of it is held as a pre-payment."), (10000, "it is held as a pre-payment.")):
        hold_credit(received_credit(paid.pk), amount, by=harbor.bill, criteria={"procedure": "D2740"})
        assert f"Nothing yet: {says}" in words(desk.get("payment", number=paid.number))
