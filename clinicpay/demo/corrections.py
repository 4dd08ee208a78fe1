"""What goes wrong in a clinic's year and was put right today: the demo's refunds, plans, write-offs and the like."""

from datetime import timedelta

from balances.models import Charge, Invoice
from balances.queries import in_hand, open_charges
from balances.services import credit_charge, hold_credit, void_invoice
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account
from clinicpay.staff.models import ClinicPayItself, Membership
from clinicpay.staff.roles import Role
from followups.models import WriteOff
from followups.schedule import Terms
from followups.services import (
    Said,
    approve_write_off,
    bill_instalment,
    log_attempt,
    make_promise,
    plan_callback,
    put_on_case,
    request_write_off,
    start_plan,
)
from followups.states import AttemptOutcome, Channel, Frequency
from payments.models import Payment
from payments.services import GoingBack, record_return, refund_payment, request_refund
from payments.states import Method, PaymentStatus, RefundReason, ReturnReason
from treatments.models import TreatmentEvent
from treatments.states import EventState

CONTACTS = (
    (Channel.PHONE, AttemptOutcome.NO_ANSWER, "Rang out twice"),
    (Channel.PHONE, AttemptOutcome.HUNG_UP, ""),
    (Channel.EMAIL, AttemptOutcome.NO_ANSWER, "Statement sent again"),
    (Channel.PHONE, AttemptOutcome.DISPUTE, "Says that the insurer has paid; asked for the letter"),
    (Channel.IN_PERSON, AttemptOutcome.REFUSED, "Not before the crown is mended"),
    (Channel.SMS, AttemptOutcome.NO_ANSWER, ""),
)


class Corrections:
    """Works on what a year of visits has left in one demo clinic."""

    def __init__(self, clinic: Clinic, by: ClinicPayItself) -> None:
        self.clinic, self.by, self.today = clinic, by, clock.today(clinic)
        self.paid = list(Payment.objects.filter(status=PaymentStatus.PAID, credits__available=0).order_by("number"))
        owing = Account.objects.filter(owes__gt=30_000, unapplied=0, deposits=0).order_by("-owes", "pk")
        self.owing = list(owing[:6])

    def make(self) -> None:
        """A little of everything; a small clinic has less."""
        self.refunds()
        self.a_bounced_cheque()
        self.debts()
        self.a_pre_payment()
        self.contacts()

    def refunds(self) -> None:
        """One in part, one in full with its charge reduced, one that waits for somebody's approval."""
        partly, fully, asked = self.paid[3:6]
        refund_payment(partly, GoingBack(partly.amount // 3, RefundReason.PATIENT_REQUEST), by=self.by)
        whole = GoingBack(fully.amount, RefundReason.NOT_RENDERED, "The filling was not needed", reduce_charge=True)
        refund_payment(fully, whole, by=self.by)
        request_refund(asked, GoingBack(asked.amount // 2, RefundReason.DUPLICATE, "Paid online, too"), by=self.by)

    def a_bounced_cheque(self) -> None:
        """What it had paid is owed again."""
        cheque = next((one for one in self.paid[6:] if one.method == Method.CHEQUE), None)
        if cheque:
            record_return(cheque, cheque.amount, by=self.by, reason=ReturnReason.BOUNCED, notes="Account closed")

    def debts(self) -> None:
        """A plan with an instalment billed, a promise, a write-off done and one asked for, a credit note, a void."""
        accounts = iter(self.owing)
        if account := next(accounts, None):
            terms = Terms(10_000, Frequency.MONTHLY, self.today)
            plan = start_plan(account, self.owed(account), terms, by=self.by)
            bill_instalment(plan.instalments.order_by("position")[0], by=self.by)
        if account := next(accounts, None):
            make_promise(account, account.owes // 2, self.today + timedelta(days=6), by=self.by)
        if account := next(accounts, None):
            approve_write_off(self.ask(account, "Moved abroad; three letters came back"), by=self.by)
        if account := next(accounts, None):
            self.ask(account, "Too small to pursue")
        if account := next(accounts, None):
            charge = self.owed(account)[0]
            credit_charge(charge, charge.outstanding // 4, by=self.by, reason="Agreed after a complaint")
        if account := next(accounts, None):
            void_invoice(self.invoice(account), by=self.by, reason="Billed to the wrong account")

    def contacts(self) -> None:
        """Calls and letters to those who have owed longest, and a callback for tomorrow afternoon."""
        people = Membership.objects.select_related("user")
        bill = people.filter(role=Role.BILLING).first() or people.filter(role=Role.OWNER)[0]
        oldest = list(Account.objects.filter(oldest_open__isnull=False).order_by("oldest_open", "pk")[:9])
        with clinic_scope(self.clinic, bill.user):
            for account, (channel, outcome, notes) in zip(oldest, CONTACTS, strict=False):
                log_attempt(account, Said(channel, outcome, notes), by=bill)
        for account in oldest[:2]:
            put_on_case(account, bill, by=self.by)
        if len(oldest) > 2:
            tomorrow = clock.noon(self.clinic, self.today + timedelta(days=1)) + timedelta(hours=3)
            plan_callback(oldest[2], tomorrow, by=self.by, member=bill, note="After her shift")

    def a_pre_payment(self) -> None:
        """Money held for the next visit of somebody who has paid ahead."""
        ahead = Payment.objects.filter(memo="Paid ahead", credits__available__gt=0).order_by("number").last()
        if ahead:
            coming = TreatmentEvent.objects.filter(
                state=EventState.SCHEDULED, patient__account=ahead.account_id
            ).first()
            hold_credit(in_hand(ahead.pk)[0], 10_000, by=self.by, event=coming)

    def owed(self, account: Account) -> list[Charge]:
        """What the account's oldest open invoice owes."""
        charges = list(open_charges([account]))
        return [charge for charge in charges if charge.invoice_id == charges[0].invoice_id]

    def invoice(self, account: Account) -> Invoice:
        """The account's oldest open invoice."""
        found = self.owed(account)[0].invoice
        assert found  # open charges are billed
        return found

    def ask(self, account: Account, reason: str) -> WriteOff:
        """A write-off of the oldest open invoice, still to be decided."""
        return request_write_off(account, [self.invoice(account)], by=self.by, reason=reason)
