"""B5: random walks through the money, beside a model of a few lines; the invariants hold after every step."""

from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from balances.ledger import open_books
from balances.models import Charge, Credit, Invoice
from balances.queries import live_allocations
from balances.services import apply_credit, run_auto_apply, undo_allocation
from clinicpay.clinics import clock
from clinicpay.clinics.numbers import take
from clinicpay.clinics.refusals import Refusal
from clinicpay.patients.models import Account, Patient
from payments.models import Payment
from payments.services import reverse_payment
from tests.balances.invariants import broken
from tests.balances.money import credit_of
from tests.factories import Clinicful, a_patient, a_payment

AMOUNTS = st.integers(1, 300)
PICK = st.integers(0, 9)


class Money(RuleBasedStateMachine):
    """Two accounts of one clinic. The model: what each charge owes, each payment has, each application moved."""

    home: Clinicful

    def __init__(self) -> None:
        super().__init__()
        self.walk = transaction.atomic()
        self.walk.__enter__()
        self.patients = [a_patient(self.home), a_patient(self.home, "Mia")]
        self.charges: list = []
        self.payments: list = []
        self.owed: dict[int, int] = {}
        self.free: dict[int, int] = {}
        self.moved: dict[int, tuple[int, int, int]] = {}  # entry: payment, charge, amount

    def teardown(self) -> None:
        """Each walk begins in an empty clinic."""
        transaction.set_rollback(True)
        self.walk.__exit__(None, None, None)

    @rule(who=st.integers(0, 1), amount=AMOUNTS)
    def charge(self, who, amount):
        self.charges.append(self.bill(self.patients[who], amount))
        self.owed[self.charges[-1].pk] = amount

    @rule(who=st.integers(0, 1), amount=AMOUNTS)
    def pay(self, who, amount):
        self.payments.append(a_payment(self.home, self.patients[who].account, amount))
        self.free[self.payments[-1].pk] = amount

    @precondition(lambda self: self.charges and self.payments)
    @rule(p=PICK, c=PICK, amount=AMOUNTS)
    def allocate(self, p, c, amount):
        payment, charge = self.payments[p % len(self.payments)], self.charges[c % len(self.charges)]
        fits = amount <= min(self.free[payment.pk], self.owed[charge.pk])
        legal = fits and payment.account_id == charge.account_id
        try:
            apply_credit(credit_of(payment), [(charge, amount)], by=self.home.rita)
        except Refusal:
            assert not legal
        else:
            assert legal
            self.note_new()

    @precondition(lambda self: self.moved)
    @rule(n=PICK, keep=st.none() | st.integers(1, 300))
    def undo(self, n, keep):
        entry = sorted(self.moved)[n % len(self.moved)]
        keep = keep % self.moved[entry][2] if keep else 0
        undo_allocation(entry, by=self.home.rita, reason="walk", keep=keep)
        self.forget(entry)
        self.note_new()

    @precondition(lambda self: self.payments)
    @rule(p=PICK)
    def reverse(self, p):
        payment = Payment.objects.get(pk=self.payments[p % len(self.payments)].pk)
        legal = payment.status == "paid"
        try:
            reverse_payment(payment, by=self.home.rita, reason="walk")
        except Refusal:
            assert not legal
        else:
            assert legal
            for entry in [entry for entry, (of, _, _) in self.moved.items() if of == payment.pk]:
                self.forget(entry)
            self.free[payment.pk] = 0

    @rule()
    def run(self):
        before = sum(self.free.values())
        allocated = run_auto_apply(by=self.home.bill).allocated
        self.note_new()
        assert before - sum(self.free.values()) == allocated

    def bill(self, patient: Patient, amount: int) -> Charge:
        """An office charge on an invoice of its own: a treatment would take five times as long."""
        today = clock.today(self.home.clinic)
        with open_books(patient.account, by=self.home.rita) as books:
            invoice = Invoice.objects.create(
                number=take(Invoice.KIND)[0],
                account=patient.account,
                location=self.home.location,
                invoice_date=today,
                due_date=today,
            )
            charge = Charge(kind="office", patient=patient, description="Late key", service_date=today, amount=amount)
            return books.charge(invoice, [charge])[0]

    def forget(self, entry: int) -> None:
        payment, charge, amount = self.moved.pop(entry)
        self.free[payment] += amount
        self.owed[charge] += amount

    def note_new(self) -> None:
        """Take over into the model what the engine or an undo has applied."""
        for entry in live_allocations(credit__payment__in=list(self.free)):
            if entry.pk not in self.moved:
                row = (entry.credit.payment_id, entry.charge_id, entry.applied)
                self.moved[entry.pk] = row
                self.free[row[0]] -= row[2]
                self.owed[row[1]] -= row[2]

    @invariant()
    def database_agrees_with_the_model(self):
        assert dict(Charge.objects.values_list("pk", "outstanding")) == self.owed
        assert dict(Credit.objects.values_list("payment", "available")) == self.free
        mine = [patient.account_id for patient in self.patients]
        for pk, owes, free in Account.objects.filter(pk__in=mine).values_list("pk", "owes", "unapplied"):
            assert owes == sum(self.owed[one.pk] for one in self.charges if one.account_id == pk)
            assert free == sum(self.free[one.pk] for one in self.payments if one.account_id == pk)

    @invariant()
    def invariants_hold(self):
        assert not broken()


def test_money_agrees_with_the_model_on_random_walks(harbor):
    Money.home = harbor
    walks = settings(
        max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Money, settings=walks)
