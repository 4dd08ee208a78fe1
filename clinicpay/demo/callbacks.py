"""The demo's follow-ups: callbacks overdue, due today and to come; promises open, kept and broken."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account
from clinicpay.staff.models import ClinicPayItself, Membership
from clinicpay.staff.roles import TABLE, Can
from followups.models import Callback, Case, Promise
from followups.queries import owing
from followups.services import Said, judge_promises, log_attempt, plan_callback
from followups.states import AttemptOutcome, CallbackState, CaseState, Channel
from payments.services import Order, Tender, record_payment
from payments.states import Method

CHANNELS = (Channel.PHONE, Channel.PHONE, Channel.SMS, Channel.PHONE, Channel.EMAIL, Channel.IN_PERSON)
SAID = {
    AttemptOutcome.PROMISED: "Gets paid at the end of the week",
    AttemptOutcome.DISPUTE: "Says that the X-rays were not done; asked Dr Jones to look",
    AttemptOutcome.REFUSED: "Will pay when the insurer has answered",
}
NOTES = ("Ask for Mr Park’s wife", "After work", "Waits for the insurer’s answer", "", "Wants the invoice explained")


class Calls:
    """Works on debt that a year of visits has left in one demo clinic, first of all on what nobody follows up yet."""

    def __init__(self, clinic: Clinic, by: ClinicPayItself) -> None:
        self.clinic, self.by, self.today = clinic, by, clock.today(clinic)
        followed = Exists(Case.objects.filter(account=OuterRef("pk"), closed_at=None))
        self.accounts = list(owing().filter(unapplied=0).order_by(followed, "oldest_open", "pk")[:24])
        members = Membership.objects.filter(active=True, role__in=TABLE[Can.FOLLOW_UP])
        self.callers = list(members.select_related("user").order_by("pk"))
        self.count = itertools.count()

    def make(self) -> None:
        """A clinic where few owe has fewer of each."""
        if not self.callers:
            return
        rest = iter(self.accounts)
        for days, account in zip((-2, -1), rest, strict=False):
            self.callback(account, days, time(10))
        self.promises([account for _, account in zip(range(4), rest, strict=False)])
        for hours, account in zip((0, 1, 3), rest, strict=False):
            self.callback(account, 0, self.later_today(hours))
        for n, account in zip((1, 2, 3, 5, 8, 12), rest, strict=False):
            self.callback(account, n, time(9 + n % 7, 30 * (n % 2)))
        for said, account in zip((AttemptOutcome.REFUSED, AttemptOutcome.DISPUTE), rest, strict=False):
            self.contact(account, said)

    def later_today(self, hours: int) -> time:
        """A quarter of an hour of what is left of the clinic's day."""
        now = clock.local_now(self.clinic)
        last = now.replace(hour=23, minute=45)
        return min(now.replace(minute=45) + timedelta(hours=hours), last).time().replace(second=0, microsecond=0)

    def callback(self, account: Account, days: int, at: time) -> None:
        """One that somebody of billing will make; what is past was planned before."""
        due_at = datetime.combine(self.today + timedelta(days=days), at, clock.zone(self.clinic)).astimezone(UTC)
        member, note = self.callers[0], NOTES[account.pk % len(NOTES)]
        self.contact(account, AttemptOutcome.NO_ANSWER)
        first = max(due_at, timezone.now() + timedelta(minutes=1))
        callback = plan_callback(account, first, by=self.by, member=member, note=note)
        if first != due_at:
            Callback.objects.filter(pk=callback.pk).update(state=CallbackState.CANCELLED)
            Callback.objects.create(case=callback.case, member=member, due_at=due_at, note=note)

    def contact(self, account: Account, outcome: AttemptOutcome, promised: int = 0, day: date | None = None) -> None:
        """An attempt: three of four by the first who follows up, whom the database notes, and most by phone."""
        count = next(self.count)
        caller, channel = self.callers[-(count % 4 == 3) % len(self.callers)], CHANNELS[count % len(CHANNELS)]
        said = Said(channel, outcome, SAID.get(outcome, ""), promised, day)
        with clinic_scope(self.clinic, caller.user):
            log_attempt(account, said, by=caller)

    def promises(self, accounts: list[Account]) -> None:
        """One that was kept today, one that was broken, and some that are open."""
        for n, account in enumerate(accounts):
            if n == 1:
                self.broken(account)
                continue
            self.contact(account, AttemptOutcome.PROMISED, account.owes // 2 or 1, self.today + timedelta(days=3 * n))
        if accounts:
            self.pay(accounts[0])
        for account in accounts[:2]:
            judge_promises(by=self.by, day=self.today + timedelta(days=1), account_id=account.pk)

    def broken(self, account: Account) -> None:
        """A promise whose day is past: nobody could make it today."""
        self.contact(account, AttemptOutcome.NO_ANSWER)
        case = Case.objects.get(account=account, closed_at=None)
        Case.objects.filter(pk=case.pk).update(state=CaseState.PROMISED)
        day = self.today - timedelta(days=2)
        Promise.objects.create(case=case, amount=account.owes // 2 or 1, due_date=day)

    def pay(self, account: Account) -> None:
        """What was promised, in cash, for the oldest charges."""
        amount, parts = account.owes // 2 or 1, []
        left = amount
        for charge in account.charges.filter(outstanding__gt=0, invoice__isnull=False).order_by("pk"):
            if part := min(left, charge.outstanding):
                parts.append((charge.pk, part))
                left -= part
        location = Location.objects.order_by("pk")[0]
        record_payment(account, Order(location, [Tender(Method.CASH, amount)], parts), by=self.by)
