"""B5: random walks through every verb of money, beside a model of a few lines.

The model knows nothing of entries: it keeps what each charge and each payment has, as plain numbers.
"""

from collections import Counter
from datetime import timedelta

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from balances.checks import run_checks
from balances.ledger import open_books
from balances.models import Charge, Credit, Entry
from balances.queries import live_allocations
from balances.services import (
    apply_credit,
    credit_charge,
    hold_credit,
    new_invoice,
    recover,
    release_credit,
    reverse_credit,
    undo_allocation,
    void_invoice,
)
from balances.states import CreditKind, EntryKind
from clinicpay.clinics import clock
from clinicpay.patients.models import Account
from followups.models import Instalment, Plan, WriteOff
from followups.schedule import Terms, least
from followups.services import (
    approve_write_off,
    bill_instalment,
    cancel_plan,
    request_write_off,
    reverse_write_off,
    start_plan,
)
from followups.states import Frequency
from payments.models import Payment, Refund
from payments.services import (
    GoingBack,
    approve_refund,
    fail_refund,
    pay_refund,
    record_return,
    request_refund,
    reverse_payment,
    reverse_refund,
)
from payments.states import REFUND_OPEN, Method, RefundReason, ReturnReason
from tests.balances.invariants import broken
from tests.balances.walk_automatic import Automatic
from tests.balances.walk_model import Debt, GoesBack, Purse, pick, refused_unless, row
from tests.factories import a_locked_day, a_patient, a_payment

AMOUNTS = st.integers(1, 300)
PICK = st.integers(0, 99)

AGES = 40
"""Days by which invoices differ, as their amounts do."""


