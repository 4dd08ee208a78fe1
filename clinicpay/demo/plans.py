"""The demo's payment plans: one that goes well, one that is late, one paid up, one cancelled."""

from datetime import date, timedelta

from balances.models import Invoice
from balances.states import Source
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.patients.models import Account
from clinicpay.staff.models import ClinicPayItself
from followups.models import Plan
from followups.queries import charges_to_plan, invoices_to_plan
from followups.schedule import Terms
from followups.services import activate_plan, bill_instalment, cancel_plan, draft_plan
from followups.states import Frequency
from payments.services import Order, Tender, record_payment
from payments.states import Method

LEAST = 9_000
"""What an account owes before a plan is made of it, in minor units."""


class PaymentPlans:
    """Plans that began in the past, over what accounts owe that have none yet."""

    def __init__(self, clinic: Clinic, by: ClinicPayItself) -> None:
        self.clinic, self.by, self.today = clinic, by, clock.today(clinic)
        long_ago = self.today - timedelta(days=60)
        rows = list(Account.objects.filter(owes__gte=LEAST, unapplied=0, deposits=0, oldest_open__lte=long_ago))
        planned = set(Plan.objects.values_list("account", flat=True))
        self.accounts = iter(sorted((one for one in rows if one.pk not in planned), key=lambda one: one.number))

    def make(self) -> None:
        """One of each kind, as far as accounts owe enough."""
        self.goes_well()
        self.is_late()
        self.is_paid_up()
        self.was_cancelled()

    def goes_well(self) -> None:
        """Two instalments invoiced and paid, four to come."""
        if plan := self.plan(Frequency.MONTHLY, parts=6, back=45):
            for invoice in self.billed(plan, 2):
                self.pay(plan, invoice)

    def is_late(self) -> None:
        """Three weeks invoiced; the first is paid, the second in part."""
        if plan := self.plan(Frequency.WEEKLY, parts=8, back=20):
            first, second, _ = self.billed(plan, 3)
            self.pay(plan, first)
            self.pay(plan, second, share=2)

    def is_paid_up(self) -> None:
        """Every instalment invoiced and paid: completed."""
        if plan := self.plan(Frequency.MONTHLY, parts=3, back=80):
            for invoice in self.billed(plan, 3):
                self.pay(plan, invoice)

    def was_cancelled(self) -> None:
        """One instalment paid, then given up."""
        if plan := self.plan(Frequency.MONTHLY, parts=5, back=50):
            for invoice in self.billed(plan, 1):
                self.pay(plan, invoice)
            cancel_plan(plan, by=self.by, reason="Will pay the rest at once when the insurer has answered")

    def plan(self, frequency: Frequency, *, parts: int, back: int) -> Plan | None:
        """A plan over the largest open invoice of the next account, begun `back` days ago."""
        account = next(self.accounts, None)
        if account is None:
            return None
        invoice = max(invoices_to_plan(account), key=lambda one: one.outstanding)
        day = max(self.today - timedelta(days=back), invoice.invoice_date)
        terms = Terms(-(-invoice.outstanding // parts), frequency, day)
        plan = draft_plan(account, charges_to_plan([invoice]), terms, by=self.by)
        return activate_plan(plan, by=self.by, dated=day)

    def billed(self, plan: Plan, count: int) -> list[Invoice]:
        """The first instalments, each invoiced on its day."""
        due = plan.instalments.order_by("position")[:count]
        return [bill_instalment(one, by=self.by, source=Source.DEMO, dated=self.past(one.due_date)) for one in due]

    def pay(self, plan: Plan, invoice: Invoice, share: int = 1) -> None:
        """What an instalment owes, or a part of it, three days later."""
        charges = list(invoice.charges.order_by("line"))
        parts = [(charge.pk, charge.amount // share) for charge in charges if charge.amount // share]
        order = Order(
            Location.objects.get(pk=plan.location_id), [Tender(Method.CARD, sum(part for _, part in parts))], parts
        )
        day = self.past(invoice.invoice_date + timedelta(days=3))
        record_payment(plan.account, order, by=self.by, source=Source.DEMO, dated=day if day < self.today else None)

    def past(self, day: date) -> date:
        """The day, or today if it is still to come."""
        return min(day, self.today)
