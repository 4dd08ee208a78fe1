"""The list of pre-payments, the reminder of those that match, and the night that applies them (S3.35–S3.39)."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from balances.held import held_money, held_that_matches
from balances.matching import Index, Traits
from balances.models import Credit
from balances.services import apply_credit, complete_event, hold_credit
from balances.states import MatchState
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.night import run_night
from clinicpay.patients.models import Account
from clinicpay.patients.services import add_payer, open_account
from payments.models import Payment
from payments.services import name_own_fields
from tests.balances.invariants import broken
from tests.balances.money import credit_of, left
from tests.factories import a_charge, a_patient, a_payment, an_event
from treatments.models import PriceItem
from treatments.services import Work, schedule_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def ethan(harbor):
    PriceItem.objects.create(code="D2740", description="Crown, porcelain", fee=20000)
    PriceItem.objects.create(code="D1110", description="Adult cleaning", fee=12000)
    return a_patient(harbor)


@pytest.fixture
def pages(desk):
    return desk.enter("bill")


def visit(home, patient, *codes, **fields):
    return schedule_event(
        by=home.itself,
        work=[Work(code) for code in codes],
        patient=patient,
        practitioner=home.practitioner,
        location=home.location,
        service_at=timezone.now() + timedelta(days=5),
        **fields,
    )


def hold(home, patient, amount, *, on=None, account=None, **asked) -> Credit:
    payment = a_payment(home, account or patient.account, amount, patient=patient, on=on)
    return hold_credit(credit_of(payment), amount, by=home.itself, **asked)


@pytest.fixture
def three(harbor, ethan):
    """One that matches a charge, one that waits for a plan, one for nothing that is known; the oldest last."""
    today = clock.today(harbor.clinic)
    charge = a_charge(harbor, ethan, 20000)
    crown = visit(harbor, ethan, "D2740")
    return (
        hold(harbor, ethan, 15000, on=today - timedelta(days=3), criteria={"procedure": charge.code}),
        hold(harbor, ethan, 20000, on=today - timedelta(days=9), event=crown),
        hold(harbor, ethan, 5000, on=today - timedelta(days=84), criteria={"discipline": "Surgery"}),
    )


def listed(html: str) -> list[str]:
    """The payments of the list, in its order."""
    return [part.split("<")[0] for part in html.split("data-open")[1:] for part in [part.split(">", 1)[1]]]


# ---- the list -----------------------------------------------------------------------------------------------


def test_s3_35_pre_payments_are_listed_with_what_they_match_and_their_age(pages, three):
    """S3.35: number, whose, for what, how much, since when, and what of that there is; the oldest first."""
    text = pages.words("pre_payments")
    assert listed(pages.html("pre_payments")) == ["PAY-003", "PAY-002", "PAY-001"]
    assert "Discipline Surgery" in text
    assert "$50.00" in text
    assert "84 days Nothing yet" in text
    assert "TE-002 planned" in text
    assert "1 charge, $200.00" in text
    assert "Matching, not applied $150.00 1 pre-payment" in text
    assert "Held, not matching $250.00 2 pre-payments, the oldest for 84 days" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?match=now", ["PAY-001"]),
        ("?match=rest", ["PAY-003", "PAY-002"]),
        ("?match=later", ["PAY-002"]),
        ("?match=none", ["PAY-003"]),
        ("?by=treatment", ["PAY-002"]),
        ("?by=procedure", ["PAY-001"]),
        ("?by=discipline", ["PAY-003"]),
        ("?by=custom_1", ["PAY-003", "PAY-002", "PAY-001"]),
        ("?by=nothing", []),
        ("?q=PAY-002", ["PAY-002"]),
        ("?q=park", ["PAY-003", "PAY-002", "PAY-001"]),
        ("?q=nobody", []),
        ("?match=nonsense", ["PAY-003", "PAY-002", "PAY-001"]),
        ("?sort=left", ["PAY-003", "PAY-001", "PAY-002"]),
        ("?sort=-received", ["PAY-001", "PAY-002", "PAY-003"]),
        ("?sort=number", ["PAY-001", "PAY-002", "PAY-003"]),
        ("?sort=name", ["PAY-001", "PAY-002", "PAY-003"]),
    ],
)
def test_list_is_narrowed_and_sorted_by_its_address(pages, three, query, found):
    assert listed(pages.html("pre_payments", query)) == found


def test_list_is_narrowed_by_every_criterion_that_it_offers(pages, harbor, three):
    name_own_fields(by=harbor.adam, custom_1="Insurance case", custom_2="Study")
    offered = re.findall(
        r'<option value="(\w+)"', pages.html("pre_payments").split('name="by"')[1].split("</select>")[0]
    )

    assert "package" in offered
    assert "Nothing named" in pages.words("pre_payments")
    for one in offered:
        assert "List of pre-payments" in pages.html("pre_payments", f"?by={one}"), one


def test_reception_reads_the_list_and_releases_nothing(pages, three):
    text = pages.enter("rita").words("pre_payments")
    assert "1 charge, $200.00" in text
    assert "Release" not in text


def test_practitioner_reads_no_list(client, harbor, three):
    client.force_login(harbor.petra.user)
    assert client.get(address(harbor.clinic, "pre_payments")).status_code == 403


def test_list_without_money_says_what_it_is_for(pages):
    assert "No money is held" in pages.words("pre_payments")


def test_list_leaves_as_csv_as_it_is_narrowed(pages, three):
    rows = list(csv.reader(io.StringIO(pages.html("pre_payments_csv", "?match=rest").lstrip("\ufeff"))))
    assert [row[0] for row in rows] == ["Payment", "PAY-003", "PAY-002"]
    assert rows[1][2:4] == ["Surgery", "50.00"]


def test_own_field_is_a_filter_once_it_is_named(pages, harbor, ethan, three):
    assert "custom_1" not in pages.html("pre_payments")
    name_own_fields(by=harbor.adam, custom_1="Insurance case", custom_2="")
    hold(harbor, ethan, 100, criteria={"custom_1": "BC-1"})
    assert listed(pages.html("pre_payments", "?by=custom_1")) == ["PAY-004"]
    assert "Insurance case BC-1" in pages.words("pre_payments", "?by=custom_1")


def test_patient_page_shows_the_familys_pre_payments_with_what_they_match(pages, ethan, three):
    """S3.35 on the patient's page."""
    text = pages.words("patient", number=ethan.number)
    assert "Pre-payments" in text
    assert "1 charge, $200.00" in text
    assert "Discipline Surgery" in text


