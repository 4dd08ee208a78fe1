"""Create Payment as reception uses it: the form, the estimate beside it, and editing (S1.31–S1.49, S1.95, S1.97)."""

import re
import uuid
from dataclasses import replace
from datetime import date, timedelta
from html import unescape

import pytest

from clinicpay.clinics import clock
from clinicpay.patients.eligibility.services import Answer, Said, keep_check, withdraw_check
from clinicpay.patients.models import EligibilityCheck
from payments.models import Payment
from payments.services import PaymentRequest, create_payment
from payments.states import EDITABLE, PaymentStatus
from tests.factories import a_patient, an_event, an_invoice, make_clinic
from tests.payments.roads import reach
from treatments.services import Work, schedule_event

HTMX = {"HX-Request": "true"}
PPO = (Said("any", coinsurance=2_000), Said("service", "98", copay=2_500), Said("procedure", "D1002", copay=5_000))


@pytest.fixture
def ethan(harbor):
    return a_patient(harbor)


@pytest.fixture
def rita(client, harbor):
    client.force_login(harbor.rita.user)
    return client


def insured(home, patient, *said, ago=3, **more):
    """What an insurer said: $615.50 of the deductible and $3,100.00 to the maximum remain, unless told."""
    amounts = {
        "deductible": 150_000,
        "deductible_left": 61_550,
        "out_of_pocket": 500_000,
        "out_of_pocket_left": 310_000,
    }
    day = clock.today(home.clinic) - timedelta(days=ago)
    answer = Answer(day, "Beacon", active=True, plan="PPO Plus", **amounts, benefits=said or PPO)
    return keep_check(patient, replace(answer, **more), by=home.rita)


def place(home, what="payments/new/"):
    return f"/c/{home.clinic.slug}/{what}"


def form(home, patient, **more):
    """What the page sends."""
    fixed = {"patient": patient.ref, "location": home.location.pk, "request_key": str(uuid.uuid4())}
    return fixed | {"amount": "85.50", "another": "on"} | more


def words(response):
    """The page's words with single spaces."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(unescape(text).split())


def panel(rita, home, patient, **asked):
    """The estimate's part of the page for what is chosen."""
    found = rita.get(place(home), {"patient": patient.ref, **asked}, headers=HTMX | {"HX-Target": "estimate"})
    assert found.status_code == 200
    return words(found)


# ---- the form ----


def test_s1_31_create_payment_button_opens_the_form(rita, harbor, ethan):
    """S1.31."""
    for page in ("payments/", f"patients/{ethan.ref}/", f"treatments/{an_event(harbor, ethan, 100).ref}/"):
        body = rita.get(place(harbor, page)).content.decode()
        (link,) = re.findall(r'href="(/c/harbor/payments/new/[^"]*)" data-key="n"', body)
        opened = rita.get(link)
        assert opened.status_code == 200
        assert "Create Payment" in words(opened)
        assert ("Ethan Park" in words(opened)) == (page != "payments/")


def test_s1_32_s1_33_s1_38_missing_fields_are_said_and_nothing_is_saved(rita, harbor, ethan):
    """S1.32, S1.33, S1.38."""
    answer = rita.post(place(harbor), {"request_key": str(uuid.uuid4()), "location": harbor.location.pk})
    assert answer.status_code == 422
    assert "Choose a patient." in words(answer)
    assert "Enter the amount." in words(answer)
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0", "greater than zero"),
        ("-5", "greater than zero"),
        ("12.345", "at most 2 decimals"),
        ("1e3", "such as 120.50"),
        ("１２", "such as 120.50"),
        ("99999999999999", "at most $9,999,999,999.99"),
    ],
)
def test_s1_33_amount_is_above_zero_with_two_decimals(rita, harbor, ethan, amount, said):
    """S1.33."""
    answer = rita.post(place(harbor), form(harbor, ethan, amount=amount))
    assert answer.status_code == 422
    assert said in words(answer)
    assert not Payment.objects.exists()


def test_s1_34_s1_95_treatment_of_the_patient_can_be_linked(rita, harbor, ethan):
    """S1.34, S1.95."""
    event = an_event(harbor, ethan, 10_000, title="Crown")
    shown = rita.get(place(harbor), {"patient": ethan.ref}, headers=HTMX | {"HX-Target": "treatment-field"})
    assert f"{event.ref}, Nov 20, 2026, Crown" in words(shown)
    rita.post(place(harbor), form(harbor, ethan, treatment=event.ref))
    assert Payment.objects.get().event == event
    assert "PAY-001" in words(rita.get(place(harbor, "payments/")))


