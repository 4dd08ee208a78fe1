"""The groups of the page: what is missing, in whose words, and which rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from clinicpay.attention import gaps
from clinicpay.clinics.numbers import Numbered
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from payments.models import Payment
from treatments.models import TreatmentEvent


@dataclass(frozen=True)
class Group:
    """One kind of gap: `about` says what it is and what takes a row off; `to` leads from a row to its record."""

    key: str
    label: str
    about: str
    rows: Callable[[Membership], QuerySet[Any]]
    of: type[Numbered]
    to: str = ""

    @property
    def place(self) -> str:
        """The look-up of a row's location."""
        return f"{self.to}location"


GROUPS = (
    Group(
        "unreviewed",
        "Not reviewed",
        "Treatments that are complete, and whose payment state nobody has recorded. A review takes them off.",
        lambda member: gaps.unreviewed(member.clinic),
        TreatmentEvent,
    ),
    Group(
        "unconfirmed",
        "Not confirmed",
        "Treatments that were reviewed as paid, and lack evidence of the payment or only the confirmation.",
        lambda _member: gaps.unconfirmed(),
        TreatmentEvent,
    ),
    Group(
        "unbilled",
        "To bill again",
        "Treatments that are complete, and whose invoice was voided. Bill them again, or say why they are not billed.",
        lambda _member: gaps.unbilled(),
        TreatmentEvent,
    ),
    Group(
        "balances",
        "Balances without follow-up",
        "Treatments with something to pay while nothing is to happen next: no callback, promise or plan.",
        lambda member: gaps.unfollowed(member.clinic, is_flagging=not member.can(Can.FOLLOW_UP)),
        TreatmentEvent,
    ),
    Group(
        "payments",
        "Payments without treatment",
        "Payments that name no treatment and have paid for none. Say which it was for, or why there is none.",
        lambda _member: gaps.untreated(),
        Payment,
    ),
    Group(
        "processing",
        "Still processing",
        "Payments that have been processing since before today. Look whether the money came.",
        lambda member: gaps.stuck(member.clinic),
        Payment,
    ),
    Group(
        "decide",
        "Refund or keep",
        "Money that a card brought for a payment that no longer asked for it, or that a bank took back.",
        lambda _member: gaps.surprises(),
        Payment,
        to="payment__",
    ),
)
"""In the order of the tabs: what the desk does first stands first."""
