"""What a check lists, as pages draw it: each row with the one thing to do about it (S0.24)."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from balances.models import Invoice
from balances.states import CreditKind
from clinicpay.clinics import clock
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.numbers import shown
from clinicpay.close.queries import rows
from clinicpay.close.queries.gaps import Gaps, gaps_of
from clinicpay.close.standing import Standing
from clinicpay.ui.words import clock_words, moment_words
from payments.models import Payment
from treatments.models import TreatmentEvent
from treatments.states import EventState

TITLES = {
    "K1": "Treatments are complete or carried over",
    "K2": "Complete treatments are reviewed",
    "K3": "Reviewed treatments are confirmed, or their balance is flagged",
    "K4": "No payment is stuck in processing",
    "K5": "Money of the day is applied",
    "K6": "What was counted is what was expected",
    "K7": "The ledger agrees with its entries",
    "K8": "Refunds, reversals, write-offs and overrides were seen",
}
"""The checks of a day, as the checklist names them."""

LISTED = ("K1", "K2", "K3", "K4", "K5", "K8")
"""Checks that are about specific treatments, payments or acts."""


class Gap(NamedTuple):
    """One row of a check: what it is, where it opens, whose, what is the matter, and its act."""

    ref: str
    url: str
    whose: str
    what: str
    amount: int | None
    act: str
    act_url: str


class Listed(NamedTuple):
    """The rows of a check before they are drawn, how one is, and how those of a page are read."""

    rows: Any
    draw: Callable[[Any], Gap]
    read: Callable[[Sequence[Any]], Iterable[Any]] = iter

    def drawn(self, found: Sequence[Any]) -> list[Gap]:
        """These rows, as a page shows them."""
        return [self.draw(one) for one in self.read(found)]


def listed(check: str, clinic: Clinic, location: Location, day: date, *, gaps: Gaps | None = None) -> Listed:
    """The rows of a check of a day, unread where they are many; `gaps` where the day's are known already."""
    if check in rows.STATES:
        return Listed(rows.unfinished(clinic, location, day, check), lambda one: _treatment(one, check, clinic))
    if check == "K3":
        [gaps] = [gaps] if gaps else gaps_of(clinic, [(location.pk, day)])
        lacking = list(gaps.lacking.items())
        return Listed(lacking, lambda one: _unsettled(one[0], one[1], clinic), rows.unsettled)
    if check == "K4":
        return Listed(rows.stuck_payments(clinic, location, day), lambda one: _stuck(one, clinic))
    if check == "K5":
        return Listed(rows.unapplied(location, day), lambda one: _free(one, clinic))
    return Listed(rows.acts_to_see(clinic, location, day), lambda one: _act(one, clinic))


ACTS = {"K1": "Open", "K2": "Review"}


def _treatment(event: TreatmentEvent, check: str, clinic: Clinic) -> Gap:
    url = address(clinic, "treatment", number=event.number)
    parts = (clock_words(event.service_at.astimezone(clock.zone(clinic))), event.title or event.discipline)
    what = f"{' '.join(filter(None, parts))}: {EventState(event.state).label.lower()}"
    return Gap(event.ref, url, str(event.patient), what, None, ACTS[check], url)


def _unsettled(event: TreatmentEvent, standing: Standing, clinic: Clinic) -> Gap:
    url = address(clinic, "treatment", number=event.number)
    left = standing.balance.outstanding or None
    act = "Confirm" if not standing.missing else "Open"
    return Gap(event.ref, url, str(event.patient), " ".join(standing.missing) or "Not confirmed yet.", left, act, url)


def _stuck(payment: Payment, clinic: Clinic) -> Gap:
    url = address(clinic, "payment", number=payment.number)
    whose = str(payment.patient or payment.account)
    since = moment_words(payment.created_at, clock.zone(clinic)).text
    return Gap(payment.ref, url, whose, f"Processing since {since}", payment.amount, "Settle", url)


def _free(credit: Any, clinic: Clinic) -> Gap:
    payment = credit.payment
    url = address(clinic, "payment", number=payment.number)
    whose = str(payment.patient or credit.account)
    what = "Not applied" if credit.kind == CreditKind.UNAPPLIED else f"{credit.get_kind_display()}, not applied"
    allocate = address(clinic, "payment_allocate", number=payment.number)
    return Gap(payment.ref, url, whose, what, credit.available, "Apply", allocate)


def _act(act: rows.Act, clinic: Clinic) -> Gap:
    if act.payment:
        ref, url = shown(Payment.KIND, act.payment), address(clinic, "payment", number=act.payment)
    elif act.invoice:
        ref, url = shown(Invoice.KIND, act.invoice), address(clinic, "invoice", number=act.invoice)
    else:
        ref, url = "", ""
    return Gap(ref, url, act.who, f"{act.words}: {act.reason}", act.amount, "Open" if url else "", url)