def test_s1_34_treatment_of_somebody_else_is_neither_offered_nor_taken(rita, harbor, ethan):
    """S1.34."""
    other = an_event(harbor, a_patient(harbor, "Maya", "Okafor"), 10_000)
    assert other.ref not in words(rita.get(place(harbor), {"patient": ethan.ref}))
    answer = rita.post(place(harbor), form(harbor, ethan, treatment=other.ref))
    assert answer.status_code == 422
    assert "Choose a treatment of this patient" in words(answer)
    assert not Payment.objects.exists()


def test_patient_of_another_clinic_is_refused(rita, harbor):
    from clinicpay.clinics.scope import clinic_scope

    other = make_clinic("elsewhere")
    with clinic_scope(other.clinic):
        stranger = a_patient(other)
    answer = rita.post(place(harbor), form(harbor, stranger))
    assert answer.status_code == 422
    assert "Choose a patient of this clinic." in words(answer)


def test_s1_35_payment_type_is_optional_with_exactly_three_values(rita, harbor, ethan):
    """S1.35."""
    body = rita.get(place(harbor)).content.decode()
    (select,) = re.findall(r'<select name="kind".*?</select>', body, re.DOTALL)
    offered = [option.strip() for option in re.findall(r"<option[^>]*>([^<]*)", select)]
    assert offered == ["–", "Treatment Pre-Payment", "Office Visit", "Private Pay"]
    for kind in ("", "pre_payment", "office_visit", "private_pay"):
        rita.post(place(harbor), form(harbor, ethan, kind=kind))
        assert Payment.objects.latest("pk").kind == kind
    assert rita.post(place(harbor), form(harbor, ethan, kind="barter")).status_code == 422


def test_s1_36_s1_37_due_date_and_memo_are_optional(rita, harbor, ethan):
    """S1.36, S1.37."""
    rita.post(place(harbor), form(harbor, ethan))
    rita.post(place(harbor), form(harbor, ethan, due_date="2026-12-24", memo="Night guard"))
    assert list(Payment.objects.order_by("pk").values_list("due_date", "memo")) == [
        (None, ""),
        (date(2026, 12, 24), "Night guard"),
    ]
    assert rita.post(place(harbor), form(harbor, ethan, due_date="soon")).status_code == 422


@pytest.mark.parametrize(("button", "status"), [({}, "draft"), ({"request": "1"}, "pending")])
def test_s1_38_create_saves_a_draft_and_create_and_request_a_pending_one(rita, harbor, ethan, button, status):
    """S1.38."""
    answer = rita.post(place(harbor), form(harbor, ethan, **button), follow=True)
    payment = Payment.objects.get()
    assert answer.redirect_chain == [(place(harbor, f"payments/{payment.ref}/"), 302)]
    assert (payment.status, payment.amount, payment.patient) == (status, 8_550, ethan)
    ethan.account.refresh_from_db()
    assert (ethan.account.owes, ethan.account.unapplied) == (0, 0)


def test_same_form_twice_is_one_payment_and_the_same_answer(rita, harbor, ethan):
    sent = form(harbor, ethan)
    answers = [rita.post(place(harbor), sent) for _ in range(3)]
    assert {answer["Location"] for answer in answers} == {place(harbor, "payments/PAY-001/")}
    assert Payment.objects.count() == 1
    assert rita.post(place(harbor), sent | {"amount": "1"}).status_code == 409


def test_practitioner_sees_none_of_it(client, harbor, ethan):
    insured(harbor, ethan)
    client.force_login(harbor.petra.user)
    for page in ("payments/new/", f"patients/{ethan.ref}/benefits/", f"patients/{ethan.ref}/benefits/new/"):
        assert client.get(place(harbor, page)).status_code == 403
    assert "Insurance" not in words(client.get(place(harbor, f"patients/{ethan.ref}/")))


def test_patient_is_found_by_typing(rita, harbor, ethan):
    a_patient(harbor, "Maya", "Okafor")
    found = rita.get(place(harbor, "patients/found.json"), {"q": "eth pa"}).json()
    assert found == {"results": [{"value": ethan.ref, "text": "Ethan Park", "note": ethan.ref}]}
    assert rita.get(place(harbor, "patients/found.json"), {"q": " "}).json() == {"results": []}


# ---- the estimate ----


@pytest.mark.parametrize("kind", ["pre_payment", "office_visit"])
def test_s1_39_s1_40_these_types_show_an_estimate(rita, harbor, ethan, kind):
    """S1.39, S1.40."""
    insured(harbor, ethan)
    assert "Estimated patient responsibility" in panel(rita, harbor, ethan, kind=kind, expected="100")


@pytest.mark.parametrize("kind", ["", "private_pay", "nonsense"])
def test_s1_41_case_e16_private_pay_or_none_shows_no_estimate(rita, harbor, ethan, kind):
    """S1.41."""
    insured(harbor, ethan)
    shown = panel(rita, harbor, ethan, kind=kind, expected="100")
    assert "Estimated patient responsibility" not in shown
    assert "Use this amount" not in shown


