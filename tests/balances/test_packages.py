"""Packages and staged treatments: what each treatment bills, what is split anew, what the database keeps."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from balances.matchable import holds_of
from balances.models import Charge
from balances.packages import figures_of, parts_of, parts_of_events
from balances.queries import received_credit
from balances.services import (
    add_visit,
    bill_event,
    cancel_event,
    cancel_rest,
    complete_event,
    credit_charge,
    hold_credit,
    run_auto_apply,
    void_invoice,
)
from clinicpay.audit.models import AuditEvent
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import Refused
from tests.balances.invariants import broken
from tests.balances.packages import a_package, a_staged, a_visit, amounts, treatments
from tests.factories import a_patient, a_payment, an_event
from treatments.models import Package, PriceItem, Procedure
from treatments.services import Work, add_procedures
from treatments.split import MOST
from treatments.states import EventState, Origin

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(harbor):
    PriceItem.objects.create(code="D1110", description="Adult cleaning", fee=12000)
    return a_patient(harbor, "Mia", "Stone")


def kept():
    """Ask the database for what it otherwise asks at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("set constraints all deferred")
    assert broken() == []


def billed(package):
    return list(
        Charge.objects.filter(event__package=package, voided=False).order_by("pk").values_list("amount", flat=True)
    )


def test_s0_14_each_treatment_of_a_package_bills_its_part_when_it_closes(harbor, mia):
    package = a_package(harbor, mia, 100_01, 3)
    kept()
    assert amounts(package) == [33_33, 33_33, 33_35]
    assert [event.origin for event in treatments(package)] == [Origin.PACKAGE] * 3
    assert billed(package) == []
    for event in treatments(package):
        complete_event(event, by=harbor.rita)
    kept()
    assert billed(package) == [33_33, 33_33, 33_35]
    assert figures_of([package.pk])[package.pk].outstanding == 100_01
    mia.account.refresh_from_db()
    assert mia.account.owes == 100_01


def test_s0_15_a_staged_treatment_bills_each_stage_at_its_own_price(harbor, mia):
    package = a_staged(harbor, mia, 400_00, 300_00, 500_01)
    assert package.price == 1200_01
    complete_event(treatments(package)[0], by=harbor.rita)
    kept()
    assert billed(package) == [400_00]
    part = parts_of_events([treatments(package)[1].pk])[treatments(package)[1].pk]
    assert part.words("USD") == "Stage 2 of 3: $300.00 of $1,200.01"


@pytest.mark.parametrize("stages", [0, MOST + 1])
def test_a_staged_treatment_has_a_stage_and_not_too_many(harbor, mia, stages):
    with pytest.raises(Refusal, match="from 1 to"):
        a_staged(harbor, mia, *[100_00] * stages)
    assert not Package.objects.exists()


def test_a_full_package_takes_no_visit_more(harbor, mia):
    package = a_package(harbor, mia, 100_000, MOST - 1)
    add_visit(package, a_visit(harbor, MOST), by=harbor.itself)
    with pytest.raises(Refusal, match="which is the most"):
        add_visit(package, a_visit(harbor, MOST + 1), by=harbor.itself)
    assert len(treatments(package)) == MOST


def test_a_part_says_which_it_is_and_of_how_much(harbor, mia, django_assert_num_queries):
    package = a_package(harbor, mia)
    plain = an_event(harbor, mia, 5000)
    ids = [event.pk for event in treatments(package)]
    with django_assert_num_queries(1):
        found = parts_of_events([*ids, plain.pk])
    assert list(found) == ids
    assert found[ids[1]].words("USD") == "Part 2 of 4: $250.00 of $1,000.00"
    assert found[ids[1]].ref == package.ref == "TP-001"


def test_a_visit_more_splits_anew_only_what_is_not_billed(harbor, mia):
    package = a_package(harbor, mia, 100_00, 3)
    complete_event(treatments(package)[0], by=harbor.rita)
    add_visit(package, a_visit(harbor, 9), by=harbor.rita)
    kept()
    assert amounts(package) == [33_33, 22_22, 22_22, 22_23]
    line = AuditEvent.objects.get(action="package.visit_added")
    assert [part["amount"] for part in line.before["parts"]] == [33_33, 33_33, 33_34]
    assert [part["amount"] for part in line.after["parts"]] == [33_33, 22_22, 22_22, 22_23]


def test_a_cancelled_visit_gives_its_part_to_the_others(harbor, mia):
    package = a_package(harbor, mia, 100_00, 3)
    first, second, third = treatments(package)
    complete_event(first, by=harbor.rita)
    cancel_event(second, by=harbor.rita)
    kept()
    assert amounts(package) == [33_33, 66_67]
    with pytest.raises(Refusal, match="last visit of TP-001 that isn’t billed"), transaction.atomic():
        cancel_event(third, by=harbor.rita)
    third.refresh_from_db()
    assert third.state == EventState.SCHEDULED
    kept()


