"""Public numbers such as PAY-001: per clinic, never reused, the only ids that leave the database."""

from collections.abc import Mapping

from django.db import connection, models
from django.urls.converters import StringConverter

from clinicpay.clinics.scope import current_clinic_id

_TAKE = """
insert into clinics_counter (clinic_id, kind, last) select %s, * from unnest(%s::text[], %s::bigint[])
on conflict (clinic_id, kind) do update set last = clinics_counter.last + excluded.last
returning kind, last
"""


def take(kind: str, count: int = 1) -> range:
    """The next `count` numbers of a kind in the current clinic.

    The counter row stays locked until the transaction ends, so take numbers late and never twice.
    """
    return take_each({kind: count})[kind]


def take_each(counts: Mapping[str, int]) -> dict[str, range]:
    """The next numbers of several kinds in one statement, by kind; their rows are locked in the given order."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [current_clinic_id(), list(counts), list(counts.values())])
        return {kind: range(last - counts[kind] + 1, last + 1) for kind, last in cursor.fetchall()}


def shown(kind: str, number: int) -> str:
    """A number as people write it: PAY-001, and PAY-1000 after PAY-999."""
    return f"{kind}-{number:03d}"


def typed(kind: str, text: str) -> int | None:
    """The number that somebody means by "PAY-007", "pay-7" or "7"; None for anything else."""
    digits = text.strip().upper().removeprefix(f"{kind}-")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


class Numbered(models.Model):
    """A row with a public number of its kind."""

    KIND = ""
    number = models.BigIntegerField(editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        """The public number, such as PAY-001."""
        return shown(self.KIND, self.number)


class NumberConverter(StringConverter):
    """Path part such as `PAY-001`, given to the view as the integer 1."""

    kind = ""

    def to_python(self, value: str) -> int:  # type: ignore[override]  # Django's converters give any type
        """The integer in the address; anything but the canonical form is no match."""
        number = int(value.removeprefix(f"{self.kind}-"))
        if shown(self.kind, number) != value:
            raise ValueError(value)
        return number

    def to_url(self, value: "int | Numbered") -> str:  # type: ignore[override]  # and take it back
        """Accepts the number or the row."""
        return value.ref if isinstance(value, Numbered) else shown(self.kind, int(value))


def converter(kind: str) -> type[NumberConverter]:
    """A path converter for one kind of number."""
    return type(f"{kind}Converter", (NumberConverter,), {"kind": kind, "regex": rf"{kind}-\d{{3,18}}"})