def test_s1_42_s1_97_latest_check_that_was_not_withdrawn_is_used(rita, harbor, ethan):
    """S1.42, S1.97."""
    insured(harbor, ethan, Said("any", copay=1_100), ago=20, plan="Old plan")
    used = insured(harbor, ethan, Said("any", copay=2_200), ago=10, plan="Used plan")
    wrong = insured(harbor, ethan, Said("any", copay=9_900), ago=0, plan="Wrong plan")
    withdraw_check(wrong, by=harbor.rita, reason="Somebody else's")
    shown = panel(rita, harbor, ethan, kind="pre_payment")
    assert "Used plan Active" in shown
    assert "Estimated patient responsibility $22.00" in shown
    withdraw_check(used, by=harbor.rita, reason="Wrong, too")
    assert "Old plan Active" in panel(rita, harbor, ethan, kind="pre_payment")


def test_s1_43_s1_44_s1_45_s1_46_figures_of_the_benefits_are_shown(rita, harbor, ethan):
    """S1.43, S1.44, S1.45, S1.46."""
    insured(harbor, ethan, Said("any", copay=1_500, coinsurance=1_250, on_top=True))
    shown = panel(rita, harbor, ethan, kind="pre_payment", expected="1000")
    assert "Copay $15.00 on top of deductible and co-insurance" in shown
    assert "Co-insurance 12.5%" in shown
    assert "Deductible remaining $615.50 of $1,500.00" in shown
    assert "Out-of-pocket maximum remaining $3,100.00 of $5,000.00" in shown


def test_s1_47_each_procedure_has_its_own_steps(rita, harbor, ethan):
    """S1.47."""
    insured(harbor, ethan)
    event = an_event(harbor, ethan, 100_000, 30_000, 20_000)  # D1001, D1002, D1003
    shown = panel(rita, harbor, ethan, kind="pre_payment", treatment=event.ref)
    assert f"Base Planned charges of {event.ref}: $1,500.00" in shown
    assert (
        "D1001 Procedure 1 $1,000.00 Deductible $615.50 of the $615.50 that is left of the deductible. $615.50" in shown
    )
    assert "Co-insurance 20% of the $384.50 that remain, for any service. $76.90" in shown
    assert "Share of this procedure The plan pays $307.60. $692.40" in shown
    assert "D1002 Procedure 2 $300.00 Copay $50.00 for D1002, instead of deductible and co-insurance. $50.00" in shown
    assert "Deductible The deductible is met. $0.00 Co-insurance 20% of the $200.00" in shown
    assert "Estimated patient responsibility $782.40" in shown


def test_s1_47_office_visit_uses_its_own_benefit(rita, harbor, ethan):
    """S1.47."""
    insured(harbor, ethan)
    shown = panel(rita, harbor, ethan, kind="office_visit", expected="120")
    assert "Copay $25.00 for Office visit, instead of deductible and co-insurance. $25.00" in shown
    assert "Estimated patient responsibility $25.00" in shown


def test_office_visits_copay_is_due_once_for_all_that_it_covers(rita, harbor, ethan):
    insured(harbor, ethan)
    event = an_event(harbor, ethan, 2_000, 30_000, 1_500)  # D1002 has a benefit of its own
    shown = panel(rita, harbor, ethan, kind="office_visit", treatment=event.ref)
    assert "D1001 Procedure 1, D1003 Procedure 3 $35.00 Copay $25.00 for Office visit" in shown
    assert "Estimated patient responsibility $75.00" in shown


def test_dental_procedure_takes_the_benefit_of_its_service_type(rita, harbor, ethan):
    insured(harbor, ethan, Said("any", coinsurance=2_000), Said("service", "36", coinsurance=5_000), deductible_left=0)
    crown = schedule_event(
        by=harbor.itself,
        work=[Work("D2740", "Crown", 100_000), Work("D2391", "Filling", 10_000)],
        patient=ethan,
        practitioner=harbor.practitioner,
        location=harbor.location,
        service_at=an_event(harbor, ethan, 1).service_at,
    )
    shown = panel(rita, harbor, ethan, kind="pre_payment", treatment=crown.ref)
    assert "50% of the $1,000.00 that remain, for Dental crowns. $500.00" in shown
    assert "20% of the $100.00 that remain, for any service. $20.00" in shown


def test_c24_base_is_posted_charges_else_expected_else_copay_only(rita, harbor, ethan):
    insured(harbor, ethan)
    event = an_invoice(harbor, ethan, 40_000).event
    posted = panel(rita, harbor, ethan, kind="pre_payment", treatment=event.ref, expected="900")
    assert f"Base Posted charges of {event.ref}: $400.00" in posted
    assert "Base Expected charge, as entered: $900.00" in panel(
        rita, harbor, ethan, kind="pre_payment", expected="900"
    ).replace(" :", ":")
    assert "Base Copay only: no charge is known" in panel(rita, harbor, ethan, kind="office_visit")