# ---- the reminder -------------------------------------------------------------------------------------------


def test_s3_37_and_s3_39_reminder_appears_when_the_treatment_has_happened(pages, harbor, ethan):
    """S3.37, S3.39: money for a crown is no reminder while it is planned; once it is charged it is, with its link."""
    crown = visit(harbor, ethan, "D2740")
    held = hold(harbor, ethan, 20000, event=crown)
    assert listed(pages.html("pre_payments", "?match=now")) == []
    assert "can be applied" not in pages.words("today")

    complete_event(crown, by=harbor.petra)

    assert listed(pages.html("pre_payments", "?match=now")) == ["PAY-001"]
    assert f'href="{address(harbor.clinic, "payment_allocate", number=1)}?source={held.pk}"' in pages.html(
        "pre_payments"
    )
    today = pages.words("today")
    assert "1 pre-payment matches what is owed now: $200.00 can be applied." in today
    assert "matches what is owed now" in pages.enter("rita").words("today")
    assert "matches what is owed now" not in pages.enter("petra").words("today")


def test_s3_15_and_s3_18_reminder_is_over_once_it_is_applied_to_what_it_is_for(pages, harbor, ethan):
    """S3.15, S3.18: the pre-payment is the source of an allocation to the right treatment, and is then no more held."""
    crown = visit(harbor, ethan, "D2740")
    held = hold(harbor, ethan, 20000, event=crown)
    invoice = complete_event(crown, by=harbor.petra)
    charge = invoice.charges.select_related("invoice").get()
    apply_credit(held, [(charge, 20000)], by=harbor.rita)
    assert left(charge) == [0]
    assert "No money is held" in pages.words("pre_payments")


def test_insurers_money_is_compared_with_the_patients_that_list_it(pages, harbor, ethan):
    """By hand an insurer's pre-payment may pay them; those of others it never matches."""
    insurer = open_account(by=harbor.itself, kind=Account.Kind.INSURANCE, name="Beacon")
    add_payer(ethan, insurer, by=harbor.itself)
    brother = a_patient(harbor, "Noah", "Park", account=ethan.account)
    charge, other = a_charge(harbor, ethan, 9000), a_charge(harbor, brother, 7000)
    payment = a_payment(harbor, insurer, 20000)
    hold_credit(credit_of(payment), 20000, by=harbor.itself, criteria={"procedure": charge.code})
    (held,) = held_that_matches()
    assert [one.ref for one in held.found.charges] == [charge.invoice.ref]
    assert other.invoice.ref not in {one.ref for one in held.found.charges}


# ---- the rule and its speed ---------------------------------------------------------------------------------


def test_list_agrees_with_what_the_automatic_run_would_do(harbor, ethan, three):
    """One rule: what the list calls matching is what a run applies, and nothing else."""
    before = {one.id: one.found.state for one in held_money()}
    run_night(harbor.clinic.pk, clock.today(harbor.clinic))
    applied = {one.pk for one in Credit.objects.filter(kind="pre_payment", available=0)}
    assert {pk for pk, state in before.items() if state == MatchState.NOW} == applied
    assert broken() == []


def test_index_finds_what_no_criterion_fails_and_nothing_for_no_criteria():
    class Charge:
        patient_id = 1

        def __init__(self, **traits):
            self.traits = Traits(**traits)

    cleaning, crown = Charge(procedure="D1110", discipline="Hygiene"), Charge(procedure="D2740 ", custom_1="x")
    index = Index([cleaning, crown])
    assert index.fitting(Traits(procedure="d2740")) == [crown]
    assert index.fitting(Traits(procedure="D2740", custom_1="X")) == [crown]
    assert index.fitting(Traits(procedure="D2740", discipline="Hygiene")) == []
    assert index.fitting(Traits()) == []


