"""Which moves of a state the database accepts: every pair is tried."""

from collections.abc import Callable, Iterable

from django.db import DatabaseError, connection, transaction


def accepted(table: str, column: str, states: Iterable[str], reach: Callable[[str], int]) -> set[tuple[str, str]]:
    """The pairs of different states for which an UPDATE passes; `reach` gives a row that stands in a state."""
    states = [str(state) for state in states]
    passed = set()
    for old in states:
        row = reach(old)
        for new in states:
            if new != old and _passes(table, column, row, new):
                passed.add((old, new))
    return passed


def listed(moves: dict[str, frozenset[str]]) -> set[tuple[str, str]]:
    """The same pairs as the Python table has them."""
    return {(str(old), str(new)) for old, after in moves.items() for new in after}


def _passes(table: str, column: str, row: int, new: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"update {table} set {column} = %s where id = %s", [new, row])
            assert cursor.rowcount == 1
            transaction.set_rollback(True)
    except DatabaseError:
        return False
    return True