def test_a_cancelled_stage_takes_its_price_with_it_and_a_new_one_brings_its_own(harbor, mia):
    package = a_staged(harbor, mia, 400_00, 300_00, 500_00)
    cancel_event(treatments(package)[1], by=harbor.rita)
    package.refresh_from_db()
    assert (package.price, package.cancelled, amounts(package)) == (1200_00, 300_00, [400_00, 500_00])
    add_visit(package, a_visit(harbor, 9, 50_00), by=harbor.rita)
    package.refresh_from_db()
    kept()
    assert (package.price, package.to_bill, amounts(package)) == (1250_00, 950_00, [400_00, 500_00, 50_00])
    with pytest.raises(Refusal, match="A stage needs a price"):
        add_visit(package, a_visit(harbor, 10), by=harbor.rita)


def test_the_rest_of_a_package_is_cancelled_with_what_it_was_to_bill(harbor, mia):
    package = a_package(harbor, mia, 100_00, 3)
    complete_event(treatments(package)[0], by=harbor.rita)
    with pytest.raises(Refusal, match="Say why"):
        cancel_rest(package, by=harbor.rita, reason=" ")
    cancel_rest(package, by=harbor.rita, reason="Moved away")
    kept()
    package.refresh_from_db()
    assert (package.price, package.cancelled, amounts(package)) == (100_00, 66_67, [33_33])
    assert [event.state for event in treatments(package)] == ["closed", "cancelled", "cancelled"]
    with pytest.raises(Refusal, match="Nothing of TP-001 is left to cancel"):
        cancel_rest(package, by=harbor.rita, reason="Again")
    with pytest.raises(Refusal, match="nothing is left to split"):
        add_visit(package, a_visit(harbor, 9), by=harbor.rita)


def test_a_part_is_billed_once_and_anew_only_after_its_invoice_is_void(harbor, mia):
    package = a_package(harbor, mia, 100_00, 2)
    first, second = treatments(package)
    bill_event(first, by=harbor.rita)
    assert bill_event(first, by=harbor.rita) is None
    invoice = bill_event(second, by=harbor.rita)
    void_invoice(invoice, by=harbor.bill, reason="Wrong patient")
    kept()
    assert billed(package) == [50_00]
    complete_event(second, by=harbor.rita)
    kept()
    assert billed(package) == [50_00, 50_00]


def test_a_part_that_was_billed_early_and_credited_may_be_cancelled(harbor, mia):
    package = a_package(harbor, mia, 100_00, 3)
    first = treatments(package)[0]
    bill_event(first, by=harbor.rita)
    with pytest.raises(Refusal, match="has charges"), transaction.atomic():
        cancel_event(first, by=harbor.rita)
    credit_charge(Charge.objects.get(), 33_33, by=harbor.bill, reason="Not coming")
    cancel_event(first, by=harbor.rita)
    kept()
    assert amounts(package) == [50_00, 50_00]


def test_what_is_done_beside_is_billed_beside(harbor, mia):
    package = a_package(harbor, mia, 100_00, 2)
    first = treatments(package)[0]
    add_procedures(first, by=harbor.rita, work=[Work("D0220", "Film", 30_00)])
    complete_event(first, by=harbor.rita)
    kept()
    assert billed(package) == [50_00, 30_00]
    assert figures_of([package.pk])[package.pk].billed == 50_00


def test_only_who_schedules_and_sees_money_agrees_on_packages(harbor, mia):
    package = a_package(harbor, mia)
    for act in (
        lambda by: add_visit(package, a_visit(harbor), by=by),
        lambda by: cancel_rest(package, by=by, reason="no"),
    ):
        for who in (harbor.petra, harbor.bill):
            with pytest.raises(Refused, match="This needs: Reception, Admin or Owner"):
                act(who)


def test_money_held_for_a_package_pays_each_of_its_treatments_and_nothing_else(harbor, mia):
    """The night's engine says of each what it did, and of the rest why not (S3.42)."""
    package, other = a_package(harbor, mia, 100_00, 2), a_package(harbor, mia, 40_00, 2, "Whitening")
    money = received_credit(a_payment(harbor, mia.account, 90_00, patient=mia).pk)
    held = hold_credit(money, 90_00, by=harbor.rita, criteria={"package": package})
    assert str(holds_of([held.pk])[held.pk]) == "TP-001"
    first, second = treatments(package)
    add_procedures(first, by=harbor.rita, work=[Work("D0220", "Film", 30_00)])
    complete_event(first, by=harbor.rita)
    complete_event(treatments(other)[0], by=harbor.rita)
    run = run_auto_apply(by=harbor.bill)
    held.refresh_from_db()
    assert held.available == 40_00
    said = list(run.decisions.order_by("pk").values_list("reason", flat=True))
    assert said[0] == "PAY-001 to INV-001: it is held for TP-001, which this is."
    assert said[1] == "PAY-001: held for TP-001; INV-001 does not match: package is not set, not TP-001."
    complete_event(second, by=harbor.rita)
    run_auto_apply(by=harbor.bill)
    held.refresh_from_db()
    assert held.available == 0
    assert figures_of([package.pk])[package.pk].paid == 90_00
    assert broken() == []


