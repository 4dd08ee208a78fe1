"""Deposits to reconcile: money that was taken ahead, beside the invoices that came since."""

from datetime import timedelta

from balances.models import Charge
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic, Location
from clinicpay.patients.models import Account, Patient
from clinicpay.patients.services import add_payer, open_account
from clinicpay.staff.models import ClinicPayItself, Membership
from clinicpay.staff.roles import Role
from deposits.plans import Plan
from deposits.queries import Criteria, retrieve
from deposits.services import apply_row
from payments.models import Payment
from payments.services import PaymentRequest, collect_payment, create_payment
from payments.states import Method, PaymentType

MOST = 200_000
"""Nobody leaves more than 2,000.00 in advance."""


class Deposits:
    """Works on what the invoices of one demo clinic still owe."""

    def __init__(self, clinic: Clinic, by: ClinicPayItself) -> None:
        self.clinic, self.by = clinic, by
        long_ago = clock.today(clinic) - timedelta(days=2)
        owing = Charge.objects.filter(outstanding__gt=2_000, patient__isnull=False, invoice__invoice_date__lt=long_ago)
        found = owing.filter(account__unapplied=0, account__held=0).select_related(
            "patient__account", "invoice__location"
        )
        self.owing = list({charge.account_id: charge for charge in found.order_by("-pk")}.values())[:7]

    def make(self) -> None:
        """Of families, of an employer and of an insurer; some paid elsewhere; one was applied already."""
        if len(self.owing) < 7:
            return
        places = list(Location.objects.order_by("pk"))
        whole, part, elsewhere, earlier, *shared = self.owing
        self.take(whole, whole.outstanding, Method.CARD)
        self.take(part, part.outstanding // 2, Method.CHEQUE)
        self.take(elsewhere, elsewhere.outstanding + 5_000, Method.CASH, place=places[-1])
        employer = self.payer("Tidewater Boats", Account.Kind.THIRD_PARTY, shared[0].patient)
        self.take(shared[0], 12_000, Method.CHEQUE, account=employer)
        insurer = self.payer("Beacon Dental Insurance", Account.Kind.INSURANCE, *(one.patient for one in shared[1:]))
        self.take(shared[1], sum(one.outstanding for one in shared[1:]) - 1_500, Method.CARD, account=insurer)
        self.applied(earlier)

    def payer(self, name: str, kind: Account.Kind, *patients: Patient | None) -> Account:
        """Somebody whom these patients list as payer: who is there already, or a new one of that name."""
        account = Account.objects.filter(kind=kind).first() or open_account(by=self.by, name=name, kind=kind)
        for patient in dict.fromkeys(one for one in patients if one):
            add_payer(patient, account, by=self.by)
        return account

    def take(
        self,
        owed: Charge,
        amount: int,
        method: Method,
        *,
        account: Account | None = None,
        place: Location | None = None,
    ) -> Payment:
        """Money in advance from whoever will owe it: a deposit, which nobody has applied."""
        assert owed.patient  # only patients' charges are looked at
        assert owed.invoice
        ask = PaymentRequest(
            owed.patient,
            min(amount, MOST),
            place or owed.invoice.location,
            kind=PaymentType.PRE_PAYMENT,
            memo="Paid in advance",
            account=account,
        )
        return collect_payment(create_payment(ask, by=self.by), by=self.by, method=method)

    def applied(self, owed: Charge) -> None:
        """One that an admin has reconciled already, for the history."""
        assert owed.invoice
        self.take(owed, owed.outstanding // 3 + 1, Method.CARD)
        admin = Membership.objects.filter(role__in=[Role.ADMIN, Role.OWNER]).order_by("pk").first()
        criteria = Criteria(owed.invoice.location, kind=owed.account.kind, party=owed.account)
        for row in retrieve(criteria, 1).rows:
            apply_row(Plan.of(row), by=admin or self.by)