@pytest.mark.usefixtures("counted")
def test_list_asks_as_often_for_many_as_for_few(pages, harbor, ethan, three):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            pages.html("pre_payments")
        return len(queries)

    few = asked()
    for n in range(12):
        hold(harbor, a_patient(harbor, f"Mia{n}"), 100, criteria={"procedure": "D1001"})
    assert asked() == few


# ---- the night ----------------------------------------------------------------------------------------------


def test_s3_38_night_applies_what_was_held_for_a_crown_and_leaves_a_cleaning_alone(pages, harbor, ethan):
    """S3.38, and the issue's end: 200.00 held for a crown; the cleaning is left and says why, the crown is paid."""
    tonight = clock.today(harbor.clinic)
    crown, cleaning = visit(harbor, ethan, "D2740"), visit(harbor, ethan, "D1110")
    paid = a_payment(harbor, ethan.account, 20000, patient=ethan)
    pages.enter("rita").post("payment_hold", {"amount": "200", "treatment": crown.ref}, number=paid.number)
    pages.enter("petra").post("treatment_complete", number=cleaning.number)

    run_night(harbor.clinic.pk, tonight)

    pages.enter("bill")
    first = pages.words("auto_apply_run", number=1)
    assert f"{paid.ref}: held for {crown.ref}; INV-001 does not match: treatment is {cleaning.ref}, not" in first
    assert "Stays in hand $200.00" in first
    pages.enter("petra").post("treatment_complete", number=crown.number)
    assert listed(pages.enter("bill").html("pre_payments", "?match=now")) == [paid.ref]

    run_night(harbor.clinic.pk, tonight + timedelta(days=1))

    second = pages.words("auto_apply_run", number=2)
    applied = f"{paid.ref} to INV-002: it is held for {crown.ref}, which this is"
    assert f"{applied}; it leaves INV-001 alone: treatment is {cleaning.ref}, not {crown.ref}." in second
    assert "RUN-002" in pages.words("nights")
    assert listed(pages.html("pre_payments")) == []
    assert "Left to pay $120.00" in pages.words("treatment", number=cleaning.number)
    assert "Left to pay $0.00" in pages.words("treatment", number=crown.number)
    assert broken() == []


# ---- mismatch, in words -------------------------------------------------------------------------------------


def test_s3_19_and_s3_42_refusal_names_each_criterion_that_fails(harbor, ethan):
    """S3.19, S3.42: by hand it is refused in words; with the permission and a reason it is done, and kept."""
    charge = a_charge(harbor, ethan, 9000)
    held = hold(harbor, ethan, 9000, criteria={"procedure": "D2740", "discipline": "Surgery"})
    with pytest.raises(Exception, match="procedure is D1001, not D2740 and discipline is not set, not Surgery"):
        apply_credit(held, [(charge, 9000)], by=harbor.bill)
    with pytest.raises(Exception, match="You can't use a pre-payment"):
        apply_credit(held, [(charge, 9000)], by=harbor.rita, override="She insists")
    apply_credit(held, [(charge, 9000)], by=harbor.bill, override="The crown was cancelled")
    assert left(charge) == [0]


def test_s3_36_payment_that_is_held_in_part_or_whole_is_purple_with_glyph_and_words(pages, harbor, ethan):
    """S3.36 (reading C15): held wins over partly allocated, in the list of payments and on its page."""
    charge = a_charge(harbor, ethan, 1000)
    payment = a_payment(harbor, ethan.account, 9000, (charge, 1000), patient=ethan)
    hold_credit(credit_of(payment), 3000, by=harbor.itself, criteria={"procedure": "D2740"})
    for html in (pages.html("payments"), pages.html("payment", number=payment.number)):
        assert 'data-alloc="held" title="held as pre-payment, $50.00 left"' in html
        assert "◆" in html


def test_s3_31_same_rules_hold_when_the_source_is_a_pre_payment(harbor, ethan):
    """S3.31: no more than is held, no more than is owed."""
    charge = a_charge(harbor, ethan, 5000)
    held = hold(harbor, ethan, 4000, criteria={"procedure": charge.code})
    with pytest.raises(Exception, match="more"):
        apply_credit(held, [(charge, 4001)], by=harbor.bill)
    apply_credit(held, [(charge, 4000)], by=harbor.bill)
    assert left(charge) == [1000]
    assert Payment.objects.get().status == "paid"


def test_event_that_is_over_is_no_plan(harbor, ethan):
    """A cancelled treatment is not waited for."""
    crown = an_event(harbor, ethan, 5000)
    hold(harbor, ethan, 4000, event=crown)
    assert [one.found.state for one in held_money()] == [MatchState.LATER]
    crown.state = "cancelled"
    crown.save(update_fields=["state"])
    assert [one.found.state for one in held_money()] == [MatchState.NONE]
