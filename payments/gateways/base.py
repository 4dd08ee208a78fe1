"""What ClinicPay asks of whoever takes cards, and what it is told. Amounts are minor units."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from payments.states import CheckoutState, GatewayName, MovementState


class GatewayDown(Exception):
    """It did not answer, or not sensibly: nothing is known, ask again later."""


class GatewayRefused(Exception):
    """It understood and said no; the message is its own."""


@dataclass(frozen=True)
class Asked:
    """A checkout that we want: `reference` is ours, and asking twice with the same one opens one checkout."""

    reference: str
    amount: int
    currency: str
    description: str
    success_url: str
    cancel_url: str
    expires_at: datetime


@dataclass(frozen=True)
class Opened:
    """A checkout that is open: where the payer goes."""

    external_id: str
    url: str


@dataclass(frozen=True)
class Movement:
    """Money that goes back at the gateway; `ours` is the number of our refund, if we had asked for it."""

    external_id: str
    amount: int
    state: MovementState
    ours: str = ""


@dataclass(frozen=True)
class Standing:
    """What the gateway says of one checkout now: the truth that events only point at.

    `reference` is what we had called it. `captured` is 0 until money came; `declined` says that the last card
    was refused. A dispute in PENDING has taken the money for now, SUCCEEDED for good, WON has given it back.
    """

    external_id: str
    reference: str
    state: CheckoutState
    captured: int = 0
    currency: str = ""
    capture: str = ""
    declined: bool = False
    refunds: tuple[Movement, ...] = ()
    disputes: tuple[Movement, ...] = ()


@dataclass(frozen=True)
class Told:
    """A signed event: its own id, what kind it is, and which checkout or capture it is about."""

    external_id: str
    kind: str
    session: str = ""
    capture: str = ""


class Gateway(Protocol):
    """Whoever takes cards. All but parse_event ask over the network and raise GatewayDown or GatewayRefused."""

    name: GatewayName

    def objection(self, amount: int, currency: str) -> str:
        """Why it won't take this amount (minor units of ours), or nothing; asked without the network."""

    def create_checkout(self, asked: Asked) -> Opened:
        """Open a page on which the payer types the card."""

    def fetch(self, *, session: str = "", capture: str = "") -> Standing | None:
        """What is true now of a checkout, found by its id or by that of its capture; None if it isn't one of ours."""

    def expire(self, session: str) -> None:
        """Close a checkout that nobody has paid; GatewayRefused when money is already on its way."""

    def refund(self, capture: str, amount: int, *, ref: str) -> Movement:
        """Give part of a capture back; asking twice with the same `ref` refunds once."""

    def parse_event(self, body: bytes, header: str, *, now: float) -> Told | None:
        """The event in exactly this body, or None unless it was signed within the last 300 seconds."""
