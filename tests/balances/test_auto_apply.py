"""The allocation engine by itself: no database."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from balances.auto_apply import FREE, Rules, Source, Target, decide
from balances.matching import Named, Traits
from balances.states import CreditKind

DAY = date(2026, 11, 1)


def a_source(
    number: int, available: int, *, kind: str = "unapplied", age: int = 0, event: int | None = None, **more: Any
) -> Source:
    return Source(number, f"PAY-{number:03d}", kind, DAY - timedelta(days=age), available, event, **more)


def a_target(number: int, outstanding: int, *, event: int | None = None, age: int = 0, **more: Any) -> Target:
    return Target(number, f"INV-{number:03d}", DAY - timedelta(days=age), outstanding, event, **more)


def held(number: int, available: int, *, age: int = 0, **wanted: Any) -> Source:
    return a_source(number, available, kind="pre_payment", age=age, held_for=Traits(**wanted))


def billed(number: int, outstanding: int, **traits: Any) -> Target:
    return a_target(number, outstanding, traits=Traits(**traits))


def outcome(sources: list[Source], targets: list[Target], **rules: Any) -> list[tuple[int, int, int]]:
    return [(one.credit_id, one.charge_id, one.amount) for one in decide(sources, targets, Rules(**rules))[0]]


def why_left(sources: list[Source], targets: list[Target], **rules: Any) -> list[str]:
    return [one.reason for one in decide(sources, targets, Rules(**rules))[1]]


def test_oldest_money_pays_the_oldest_debt_first():
    assert outcome([a_source(1, 50), a_source(2, 70)], [a_target(1, 60), a_target(2, 40)]) == [
        (1, 1, 50),
        (2, 1, 10),
        (2, 2, 40),
    ]


def test_deposits_are_used_before_unapplied_money():
    assert outcome([a_source(1, 50), a_source(2, 50, kind="deposit")], [a_target(1, 60)]) == [(2, 1, 50), (1, 1, 10)]


def test_money_linked_to_a_treatment_pays_it_before_older_debt():
    assert outcome([a_source(1, 50, event=8)], [a_target(1, 60), a_target(2, 40, event=8)]) == [(1, 2, 40), (1, 1, 10)]


def test_money_linked_to_a_treatment_is_kept_from_older_money():
    sources = [a_source(1, 40), a_source(2, 40, event=8)]
    assert outcome(sources, [a_target(1, 40), a_target(2, 40, event=8)]) == [(2, 2, 40), (1, 1, 40)]


def test_money_linked_to_a_settled_treatment_is_free():
    assert outcome([a_source(1, 50, event=9)], [a_target(1, 60)]) == [(1, 1, 50)]


CROWN = {"procedure": "D2740", "location": Named(1, "Main Street")}


def test_prepayment_pays_what_it_is_held_for_before_any_other_money():
    sources = [a_source(1, 500, kind="deposit", age=9), held(2, 200, **CROWN)]
    decided, _ = decide(sources, [billed(1, 300, **CROWN)])
    assert [(one.credit_id, one.amount) for one in decided] == [(2, 200), (1, 100)]
    assert decided[0].reason == "PAY-002 to INV-001: it is held for D2740, Main Street, which this is."


def test_prepayment_leaves_a_cleaning_alone_and_names_what_differs():
    targets = [billed(1, 90, procedure="D1110", location=Named(2, "Harbor Point"))]
    assert outcome([held(1, 200, **CROWN)], targets) == []
    assert why_left([held(1, 200, **CROWN)], targets) == [
        "PAY-001: held for D2740, Main Street; INV-001 does not match: procedure is D1110, not D2740 and "
        "location is Harbor Point, not Main Street."
    ]


def test_prepayment_that_is_used_up_says_what_it_leaves_alone():
    sources = [held(1, 200, procedure="D2740")]
    targets = [billed(1, 90, procedure="D1110"), billed(2, 150, procedure="D2740"), billed(3, 60, procedure="D2740")]
    decided, skipped = decide(sources, targets)
    assert [one.reason for one in decided] == [
        "PAY-001 to INV-002: it is held for D2740, which this is.",
        "PAY-001 to INV-003: it is held for D2740, which this is; "
        "it leaves INV-001 alone: procedure is D1110, not D2740.",
    ]
    assert skipped == []


def test_prepayment_names_the_charge_that_comes_nearest():
    targets = [billed(1, 90, procedure="D1110"), billed(2, 90, procedure="D2740", location=Named(2, "Harbor Point"))]
    [why] = why_left([held(1, 200, **CROWN)], targets)
    assert "INV-002 does not match: location is Harbor Point, not Main Street" in why


def test_criteria_are_compared_in_any_spelling():
    assert outcome([held(1, 50, discipline=" hygiene")], [billed(1, 50, discipline="Hygiene")]) == [(1, 1, 50)]


def test_case_a19_criteria_come_before_age():
    """Held 50 for provider 1 and, later, 50 for provider 2: the charge of provider 2 takes the second."""
    sources = [held(1, 50, age=9, practitioner=Named(1, "One")), held(2, 50, practitioner=Named(2, "Two"))]
    assert outcome(sources, [billed(1, 50, practitioner=Named(2, "Two"))]) == [(2, 1, 50)]


def test_most_criteria_come_first_then_the_oldest():
    sources = [
        held(1, 10, age=9, procedure="D2740"),
        held(2, 10, age=1, **CROWN),
        held(3, 10, age=5, discipline="Restorative", procedure="D2740"),
    ]
    target = billed(1, 30, discipline="Restorative", **CROWN)
    assert [credit for credit, _, _ in outcome(sources, [target])] == [3, 2, 1]


def test_prepayment_without_criteria_is_for_people():
    assert "only a person may use it" in why_left([held(1, 50)], [billed(1, 50)])[0]


def test_prepayment_without_any_debt_says_what_it_waits_for():
    assert why_left([held(1, 50, procedure="D2740")], []) == [
        "PAY-001: held for D2740; nothing that is owed waits for it."
    ]


def test_own_criterion_is_named_as_the_clinic_names_it():
    [why] = why_left([held(1, 50, custom_1="Blue")], [billed(1, 9, custom_1="Red")], custom=("Colour", ""))
    assert "Colour is Red, not Blue" in why


def test_deposit_of_the_same_location_comes_first():
    sources = [
        a_source(1, 50, kind="deposit", age=9, location_id=1),
        a_source(2, 50, kind="deposit", age=1, location_id=2),
    ]
    assert outcome(sources, [a_target(1, 60, location_id=2)]) == [(2, 1, 50), (1, 1, 10)]


def test_exact_amount_comes_first_if_the_clinic_says_so():
    sources, targets = [a_source(1, 80), a_source(2, 50)], [a_target(1, 50), a_target(2, 60)]
    assert outcome(sources, targets, exact_first=True) == [(2, 1, 50), (1, 2, 60)]


def test_own_patient_comes_before_the_family_if_the_clinic_says_so():
    money = [a_source(1, 50, patient_id=7), a_source(2, 50, patient_id=8)]
    debt = [a_target(1, 60, patient_id=8), a_target(2, 40, patient_id=7)]
    assert outcome(money, debt, own_patient_first=True) == [(2, 1, 50), (1, 2, 40), (1, 1, 10)]


def test_earliest_due_is_paid_first_if_the_clinic_says_so():
    debt = [a_target(1, 50, due_date=DAY + timedelta(9)), a_target(2, 50, due_date=DAY)]
    assert outcome([a_source(1, 60)], debt, by_due_date=True) == [(1, 2, 50), (1, 1, 10)]


def test_young_debt_is_left_and_said_to_be():
    debt = [a_target(1, 50, age=3), a_target(2, 50, age=40)]
    rules = {"billed_by": DAY - timedelta(days=30)}
    assert outcome([a_source(1, 80)], debt, **rules) == [(1, 2, 50)]
    assert why_left([a_source(1, 80)], [a_target(1, 50)], **rules) == [
        "PAY-001: of what is still owed, INV-001 stays: it is younger than the clinic's rules ask."
    ]


def test_excluded_discipline_is_left_and_said_to_be():
    rules = {"excluded": frozenset({"cosmetic"})}
    assert why_left([a_source(1, 80)], [billed(1, 50, discipline="Cosmetic")], **rules) == [
        "PAY-001: of what is still owed, INV-001 stays: Cosmetic is left out by the clinic's rules."
    ]


def test_kind_that_takes_no_part_is_left_and_said_to_be():
    rules = {"kinds": ("unapplied",)}
    money = [a_source(1, 80, kind="deposit")]
    assert why_left(money, [a_target(1, 50)], **rules) == ["PAY-001: the clinic's rules leave every deposit alone."]


def test_kind_that_takes_no_part_pays_neither_its_own_treatment_nor_an_exact_debt():
    rules = {"kinds": ("unapplied",), "exact_first": True}
    money = [a_source(1, 50, kind="deposit", event=8)]
    assert outcome(money, [a_target(1, 50, event=8)], **rules) == []


def test_money_reserved_for_a_refund_is_never_used():
    assert outcome([a_source(1, 50, kind="refund_pending")], [a_target(1, 60)]) == []


def test_every_decision_and_skip_has_a_sentence():
    decided, skipped = decide([a_source(1, 90)], [a_target(1, 60)])
    assert decided[0].reason == "PAY-001 to INV-001: oldest unapplied payment to the oldest open invoice."
    assert skipped[0].reason == "PAY-001: the account owes nothing more."
    # In the same words a night later: a night tells only of what has changed.
    assert decide([a_source(1, 90)], [])[1][0].reason == "PAY-001: the account owes nothing more."


amounts = st.integers(1, 500)
events = st.none() | st.integers(1, 3)
sources = st.lists(st.tuples(st.sampled_from(list(CreditKind)), amounts, events), max_size=8)
targets = st.lists(st.tuples(amounts, events), max_size=8)


def rows(money: list[tuple], debt: list[tuple]) -> tuple[list[Source], list[Target]]:
    return (
        [a_source(n, amount, kind=kind, age=9 - n, event=event) for n, (kind, amount, event) in enumerate(money, 1)],
        [a_target(n, amount, event=event) for n, (amount, event) in enumerate(debt, 1)],
    )


@given(sources, targets)
def test_never_more_than_is_available_or_owed(money, debt):
    decided, skipped = decide(*rows(money, debt))
    stays = {left.credit_id: left.amount for left in skipped}
    for number, (_, available, _) in enumerate(money, 1):
        spent = sum(one.amount for one in decided if one.credit_id == number)
        assert spent + stays.get(number, 0) == available
    for number, (owed, _) in enumerate(debt, 1):
        assert sum(one.amount for one in decided if one.charge_id == number) <= owed
    assert all(one.amount > 0 for one in decided)


@given(sources, targets)
def test_free_money_never_stays_beside_open_debt(money, debt):
    decided, _ = decide(*rows(money, debt))
    free = sum(amount for kind, amount, _ in money if kind in FREE)
    assert sum(one.amount for one in decided) == min(free, sum(amount for amount, _ in debt))


@given(sources, targets)
def test_money_held_for_nothing_in_particular_is_never_used(money, debt):
    aside = {number for number, (kind, _, _) in enumerate(money, 1) if kind not in FREE}
    assert not aside & {one.credit_id for one in decide(*rows(money, debt))[0]}


@given(sources, targets)
def test_same_rows_give_the_same_decisions(money, debt):
    assert decide(*rows(money, debt)) == decide(*rows(money, debt))


@given(sources, targets)
def test_second_run_decides_nothing(money, debt):
    used_sources, used_targets = rows(money, debt)
    decide(used_sources, used_targets)
    assert decide(used_sources, used_targets)[0] == []


traits = st.builds(
    Traits,
    procedure=st.sampled_from(["", "A", "B"]),
    discipline=st.sampled_from(["", "X", "Y"]),
    custom_1=st.sampled_from(["", "1"]),
)


@given(st.lists(st.tuples(amounts, traits), max_size=8), st.lists(st.tuples(amounts, traits), max_size=8))
def test_held_money_pays_nothing_but_what_it_is_held_for(money, debt):
    """Against the plainest form of the rule: every pair is looked at."""
    wanted = {n: one for n, (_, one) in enumerate(money, 1)}
    owed = {n: one for n, (_, one) in enumerate(debt, 1)}
    sources = [a_source(n, amount, kind="pre_payment", held_for=one) for n, (amount, one) in enumerate(money, 1)]
    targets = [a_target(n, amount, traits=one) for n, (amount, one) in enumerate(debt, 1)]
    decided, _ = decide(sources, targets)
    fits = {
        (n, m)
        for n in wanted
        for m in owed
        if wanted[n].asked and all(getattr(wanted[n], name) == getattr(owed[m], name) for name in wanted[n].asked)
    }
    assert {(one.credit_id, one.charge_id) for one in decided} <= fits
    assert not [(n, m) for n, m in fits if sources[n - 1].available and targets[m - 1].outstanding]
