"""The earlier day that a closer chooses for money that was taken on it and not entered (decision 0186)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from balances.earlier import LONGEST, earlier_days, hold_open, owed_since
from balances.ledger.base import Pages, place
from balances.models import Charge
from balances.queries import is_closed
from clinicpay.clinics import clock
from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.ui.words import day_words


class DayRefused(Refusal):
    """The chosen business day takes no money, or not any more."""


class DayVerbs(Pages):
    """Who may choose a day is asked before, by the act that offers it."""

    def choose_day(self, location: Location, day: date) -> None:
        """Let what is received at a location carry an earlier day that is still open there, held open until commit.

        Raises DayRefused for any other day, also when it was closed a moment ago.
        """
        if day >= clock.today(self.by.clinic):
            raise DayRefused("Choose a business day before today, or leave it at today.")
        if not self._choose(location.pk, day):
            raise DayRefused(self._why_not(location, day))

    def days_to_apply(
        self, day: date, parts: Iterable[tuple[int, int]], charges: Mapping[int, Charge]
    ) -> dict[int, date]:
        """The chosen day for those charges, by id, that were owed by then what they get; others take today.

        So no date shows a charge that was paid before it was posted, or below nothing. A charge of another location
        takes the day only if it is open there as well.
        """
        wanted: dict[int, int] = defaultdict(int)
        for charge_id, amount in parts:
            wanted[charge_id] += amount
        owed = owed_since(day, charges)
        fits = [charge for key, charge in charges.items() if owed[key] >= wanted[key]]
        return {charge.pk: day for charge in fits if self._choose(place(charge), day)}

    def _choose(self, location_id: int, day: date) -> bool:
        """Whether a location's day may be chosen; then it is held open, with those up to today: days close in order."""
        clinic = self.by.clinic
        if (location_id, day) not in self._chosen and day in earlier_days(clinic, location_id):
            hold_open(location_id, day, min(day + LONGEST, clock.today(clinic) - timedelta(days=1)))
            if day in earlier_days(clinic, location_id):  # no close came before the lock
                self._chosen.add((location_id, day))
        return (location_id, day) in self._chosen

    def _why_not(self, location: Location, day: date) -> str:
        if is_closed(location.pk, day):
            return f"{day_words(day)} is closed at {location}. Nothing was recorded; choose another business day."
        words = f"{day_words(day)} is not among the days that are still to be closed at {location}."
        return f"{words} Nothing was recorded; choose another business day."