def test_c24_without_charge_and_copay_nothing_is_estimated(rita, harbor, ethan):
    insured(harbor, ethan)
    shown = panel(rita, harbor, ethan, kind="pre_payment")
    assert "No charge is known and the check names no copay." in shown
    assert "Use this amount" not in shown
    assert "Benefits by service in this check" in shown, "what the check does say stands there all the same (S1.47)"


def test_s1_48_use_this_amount_fills_the_amount_without_script_too(rita, harbor, ethan):
    """S1.48."""
    insured(harbor, ethan)
    body = rita.get(place(harbor), {"patient": ethan.ref, "kind": "office_visit"}).content.decode()
    assert re.search(r'name="use" value="1" data-use-amount="#id_amount" data-value="25\.00"', body)
    sent = form(harbor, ethan, kind="office_visit", amount="", memo="Kept", use="1")
    answer = rita.post(place(harbor), sent)
    assert answer.status_code == 200
    body = answer.content.decode()
    assert re.search(r'name="amount" value="25\.00"', body)
    assert 'value="Kept"' in body
    assert sent["request_key"] in body
    assert not Payment.objects.exists()


def test_s1_49_notice_says_what_the_estimate_is_not(rita, harbor, ethan):
    """S1.49."""
    insured(harbor, ethan)
    shown = panel(rita, harbor, ethan, kind="office_visit")
    assert (
        "This estimate is based on eligibility benefit information only. Fee schedules and payer-specific rates "
        "are not included. It may differ from the final patient responsibility."
    ) in shown


def test_c23_case_e16_no_check_or_an_inactive_one_says_why(rita, harbor, ethan):
    assert "There is no eligibility check of Ethan Park" in panel(
        rita, harbor, ethan, kind="office_visit", expected="9"
    )
    insured(harbor, ethan, active=False)
    shown = panel(rita, harbor, ethan, kind="office_visit", expected="9")
    assert "The plan was not active when it was checked" in shown
    assert "Estimated patient responsibility" not in shown
    assert "PPO Plus Not active" in shown


def test_c23_old_check_or_another_benefit_year_warns(rita, harbor, ethan, settings):
    insured(harbor, ethan, ago=31)
    assert "This check is 31 days old" in panel(rita, harbor, ethan, kind="office_visit")
    settings.ELIGIBILITY_STALE_DAYS = 31
    assert "days old" not in panel(rita, harbor, ethan, kind="office_visit")
    today = clock.today(harbor.clinic)
    insured(harbor, ethan, ago=1, plan_begins=today - timedelta(400), plan_ends=today - timedelta(1))
    shown = panel(rita, harbor, ethan, kind="office_visit")
    assert "The benefit year ended on" in shown
    assert "Estimated patient responsibility $25.00" in shown


def test_case_e7_maximum_met_leaves_nothing_to_use(rita, harbor, ethan):
    insured(harbor, ethan, out_of_pocket_left=0)
    shown = panel(rita, harbor, ethan, kind="office_visit")
    assert "The out-of-pocket maximum is met: nothing more is due. $0.00" in shown
    assert "there is no amount to use" in shown


def test_expected_charge_that_is_no_amount_is_said(rita, harbor, ethan):
    insured(harbor, ethan)
    assert "Enter an amount such as 120.50." in panel(rita, harbor, ethan, kind="office_visit", expected="lots")


def test_estimate_moves_no_money_and_keeps_nothing(rita, harbor, ethan):
    insured(harbor, ethan)
    panel(rita, harbor, ethan, kind="office_visit", expected="100")
    assert (Payment.objects.count(), EligibilityCheck.objects.count()) == (0, 1)


# ---- editing ----


@pytest.mark.parametrize("status", PaymentStatus)
def test_s1_59_edit_is_offered_and_possible_while_nothing_is_under_way(rita, harbor, ethan, status):
    """S1.59."""
    asked = PaymentRequest(ethan, 10_000, harbor.location, memo="Before")
    payment = reach(harbor, create_payment(asked, by=harbor.rita), status)
    here = place(harbor, f"payments/{payment.ref}/")
    offered = f'href="{here}edit/"' in rita.get(here).content.decode()
    rita.get(f"{here}edit/")
    rita.post(f"{here}edit/", form(harbor, ethan, memo="After"))
    payment.refresh_from_db()
    possible = status in EDITABLE
    assert offered == possible
    assert (payment.memo, payment.amount) == (("After", 8_550) if possible else ("Before", 10_000))
