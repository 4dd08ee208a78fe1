"""Thousands of values as one parameter: drivers and parsers take them one by one, PostgreSQL splits one text."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Field, ForeignKey, Lookup, Model, QuerySet
from django.db.transaction import TransactionManagementError

TEXTS_END = "\x1f"
"""Between the texts of one parameter: a character that no sentence has."""

NONE = "{}"
"""No ids, as `bigints` writes them."""


def bigints(values: Iterable[int | None]) -> str:
    """Whole numbers as the text of a PostgreSQL array: of thousands, drivers make one in ten times the time."""
    return "{" + ",".join("NULL" if value is None else str(int(value)) for value in values) + "}"


def texts(values: Iterable[str]) -> str:
    """Texts as one, for `string_to_array(…, TEXTS_END)`: an array of thousands takes drivers thirty times as long."""
    return TEXTS_END.join(value.replace(TEXTS_END, " ") for value in values)


@Field.register_lookup
@ForeignKey.register_lookup
class Among(Lookup):
    """`filter(account__among=ids)`: like `in`, for the many ids of an automatic run."""

    lookup_name = "among"

    def get_prep_lookup(self) -> str:
        return bigints(self.rhs)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, facts = self.process_lhs(compiler, connection)
        ids, more = self.process_rhs(compiler, connection)
        return f"{column} = any ({ids}::bigint[])", (*facts, *more)


class Compiled:
    """A `values_list` over some ids that Django puts together once in a process instead of at each asking.

    `rows` makes the query from ids by `among`, and from nothing that differs between two askings. The values come as
    the driver gives them: no field among them may need a conversion of Django's.
    """

    def __init__(self, rows: Callable[[Collection[int]], QuerySet[Any, Any]]) -> None:
        self._rows = rows
        self._asked: tuple[str, tuple[Any, ...]] | None = None
        self._locks = False

    def __call__(self, ids: Iterable[int]) -> list[tuple[Any, ...]]:
        """The rows of these ids; where there are none, nothing is asked.

        Raises TransactionManagementError for rows that are to be locked where no transaction would keep the lock.
        """
        wanted = bigints(ids)
        if wanted == NONE:
            return []
        self._asked = self._asked or self._put_together()
        if self._locks and not connection.in_atomic_block:  # Django looks only as it puts the query together
            raise TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        sql, facts = self._asked
        with connection.cursor() as cursor:
            cursor.execute(sql, [wanted if fact == NONE else fact for fact in facts])
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def _put_together(self) -> tuple[str, tuple[Any, ...]]:
        query = self._rows(()).query
        self._locks = query.select_for_update
        return query.sql_with_params()


Row = TypeVar("Row", bound=Model)


class CompiledRows(Generic[Row]):
    """Like `Compiled`, for whole rows of a model, with those that the named foreign keys lead to.

    At a desk putting a query together costs Django as much as asking it and making its rows. Takes the place of
    `select_related`; other relations are looked up when they are read, as ever.
    """

    def __init__(self, rows: Callable[[Collection[int]], QuerySet[Row]], *related: str) -> None:
        self._rows, self._related = rows, related
        self._ask: Compiled | None = None
        self._parts: list[tuple[str, type[Model], list[str]]] = []

    def __call__(self, ids: Iterable[int]) -> list[Row]:
        """The rows of these ids; where there are none, nothing is asked."""
        self._ask = self._ask or self._put_together()
        return [self._row(values) for values in self._ask(ids)]

    def _put_together(self) -> Compiled:
        model = self._rows(()).model
        models: dict[str, Any] = {"": model}
        models |= {name: model._meta.get_field(name).related_model for name in self._related}
        self._parts = [(name, one, _columns_of(one)) for name, one in models.items()]
        named = [f"{name}__{column}" if name else column for name, _, columns in self._parts for column in columns]
        return Compiled(lambda ids: self._rows(ids).values_list(*named))

    def _row(self, values: tuple[Any, ...]) -> Row:
        made: Any = None
        start = 0
        for name, model, columns in self._parts:
            own, start = values[start : start + len(columns)], start + len(columns)
            if not name:
                made = model.from_db(DEFAULT_DB_ALIAS, columns, own)
                continue
            is_there = own[columns.index("id")] is not None
            made._state.fields_cache[name] = model.from_db(DEFAULT_DB_ALIAS, columns, own) if is_there else None
        found: Row = made
        return found


def _columns_of(model: type[Model]) -> list[str]:
    """The columns of a model in their order. None may need a conversion of Django's: drivers do none."""
    fields = model._meta.concrete_fields
    if odd := [field.name for field in fields if field.get_db_converters(connection)]:
        raise TypeError(f"{model.__name__} has fields that Django converts: {', '.join(odd)}")
    return [field.attname for field in fields]
