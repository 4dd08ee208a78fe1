"""The demo's daily closes: a week that is closed, once with a difference and once again, and a day in review."""

from datetime import date

from balances.models import Posting
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.clinics.scope import clinic_scope
from clinicpay.close.denominations import denominations
from clinicpay.close.models import DailyClose
from clinicpay.close.queries import events_of_day
from clinicpay.close.queries.sheet import Facts, facts_of
from clinicpay.close.reviews import confirm, review
from clinicpay.close.services import Counted, close_day, count_cash, reopen_day, start_review
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Role
from treatments.models import TreatmentEvent
from treatments.states import EventState

CLOSED = 6
"""Days of the first location that are closed; the one after them is in review."""

FLOAT = 10_000


class Closes:
    """Goes over the last days on which something happened at the first location, as its people would."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic, self.today = clinic, clock.today(clinic)
        self.place = Location.objects.order_by("pk")[0]
        members = {one.role: one for one in Membership.objects.select_related("user", "clinic")}
        self.owner: Membership = members[Role.OWNER]
        self.admin: Membership = members.get(Role.ADMIN, self.owner)
        self.desk: Membership = members[Role.RECEPTION]

    def make(self) -> None:
        """Close the oldest of these days first; count one ten short; open one again."""
        *before, last = self._days()
        for n, day in enumerate(before):
            self._close(day, off=-1000 if n == 2 else 0)
        if before:
            self._again(before[-2:][0])
        with clinic_scope(self.clinic, self.desk.user):
            for event in self._complete(last)[:1]:
                self._review(event)
        with clinic_scope(self.clinic, self.admin.user):
            start_review(self.place, last, by=self.admin)

    def _days(self) -> list[date]:
        rows = Posting.objects.filter(location=self.place, business_date__lt=self.today)
        found = rows.order_by("-business_date").values_list("business_date", flat=True).distinct()
        return sorted(found[: CLOSED + 1])

    def _complete(self, day: date) -> list[TreatmentEvent]:
        return list(events_of_day(self.clinic, self.place, day).filter(state=EventState.CLOSED))

    def _review(self, event: TreatmentEvent) -> None:
        """What reception says of a treatment, and its confirmation where nothing is missing."""
        owed = sum(event.charges.values_list("outstanding", flat=True))
        review(event, outcome="outstanding" if owed else "paid", by=self.desk)
        try:
            confirm(event, by=self.desk)
        except Refusal:
            return

    def _close(self, day: date, off: int = 0) -> None:
        with clinic_scope(self.clinic, self.desk.user):
            for event in self._complete(day):
                self._review(event)
        with clinic_scope(self.clinic, self.admin.user):
            start_review(self.place, day, by=self.admin)
            self._count(day, off)
            self._lock(day, "Change was given for a fifty instead of a twenty" if off else "")

    def _lock(self, day: date, short: str) -> DailyClose:
        reason = short or "Followed up by billing; the rest is on account"
        return close_day(self.place, day, by=self.admin, reason=reason)

    def _count(self, day: date, off: int) -> None:
        """All that must lie there, in the largest notes; a hundred stays."""
        facts: Facts = facts_of(self.clinic, self.place, day)
        before = facts.drawer.before
        opening = before or FLOAT
        left = total = max(opening + facts.drawer.cash.expected + off, 0)
        pieces = {}
        for value in denominations(self.clinic.currency):
            pieces[value], left = divmod(left, value)
        why = "" if opening == before else "The drawer was filled from the safe"
        counted = Counted(opening, pieces, kept=min(FLOAT, total - left), opening_reason=why)
        count_cash(self.place, day, counted, by=self.admin)

    def _again(self, day: date) -> None:
        """The owner opens a day again; it is counted anew and closed as version 2."""
        with clinic_scope(self.clinic, self.owner.user):
            reopen_day(self.place, day, by=self.owner, reason="A roll of coins was found behind the drawer")
        with clinic_scope(self.clinic, self.admin.user):
            self._count(day, 500)
            self._lock(day, "A roll of coins had been counted with the day before")
