"""What a pre-payment is held for, and whether a charge is that (S3.16–S3.19, A5)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Generic, NamedTuple, Protocol, TypeVar


class Named(NamedTuple):
    """A row as criteria compare it and sentences name it."""

    id: int
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Traits:
    """What a charge is; or, for a pre-payment, what it must be: an empty trait asks for nothing."""

    treatment: Named | str = ""
    procedure: str = ""
    discipline: str = ""
    practitioner: Named | str = ""
    location: Named | str = ""
    package: Named | str = ""
    custom_1: str = ""
    custom_2: str = ""

    def key(self, names: tuple[str, ...]) -> tuple[object, ...]:
        """The values of some traits, as they are compared: in any spelling, a row by its id."""
        return tuple(_compared(getattr(self, name)) for name in names)

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of the traits that are set."""
        return tuple(one.name for one in fields(self) if getattr(self, one.name))

    def __str__(self) -> str:
        return ", ".join(str(getattr(self, name)) for name in self.asked)


NO_TRAITS = Traits()

WORDS = {
    "treatment": "treatment",
    "procedure": "procedure",
    "discipline": "discipline",
    "practitioner": "practitioner",
    "location": "location",
    "package": "package",
}


def labels(custom: tuple[str, str] = ("", "")) -> dict[str, str]:
    """What each trait is called; `custom` are the clinic's names of its two own criteria."""
    return WORDS | {"custom_1": custom[0] or "first own criterion", "custom_2": custom[1] or "second own criterion"}


def worded(wanted: Traits, custom: tuple[str, str] = ("", "")) -> list[tuple[str, str]]:
    """What money is held for, as pages write it: ("Procedure", "D2740"), in the order of the form."""
    called = labels(custom)
    return [(called[name][:1].upper() + called[name][1:], str(getattr(wanted, name))) for name in wanted.asked]


def failed(wanted: Traits, charge: Traits, custom: tuple[str, str] = ("", "")) -> Iterator[str]:
    """Each criterion that a charge does not meet, in words: "procedure is D0120, not D2740" (S3.42).

    `custom` are the clinic's names of its two own criteria.
    """
    called = labels(custom)
    for name in wanted.asked:
        if wanted.key((name,)) != charge.key((name,)):
            yield f"{called[name]} is {getattr(charge, name) or 'not set'}, not {getattr(wanted, name)}"


class Fitting(Protocol):
    """A charge, or what may become one."""

    @property
    def patient_id(self) -> int | None:
        """Whose it is."""

    @property
    def traits(self) -> Traits:
        """What it is."""


Item = TypeVar("Item", bound=Fitting)


class Index(Generic[Item]):
    """Of many items those that fit, found by key: the time grows with the rows, not with their product.

    Money that is held for nothing in particular fits nothing: only a person may use it.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = list(items)
        self._by: dict[tuple[str, ...], dict[object, list[Item]]] = {}

    def fitting(self, wanted: Traits) -> list[Item]:
        """The items of which no criterion fails, in their order."""
        asked = wanted.asked
        if not asked:
            return []
        if asked not in self._by:
            found: dict[object, list[Item]] = defaultdict(list)
            for item in self._items:
                found[item.traits.key(asked)].append(item)
            self._by[asked] = found
        return self._by[asked].get(wanted.key(asked), [])


def _compared(value: Named | str) -> object:
    return value.id if isinstance(value, Named) else value.strip().casefold()
