"""The demo's write-offs as people decide them: asked for, approved, declined, reversed, and an owner's leave."""

from datetime import timedelta

from balances.models import Invoice
from balances.queries import open_charges
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.scope import clinic_scope
from clinicpay.patients.models import Account
from clinicpay.staff.delegations import delegate, withdraw_delegation
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Role
from followups.models import WriteOff
from followups.services import Wish, approve_write_off, reject_write_off, request_write_off, reverse_write_off
from followups.states import WriteOffCause

LIMIT = 25_000
"""What the owner lets billing approve by itself (minor units)."""


class WriteOffs:
    """Billing and the admin ask, the owner decides, each in their own name."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        members = Membership.objects.select_related("user").filter(active=True)
        self.owner, self.admin, self.billing = (
            members.filter(role=role)[0] for role in (Role.OWNER, Role.ADMIN, Role.BILLING)
        )
        free = Account.objects.filter(owes__gt=0, unapplied=0, deposits=0, held=0, planned=0, write_offs=None)
        self.owing = list(free.order_by("owes", "pk")[:8])

    def make(self) -> None:
        """As many as there are accounts for."""
        self.leave()
        for account, act in zip(
            self.owing,
            (self.small, self.waits_for_billing, self.reversed, self.approved, self.declined, self.waits),
            strict=False,
        ):
            act(account)

    def leave(self) -> None:
        """Billing may approve small ones for a month; the admin might once."""
        today = clock.today(self.clinic)
        with clinic_scope(self.clinic, self.owner.user):
            past = delegate(self.admin, by=self.owner, limit=10_000, last_day=today + timedelta(days=7))
            withdraw_delegation(past, by=self.owner)
            delegate(self.billing, by=self.owner, limit=LIMIT, last_day=today + timedelta(days=30))

    def ask(self, account: Account, by: Membership, cause: WriteOffCause, reason: str) -> WriteOff:
        """A write-off of the account's oldest open invoice."""
        with clinic_scope(self.clinic, by.user):
            return request_write_off(account, [_oldest(account)], by=by, reason=reason, wish=Wish(cause))

    def small(self, account: Account) -> None:
        """Approved by billing, under the owner's leave when it is small enough."""
        asked = self.ask(account, self.admin, WriteOffCause.SMALL, "A letter costs more than this")
        by = self.billing if asked.amount <= LIMIT else self.owner
        with clinic_scope(self.clinic, by.user):
            approve_write_off(asked, by=by)

    def waits_for_billing(self, account: Account) -> None:
        """Small enough for billing's leave."""
        self.ask(account, self.admin, WriteOffCause.GOODWILL, "Waited two hours for the appointment")

    def reversed(self, account: Account) -> None:
        """Given up too early."""
        asked = self.ask(account, self.billing, WriteOffCause.NOT_FOUND, "Moved without a new address")
        with clinic_scope(self.clinic, self.owner.user):
            approved = approve_write_off(asked, by=self.owner)
            reverse_write_off(approved, by=self.owner, reason="Her daughter gave us the new address")

    def approved(self, account: Account) -> None:
        """Given up by the owner."""
        asked = self.ask(
            account, self.billing, WriteOffCause.CANNOT_PAY, "Lost his job in spring; letter of the agency"
        )
        with clinic_scope(self.clinic, self.owner.user):
            approve_write_off(asked, by=self.owner)

    def declined(self, account: Account) -> None:
        """Goes on being followed up."""
        asked = self.ask(account, self.billing, WriteOffCause.DISPUTED, "Says that the crown was never agreed")
        with clinic_scope(self.clinic, self.owner.user):
            reject_write_off(asked, by=self.owner, reason="The signed estimate is in the documents")

    def waits(self, account: Account) -> None:
        """For the owner."""
        self.ask(account, self.billing, WriteOffCause.BANKRUPT, "Court letter came, nothing will be paid")


def _oldest(account: Account) -> Invoice:
    invoice = open_charges([account])[0].invoice
    assert invoice  # open charges are billed
    return invoice