def test_the_most_criteria_come_first(harbor, mia):
    """A-19: of two that match, the one that asks for more."""
    package = a_package(harbor, mia, 100_00, 2)
    loose, tight = (
        hold_credit(
            received_credit(a_payment(harbor, mia.account, 50_00, patient=mia).pk), 50_00, by=harbor.rita, criteria=one
        )
        for one in ({"package": package}, {"package": package, "procedure": "D1110"})
    )
    complete_event(treatments(package)[0], by=harbor.rita)
    run_auto_apply(by=harbor.bill)
    loose.refresh_from_db()
    tight.refresh_from_db()
    assert (loose.available, tight.available) == (50_00, 0)


def test_another_familys_money_is_not_held_for_it(harbor, mia):
    package, stranger = a_package(harbor, mia), a_patient(harbor, "Leo", "Vance")
    money = received_credit(a_payment(harbor, stranger.account, 50_00).pk)
    with pytest.raises(Refusal, match="doesn't pay"):
        hold_credit(money, 50_00, by=harbor.rita, criteria={"package": package})


def refused_as(name):
    return pytest.raises(IntegrityError, match=name)


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("update treatments_procedure set fee = fee + 1 where part", "treatments_package_sum"),
        ("update treatments_package set price = price + 1", "treatments_package_sum"),
        ("update treatments_package set cancelled = 1", "treatments_package_sum"),
        ("delete from treatments_procedure where part", "treatments_package_sum"),
        (
            "update treatments_treatmentevent set state = 'cancelled' where package_id is not null",
            "treatments_package_sum",
        ),
        ("update treatments_package set cancelled = price + 1", "treatments_package_cancelled"),
    ],
)
def test_the_database_keeps_the_sum_whatever_is_written(harbor, mia, sql, constraint):
    a_package(harbor, mia, 100_00, 3)
    with refused_as(constraint), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        cursor.execute("set constraints all immediate")


def test_what_was_billed_of_a_package_never_changes_even_if_the_sum_holds(harbor, mia):
    package = a_package(harbor, mia, 100_00, 3)
    first, second, _ = treatments(package)
    complete_event(first, by=harbor.rita)
    with refused_as("this part of a package is billed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "update treatments_procedure set fee = fee + case event_id when %s then 1 else -1 end "
            "where event_id in (%s, %s)",
            [first.pk, first.pk, second.pk],
        )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(12, 10**7),
    st.integers(2, 7),
    st.lists(st.tuples(st.sampled_from(["close", "cancel", "add", "bill", "rest"]), st.integers(0, 9)), max_size=8),
)
def test_however_it_goes_never_more_than_the_price_is_billed_and_each_part_once(harbor, price, count, steps):
    """Splits and re-splits at random: the sum is kept, and what was billed stays as it was."""
    with transaction.atomic():
        patient = a_patient(harbor)
        package = a_package(harbor, patient, price * count, count)
        for act, which in steps:
            before = billed(package)
            events = [one for one in treatments(package) if one.state != EventState.CANCELLED]
            try:
                with transaction.atomic():
                    _do(harbor, package, act, events[which % len(events)] if events else None)
            except Refusal:
                pass
            package.refresh_from_db()
            assert billed(package)[: len(before)] == before
            assert sum(amounts(package)) == package.to_bill
            assert sum(billed(package)) <= package.to_bill <= package.price == price * count
            assert all(amount > 0 for amount in amounts(package))
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
        assert Procedure.objects.filter(event__package=package, part=True).count() == len(treatments(package))
        transaction.set_rollback(True)


def _do(home, package, act, event):
    if act == "add":
        add_visit(package, a_visit(home, len(treatments(package))), by=home.itself)
    elif act == "rest":
        cancel_rest(package, by=home.itself, reason="test")
    elif event:
        {"close": complete_event, "cancel": cancel_event, "bill": bill_event}[act](event, by=home.itself)


def test_parts_follow_the_order_of_service(harbor, mia):
    package = a_package(harbor, mia, 100_00, 2)
    add_visit(package, a_visit(harbor, -1), by=harbor.rita)
    parts = parts_of(package)
    assert [part.position for part in parts] == [1, 2, 3]
    assert [part.amount for part in parts] == [33_33, 33_33, 33_34]
    dates = [event.service_at for event in treatments(package)]
    assert dates[1] - dates[0] == timedelta(weeks=1)
