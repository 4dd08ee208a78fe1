"""The cells of a row of the board: time, patient, the four steps, what is owed, what comes next, and its buttons."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from balances.origins import OriginOf
from clinicpay import money
from clinicpay.clinics.addresses import address
from clinicpay.clinics.models import Clinic
from clinicpay.close.standing import SHOW, Standing
from clinicpay.close.states import Outcome
from clinicpay.staff.models import Membership
from clinicpay.staff.roles import Can
from clinicpay.today.visits import Visit
from clinicpay.ui.cells import pill
from clinicpay.ui.words import clock_words, day_words
from treatments.states import EventState

STEPS = ("Treatment closed", "Payment reviewed", "Balance flagged if needed", "Confirmed for the close")
"""The four steps, in their order (S0.36)."""

NEW_TAB = ' target="_blank" rel="noopener"'


class Facts(NamedTuple):
    """What the rows of one board have in common."""

    member: Membership
    zone: ZoneInfo
    receipts: dict[int, int]
    origins: Mapping[int, tuple[OriginOf, ...]]
    names_places: bool = False

    @property
    def clinic(self) -> Clinic:
        """Whose board it is."""
        return self.member.clinic


def row(event: Visit, standing: Standing, facts: Facts) -> dict[str, Any]:
    """The cells of one treatment."""
    clinic, number = facts.clinic, event.number
    place = f"{event.practitioner} · {event.location}" if facts.names_places else event.practitioner
    return {
        "key": number,
        "time": _time(event.service_at, facts.zone),
        "url": address(clinic, "treatment", number=number),
        "name": event.name,
        "ref": event.ref,
        "who": place,
        "steps": steps(standing.step) if event.state != EventState.CANCELLED else "",
        "state": _state(event, standing),
        "owes": _owes(standing.balance.outstanding, clinic.currency),
        "origin": "; ".join(one.words for one in facts.origins.get(event.pk, ())),
        "next": _next(event, standing),
        "acts": mark_safe(" ".join(_acts(event, standing, facts))),  # noqa: S308 - of format_html alone
    }


@lru_cache(maxsize=8)
def steps(done: int) -> SafeString:
    """The four steps as a bar of four, and in words for who can't see it (S0.36)."""
    said = f"{done} of 4 steps: {STEPS[done - 1].lower()}" if done else "Not closed yet"
    marks = ((' class="is-done"' if n < done else "", name) for n, name in enumerate(STEPS))
    bars = "".join(f'<i{mark} title="{name}"></i>' for mark, name in marks)
    return mark_safe(f'<span class="steps4" role="img" aria-label="{said}">{bars}</span>')  # noqa: S308 - constants


def _time(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    is_today = local.date() == datetime.now(zone).date()
    return clock_words(local) if is_today else f"{day_words(local.date())}, {clock_words(local)}"


def _state(event: Visit, standing: Standing) -> SafeString:
    if standing.step == 0:
        return pill(event.state, EventState(event.state).label)
    if not standing.balance.charged:
        return pill("no_charge", "No charge")
    return pill(standing.balance.settlement)


@lru_cache(maxsize=4096)
def _owes(owed: int, currency: str) -> SafeString:
    """In plain words: "Owes $120.00". Kept, because fees repeat."""
    return format_html("<strong>Owes {}</strong>", money.show(owed, currency)) if owed else SafeString("")


def _next(event: Visit, standing: Standing) -> str:
    """What is to be done, or what was agreed (S0.21)."""
    if standing.step == 0:
        return "" if event.state == EventState.CANCELLED else "Mark complete when it is done"
    if standing.step == 4:
        return standing.next_action or ("Ready for the close" if event.state == EventState.READY else "Day closed")
    return standing.next_action if standing.is_done else _to_do(standing)


def _to_do(standing: Standing) -> str:
    """What keeps a closed treatment from being done with."""
    if standing.outcome and standing.step == 1:
        return standing.missing[0]
    if standing.balance.outstanding:
        return "Take the payment, or flag the balance"
    if standing.step == 1:
        return "Review: nothing is owed"
    return "Print the receipt or attach a slip" if SHOW in standing.missing else "Confirm the payment"


def _acts(event: Visit, standing: Standing, facts: Facts) -> list[SafeString]:
    """The buttons that can be pressed now: later steps have none (S0.36)."""
    if standing.step == 0:
        return _complete(event, facts) if event.state != EventState.CANCELLED else []
    if standing.step == 4:
        return []
    if standing.balance.outstanding:
        pay = _link("Take payment", address(facts.clinic, "pay_for_treatment", number=event.number), event)
        return [pay] if standing.is_done and standing.missing else [pay, _flag_or_confirm(event, standing, facts)]
    if standing.step == 1:
        words = "Fully paid" if standing.balance.charged else "No charge"
        return [_button(words, address(facts.clinic, "event_review", number=event.number), event, Outcome.PAID)]
    return _evidence(event, standing, facts)


def _flag_or_confirm(event: Visit, standing: Standing, facts: Facts) -> SafeString:
    if standing.is_done:
        return _button("Confirm", address(facts.clinic, "event_confirm", number=event.number), event)
    return _opens("Flag balance", address(facts.clinic, "event_review", number=event.number), event)


def _evidence(event: Visit, standing: Standing, facts: Facts) -> list[SafeString]:
    if not standing.missing:
        return [_button("Confirm", address(facts.clinic, "event_confirm", number=event.number), event)]
    attach = _link("Attach", address(facts.clinic, "treatment_documents", number=event.number), event)
    if receipt := facts.receipts.get(event.pk):
        return [_link("Receipt", address(facts.clinic, "receipt_pdf", number=receipt), event, NEW_TAB), attach]
    return [attach]


def _complete(event: Visit, facts: Facts) -> list[SafeString]:
    if not facts.member.can(Can.MARK_COMPLETE):
        return []
    return [_button("Mark complete", address(facts.clinic, "treatment_complete", number=event.number), event)]


_LINK = '<a class="btn btn-sm" id="b-%s-%d" href="%s"%s>%s<span class="visually-hidden"> for %s</span></a>'
_BUTTON = (
    '<button class="btn btn-sm" id="b-%s-%d" type="submit" form="act" formaction="%s" hx-post="%s"%s hx-swap="none"'
    ' hx-sync="this:drop" hx-disabled-elt="this">%s<span class="visually-hidden"> for %s</span></button>'
)


def _link(words: str, url: str, event: Visit, more: str = "") -> SafeString:
    html = _LINK % (_key(words), event.number, url, more, words, event.ref)
    return mark_safe(html)  # noqa: S308 - our own words, addresses and numbers; format_html is a third of a page of 300


def _opens(words: str, url: str, event: Visit) -> SafeString:
    """A link whose form opens beside the board."""
    return _link(words, url, event, f' hx-get="{url}" hx-target="#drawer-body" hx-swap="innerHTML"')


def _button(words: str, url: str, event: Visit, outcome: str = "") -> SafeString:
    """A button of the page's one form; with script the board is drawn anew in place."""
    value = f' name="outcome" value="{outcome}"' if outcome else ""
    html = _BUTTON % (_key(words), event.number, url, url, value, words, event.ref)
    return mark_safe(html)  # noqa: S308 - as above


def _key(words: str) -> str:
    """Part of an id that stays from one drawing to the next, so that the focus does, too."""
    return words.split(maxsplit=1)[0].lower()