class Money(Automatic):
    """Two accounts of one clinic; each rule does one act through its service, and the same to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.walk = transaction.atomic()
        self.walk.__enter__()
        self.patients = [a_patient(self.home), a_patient(self.home, "Mia")]
        self.debts: dict[int, Debt] = {}
        self.purses: dict[int, Purse] = {}
        self.back: dict[int, GoesBack] = {}
        self.closed = 0

    def criteria(self, held_for):
        """All charges of the walk are at the one location; none is of a procedure."""
        return {"procedure": {"procedure": "D2740"}, "location": {"location": self.home.location}}.get(held_for)

    def teardown(self) -> None:
        """Where it ends the whole ledger agrees, as a close asks it (K7); each walk begins in an empty clinic."""
        try:
            assert [found.check.name for found in run_checks() if found.differences] == []
        finally:
            self._leave()

    def _leave(self) -> None:
        transaction.set_rollback(True)
        self.walk.__exit__(None, None, None)

    # What the desk does

    @rule(who=st.integers(0, 1), amount=AMOUNTS)
    def charge(self, who, amount):
        patient, today = self.patients[who], clock.today(self.home.clinic)
        with open_books(patient.account, by=self.home.rita) as books:
            day = today - timedelta(days=amount % AGES)  # so that which is the oldest open one moves (G3)
            invoice = new_invoice(patient.account_id, self.home.location.pk, day)
            one = Charge(kind="office", patient=patient, description="Late key", service_date=today, amount=amount)
            books.charge(invoice, [one])
        self.debts[one.pk] = Debt(patient.account_id, amount)

    @rule(who=st.integers(0, 1), amount=AMOUNTS)
    def pay(self, who, amount):
        account = self.patients[who].account
        payment = a_payment(self.home, account, amount, method=Method.CHEQUE)
        self.purses[payment.pk] = Purse(account.pk, amount, self.closed)

    @precondition(lambda self: self.debts and self.purses)
    @rule(p=PICK, c=PICK, amount=AMOUNTS, held=st.booleans(), override=st.sampled_from(["", "walk"]))
    def allocate(self, p, c, amount, held, override):
        payment, charge = pick(self.purses, p), self.billed(pick(self.debts, c))
        credit = self.credit(payment, held=held)
        legal = credit.available >= amount <= charge.outstanding and credit.account_id == charge.account_id
        fits = override or credit.pk not in self.never
        with refused_unless(legal and charge.invoice and fits):
            apply_credit(credit, [(charge, amount)], by=self.home.bill, override=override)

    @rule(n=PICK, keep=st.none() | AMOUNTS)
    def undo(self, n, keep):
        if entry := row(live_allocations().order_by("pk"), n):
            keep = keep % entry.applied if keep else 0
            undo_allocation(entry.pk, by=self.home.rita, reason="walk", keep=keep)

    @precondition(lambda self: self.purses)
    @rule(p=PICK)
    def reverse(self, p):
        payment = Payment.objects.get(pk=pick(self.purses, p))
        purse, asked = self.purses[payment.pk], payment.refunds.filter(status__in=REFUND_OPEN).exists()
        with refused_unless(payment.status == "paid" and not asked and purse.day >= self.closed):
            reverse_payment(payment, by=self.home.rita, reason="walk")
            purse.void, purse.pool = True, 0

    @precondition(lambda self: self.purses)
    @rule(p=PICK, amount=AMOUNTS, held_for=st.sampled_from(["", "procedure", "location"]))
    def hold(self, p, amount, held_for):
        payment = pick(self.purses, p)
        credit = self.credit(payment)
        with refused_unless(amount <= credit.available):
            held = hold_credit(credit, amount, by=self.home.rita, criteria=self.criteria(held_for))
            self.purses[payment].pool += amount
            self.never |= {held.pk} if held_for == "procedure" else set()

    @precondition(lambda self: self.purses)
    @rule(p=PICK, amount=AMOUNTS)
    def release(self, p, amount):
        payment = pick(self.purses, p)
        credit = self.credit(payment, held=True)
        with refused_unless(credit.kind == CreditKind.PRE_PAYMENT and amount <= credit.available):
            release_credit(credit, amount, by=self.home.bill, reason="walk")
            self.purses[payment].pool -= amount

    # Money that goes back

    @precondition(lambda self: self.purses)
    @rule(p=PICK, amount=AMOUNTS, reduce=st.booleans())
    def ask_for_a_refund(self, p, amount, reduce):
        payment = Payment.objects.get(pk=pick(self.purses, p))
        with refused_unless(self.may_go_back(payment, amount)):
            wish = GoingBack(amount, RefundReason.OTHER, "", reduce)
            request_refund(payment, wish, by=self.home.rita)

    @rule(n=PICK)
    def approve(self, n):
        if refund := row(Refund.objects.order_by("pk"), n):
            legal = refund.status == "requested"
            freed = self.foreseen(refund.payment_id, refund.amount) if legal else []
            with refused_unless(legal):
                approve_refund(refund, by=self.home.bill)
                self.take(refund, freed)
                self.purses[refund.payment_id].reserved += refund.amount

    @rule(n=PICK)
    def pay_out(self, n):
        if refund := row(Refund.objects.order_by("pk"), n):
            with refused_unless(refund.status == "approved"):
                pay_refund(refund, by=self.home.bill)
                self.purses[refund.payment_id].reserved -= refund.amount
                self.purses[refund.payment_id].gone += refund.amount

    @rule(n=PICK)
    def fail(self, n):
        if refund := row(Refund.objects.order_by("pk"), n):
            legal = refund.status == "approved"
            if legal:
                self.give(refund)
            with refused_unless(legal):
                fail_refund(refund, by=self.home.bill, reason="walk")
                self.purses[refund.payment_id].reserved -= refund.amount

    @rule(n=PICK)
    def come_again(self, n):
        if refund := row(Refund.objects.order_by("pk"), n):
            legal = refund.status == "succeeded" and not refund.reversed_at
            if legal:
                self.give(refund)
            with refused_unless(legal):
                reverse_refund(refund, by=self.home.bill, reason="walk")
                self.purses[refund.payment_id].gone -= refund.amount

    @precondition(lambda self: self.purses)
    @rule(p=PICK, amount=AMOUNTS)
    def bounce(self, p, amount):
        payment = Payment.objects.get(pk=pick(self.purses, p))
        legal = self.may_go_back(payment, amount)
        freed = self.foreseen(payment.pk, amount) if legal else []
        with refused_unless(legal):
            returned = record_return(payment, amount, by=self.home.bill, reason=ReturnReason.BOUNCED)
            self.take(returned, freed)
            self.purses[payment.pk].gone += amount

    # Debt that is taken back, given up, or put on a plan

    @precondition(lambda self: self.debts)
    @rule(c=PICK, amount=AMOUNTS)
    def credit_note(self, c, amount):
        charge = self.billed(pick(self.debts, c))
        with refused_unless(charge.invoice and amount <= charge.outstanding):
            credit_charge(charge, amount, by=self.home.bill, reason="walk")
            self.debts[charge.pk].credited += amount

    @rule(n=PICK)
    def reverse_a_credit_note(self, n):
        if note := row(Entry.objects.filter(kind=EntryKind.CREDIT_NOTE).order_by("pk"), n):
            with refused_unless(not note.charge.voided and not note.reversed_by.exists()):
                reverse_credit(note.pk, by=self.home.bill, reason="walk")
                self.debts[note.charge_id].credited += note.charge_delta

    @precondition(lambda self: self.debts)
    @rule(c=PICK)
    def void(self, c):
        charge = self.billed(pick(self.debts, c))
        if charge.invoice:
            lines = list(charge.invoice.charges.all())
            with refused_unless(not any(one.moved or one.written_off or one.source_id or one.voided for one in lines)):
                void_invoice(charge.invoice, by=self.home.bill, reason="walk")
                self.debts[charge.pk].credited = charge.amount

    @precondition(lambda self: self.debts)
    @rule(c=PICK)
    def write_off(self, c):
        charge = self.billed(pick(self.debts, c))
        invoices, account = [charge.invoice] if charge.invoice else [], Account.objects.get(pk=charge.account_id)
        lines = [one for invoice in invoices for one in invoice.charges.all() if one.outstanding]
        with refused_unless(lines and not account.credit):
            asked = request_write_off(account, invoices, by=self.home.bill, reason="walk")
            approve_write_off(asked, by=self.home.olga)
            for one in lines:
                self.debts[one.pk].forgiven += one.outstanding

    @rule(n=PICK)
    def reverse_a_write_off(self, n):
        if one := row(WriteOff.objects.order_by("pk"), n):
            lines = list(one.lines.select_related("charge"))
            whole = all(line.charge.written_off >= line.amount for line in lines)
            with refused_unless(one.status == "approved" and whole):
                reverse_write_off(one, by=self.home.olga, reason="walk")
                for line in lines:
                    self.debts[line.charge_id].forgiven -= line.amount

    @precondition(lambda self: self.debts and self.purses)
    @rule(c=PICK, p=PICK, amount=AMOUNTS)
    def recover(self, c, p, amount):
        charge, credit = self.billed(pick(self.debts, c)), self.credit(pick(self.purses, p))
        enough = amount <= min(self.debts[charge.pk].forgiven, credit.available)
        with refused_unless(enough and credit.account_id == charge.account_id):
            recover(charge, amount, credit, by=self.home.rita)
            self.debts[charge.pk].forgiven -= amount

    @precondition(lambda self: self.debts)
    @rule(c=PICK, amount=AMOUNTS, often=st.sampled_from(Frequency))
    def plan(self, c, amount, often):
        charge = self.billed(pick(self.debts, c))
        terms = Terms(amount, often, clock.today(self.home.clinic) + timedelta(days=3))
        of_a_plan = Instalment.objects.filter(invoice=charge.invoice, plan__status="active") if charge.invoice else ()
        ends = amount >= least(charge.outstanding, often)  # within ten years
        with refused_unless(charge.invoice and charge.outstanding and ends and not of_a_plan):
            made = start_plan(charge.account, [charge], terms, by=self.home.bill)
            principal = made.parts.get().principal_id
            self.debts[principal] = Debt(charge.account_id, charge.outstanding, principal=True)
            self.debts[charge.pk].moved += charge.outstanding

    @rule(n=PICK)
    def instalment(self, n):
        if due := row(Instalment.objects.order_by("pk"), n):
            with refused_unless(due.status == "scheduled"):
                invoice = bill_instalment(due, by=self.home.itself)
                self.debts[due.plan.parts.get().principal_id].moved += due.amount
                self.debts[invoice.charges.get().pk] = Debt(invoice.account_id, due.amount)

    @rule(n=PICK)
    def end_a_plan(self, n):
        if plan := row(Plan.objects.order_by("pk"), n):
            with refused_unless(plan.status == "active"):
                cancel_plan(plan, by=self.home.bill, reason="walk")
                part = plan.parts.get()
                left = part.amount - self.debts[part.principal_id].moved
                self.debts[part.principal_id].moved += left
                self.debts[part.charge_id].moved -= left

    @precondition(lambda self: self.closed < 2)
    @rule()
    def close_the_day(self):
        """What comes after lands on the next day by itself; what the day took in can't be reversed any more."""
        day = clock.today(self.home.clinic) + timedelta(days=self.closed)
        a_locked_day(self.home.location, day)
        self.closed += 1

    # What the rules ask of the model

    def billed(self, charge: int) -> Charge:
        return Charge.objects.select_related("invoice", "account").get(pk=charge)

    def credit(self, payment: int, *, held: bool = False) -> Credit:
        """The money received with a payment, or its largest pre-payment where it has one."""
        kind = CreditKind.PRE_PAYMENT if held else CreditKind.UNAPPLIED
        rows = Credit.objects.filter(payment=payment).order_by("-available", "pk")
        return rows.filter(kind=kind).first() or rows.get(kind=CreditKind.UNAPPLIED)

    def may_go_back(self, payment: Payment, amount: int) -> bool:
        purse = self.purses[payment.pk]
        asked = sum(one.amount for one in payment.refunds.filter(status__in=REFUND_OPEN))
        return not purse.void and amount <= purse.amount - purse.gone - asked

    def foreseen(self, payment: int, amount: int) -> list[tuple[int, int, bool]]:
        """What going back frees, beside free money: (charge or 0, how much, whether of the pool)."""
        applied = list(live_allocations(credit__payment=payment))
        pool = [entry.credit.kind == CreditKind.PRE_PAYMENT for entry in applied]
        purse = self.purses[payment]
        in_use = sum(entry.applied for entry in applied)
        held = purse.pool - sum(entry.applied for entry, of_pool in zip(applied, pool, strict=True) if of_pool)
        amount -= min(amount, purse.amount - purse.gone - purse.reserved - held - in_use)
        freed = [(0, min(amount, held), True)]
        amount -= freed[0][1]
        for entry, of_pool in zip(applied, pool, strict=True):
            part = min(amount, entry.applied)
            freed.append((entry.charge_id, part, of_pool))
            amount -= part
        assert amount == 0
        return [one for one in freed if one[1]]

    def take(self, refund: Refund, freed: list[tuple[int, int, bool]]) -> None:
        pool = sum(part for _, part, of_pool in freed if of_pool)
        self.back[refund.pk] = GoesBack(refund.payment_id, refund.amount, pool)
        self.purses[refund.payment_id].pool -= pool
        if refund.reduce_charge:
            for charge, part, _ in freed:
                if charge:
                    self.debts[charge].credited += part

    def give(self, refund: Refund) -> None:
        self.purses[refund.payment_id].pool += self.back.pop(refund.pk).pool
        for line in refund.lines.select_related("charge", "credit_note"):
            if line.credit_note and not line.charge.voided and not line.credit_note.reversed_by.exists():
                self.debts[line.charge_id].credited -= line.amount

    # What must hold after every step

    @invariant()
    def database_agrees_with_the_model(self):
        paid, used, used_of_pool = Counter(), Counter(), Counter()
        for entry in live_allocations():
            source = used_of_pool if entry.credit.kind == CreditKind.PRE_PAYMENT else used
            paid[entry.charge_id] += entry.applied
            source[entry.credit.payment_id] += entry.applied
        owed = {pk: debt.amount - sum(debt.parts) - paid[pk] for pk, debt in self.debts.items()}
        charges = Charge.objects.values_list("pk", "outstanding", "credited", "written_off", "moved")
        assert set(charges) == {(pk, owed[pk], *debt.parts) for pk, debt in self.debts.items()}
        has = {pk: Counter() for pk in self.purses}
        for credit in Credit.objects.all():
            has[credit.payment_id][credit.kind] += credit.available
        free = {pk: self.free(pk, used[pk]) for pk in self.purses}
        for pk, purse in self.purses.items():
            assert has[pk]["unapplied"] == free[pk]
            assert has[pk]["pre_payment"] == purse.pool - used_of_pool[pk]
            assert has[pk]["refund_pending"] == purse.reserved
        self.accounts_agree(owed, free)

    def free(self, payment: int, used: int) -> int:
        purse = self.purses[payment]
        return 0 if purse.void else purse.amount - purse.gone - purse.reserved - purse.pool - used

    def accounts_agree(self, owed, free):
        for account in Account.objects.filter(pk__in=[patient.account_id for patient in self.patients]):
            mine = {pk: debt for pk, debt in self.debts.items() if debt.account == account.pk}
            assert account.owes == sum(owed[pk] for pk, debt in mine.items() if not debt.principal)
            assert account.planned == sum(owed[pk] for pk, debt in mine.items() if debt.principal)
            assert account.unapplied == sum(free[pk] for pk, one in self.purses.items() if one.account == account.pk)

    @invariant()
    def invariants_hold(self):
        assert not broken()
