"""The allocation engine by itself: no database."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from balances.auto_apply import FREE, Source, Target, decide
from balances.states import CreditKind

DAY = date(2026, 11, 1)


def a_source(number: int, available: int, *, kind: str = "unapplied", age: int = 0, event: int | None = None) -> Source:
    return Source(number, f"PAY-{number:03d}", kind, DAY - timedelta(days=age), available, event)


def a_target(number: int, outstanding: int, *, event: int | None = None) -> Target:
    return Target(number, f"INV-{number:03d}", DAY, outstanding, event)


def outcome(sources: list[Source], targets: list[Target]) -> list[tuple[int, int, int]]:
    return [(one.credit_id, one.charge_id, one.amount) for one in decide(sources, targets)[0]]


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


def test_prepayment_is_never_used_and_says_why():
    decided, skipped = decide([a_source(1, 50, kind="pre_payment", event=8)], [a_target(1, 60, event=8)])
    assert not decided
    assert [(left.amount, left.reason) for left in skipped] == [
        (50, "PAY-001: held as a pre-payment, which only a matching treatment may use.")
    ]


def test_money_reserved_for_a_refund_is_never_used():
    assert outcome([a_source(1, 50, kind="refund_pending")], [a_target(1, 60)]) == []


def test_every_decision_and_skip_has_a_sentence():
    decided, skipped = decide([a_source(1, 90)], [a_target(1, 60)])
    assert decided[0].reason == "PAY-001 to INV-001: oldest unapplied payment to the oldest open invoice."
    assert skipped[0].reason == "PAY-001: the account owes nothing more."
    assert decide([a_source(1, 90)], [])[1][0].reason == "PAY-001: the account owes nothing."


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
def test_held_money_is_never_used(money, debt):
    held = {number for number, (kind, _, _) in enumerate(money, 1) if kind not in FREE}
    assert not held & {one.credit_id for one in decide(*rows(money, debt))[0]}


@given(sources, targets)
def test_same_rows_give_the_same_decisions(money, debt):
    assert decide(*rows(money, debt)) == decide(*rows(money, debt))


@given(sources, targets)
def test_second_run_decides_nothing(money, debt):
    used_sources, used_targets = rows(money, debt)
    decide(used_sources, used_targets)
    assert decide(used_sources, used_targets)[0] == []
