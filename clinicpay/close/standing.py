"""How far each treatment is on its four steps to the close of its day, and what still keeps it from them (S0.36).

1 the treatment closes, 2 its payment state is reviewed, 3 its balance is flagged if needed, 4 it is confirmed.
Nothing here is stored: what was reviewed is compared with the ledger each time, so money that was taken back since
never leaves a false "fully paid" behind (decision 0147).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from django.db import connection

from balances.queries import Balance
from clinicpay import money
from clinicpay.clinics.models import Clinic
from clinicpay.clinics.scope import current_clinic_id, entered_clinic
from clinicpay.close.states import Outcome
from followups.queries import NOT_FLAGGED, Flagged, flags_of
from payments.models import Payment, Receipt
from treatments.states import COMPLETED, REVIEWED, EventState

REVIEW = "Review its payment state."
FLAG = "Flag the balance with a next action: a callback, a promise or a payment plan."
SHOW = "Attach evidence of the payment: print or send its receipt, or add a document."


NOTHING = Balance()


_EVIDENCE = "select event_id, kind, name from close_evidence(%s::bigint[]) order by 1, 2, 3"


class Evidence(NamedTuple):
    """Something that shows that a treatment was paid; `kind` is document, card, sent or printed."""

    kind: str
    words: str


@dataclass(frozen=True)
class Standing:
    """Where a treatment stands: steps done (0 to 4), the outcome of its review, and what keeps it from confirmation.

    `outcome` is empty before the review, and again once the record was re-opened. `evidence` counts.
    """

    step: int
    outcome: str = ""
    missing: tuple[str, ...] = ()
    next_action: str = ""
    evidence: int = 0
    balance: Balance = NOTHING
    followed: bool = False

    @property
    def is_done(self) -> bool:
        """Whether its day may close over it without a reason: confirmed, or flagged with a next action (K3)."""
        return self.step == 4 or (self.step == 3 and self.outcome != Outcome.PAID)

    @property
    def outcome_words(self) -> str:
        """The outcome as people call it; nothing was charged for what owes nothing and was paid nothing."""
        if self.outcome == Outcome.PAID and not self.balance.charged:
            return "No charge"
        return Outcome(self.outcome).label if self.outcome else ""


class Event(Protocol):
    """What is asked of a treatment: a row of it, or what a page has read."""

    @property
    def pk(self) -> int: ...
    @property
    def state(self) -> str: ...


class _Read(NamedTuple):
    """What is stored of one treatment; `owing` are the accounts that owe something for it."""

    outcome: str = ""
    balance: Balance = NOTHING
    evidence: int = 0
    owing: Sequence[int] = ()


class _Facts(NamedTuple):
    """What was read of one treatment."""

    state: str
    outcome: str
    balance: Balance
    evidence: int
    flags: list[Flagged]


def standings(events: Collection[Event]) -> dict[int, Standing]:
    """The standing of each of these treatments by its id: two questions for one as for hundreds."""
    clinic, read = _clinic(), _read([event.pk for event in events if event.state in COMPLETED])
    flagged = flags_of({account for one in read.values() for account in one.owing}, clinic)
    found = {}
    for event in events:
        stored = read.get(event.pk, _UNREAD)
        flags = [flagged.get(account, NOT_FLAGGED) for account in stored.owing]
        facts = _Facts(event.state, stored.outcome, stored.balance, stored.evidence, flags)
        found[event.pk] = _standing(facts, clinic)
    return found


def evidence_of(event_ids: Iterable[int]) -> dict[int, list[Evidence]]:
    """What shows that treatments were paid, in one question; treatments without any are absent."""
    found: dict[int, list[Evidence]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_EVIDENCE, [list(event_ids)])
        for event, kind, name in cursor.fetchall():
            found[event].append(Evidence(kind, _words(kind, name)))
    return dict(found)


def _words(kind: str, name: str) -> str:
    if kind == "document":
        return name
    if kind == "card":
        return f"{Payment(number=int(name)).ref} captured by card"
    return f"{Receipt(number=int(name)).ref} {kind}"


_READ = """
with balance as (
  select event_id,
    (coalesce(sum(amount) filter (where source_id is null), 0) - coalesce(sum(credited), 0))::bigint as charged,
    sum(outstanding)::bigint as outstanding, sum(written_off)::bigint as written_off,
    coalesce(sum(outstanding) filter (where source_id is not null), 0)::bigint as planned,
    array_agg(distinct account_id) filter (where outstanding > 0) as owing
  from balances_charge where event_id = any(%(ids)s::bigint[]) group by 1
), review as (
  select distinct on (event_id) event_id, outcome
  from close_eventreview where event_id = any(%(ids)s::bigint[]) order by event_id, id desc
), evidence as (
  select event_id, count(*) as found from close_evidence(%(ids)s::bigint[]) group by 1
)
select event_id, review.outcome, charged, outstanding, written_off, planned, evidence.found, owing
from balance full join review using (event_id) full join evidence using (event_id)
"""
"""Its sums are those of `balances.queries.event_balances`: a test compares them."""


def _read(event_ids: list[int]) -> dict[int, _Read]:
    """What is stored of these treatments, in one question; those of which nothing is are absent."""
    if not event_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"ids": event_ids})
        return {
            event: _Read(
                outcome or "",
                Balance(charged, owed, given_up, planned=planned) if charged is not None else NOTHING,
                evidence or 0,
                owing or (),
            )
            for event, outcome, charged, owed, given_up, planned, evidence, owing in cursor.fetchall()
        }


_UNREAD = _Read()


def _standing(facts: _Facts, clinic: Clinic) -> Standing:
    state, balance = facts.state, facts.balance
    if state not in COMPLETED:
        return Standing(0, missing=("It is not marked complete.",))
    actions = [one.action(on_plan=balance.planned >= balance.outstanding) for one in facts.flags]
    words = "; ".join(dict.fromkeys(f"{one.label} {one.text}".strip() for one in actions if one))
    outcome = facts.outcome if state in REVIEWED or state == EventState.DAY_CLOSED else ""
    step, missing = (4, ()) if state == EventState.DAY_CLOSED else _steps(facts, outcome, all(actions), clinic)
    followed = any(one.followed for one in facts.flags)
    return Standing(step, outcome, missing, words, facts.evidence, balance, followed)


def _steps(facts: _Facts, outcome: str, flagged: bool, clinic: Clinic) -> tuple[int, tuple[str, ...]]:
    """Steps done before the day's close, and what is missing: each step counts only on top of the one before."""
    if not outcome:
        return 1, (REVIEW,)
    owed = facts.balance.outstanding
    if (outcome == Outcome.PAID) != (owed == 0):
        return 1, (_changed(owed, clinic),)
    unflagged = () if outcome == Outcome.PAID or flagged else (FLAG,)
    missing = (*unflagged, *(() if facts.evidence or not needs_evidence(facts.balance) else (SHOW,)))
    return 2 if unflagged else 4 if facts.state == EventState.READY and not missing else 3, missing


def needs_evidence(balance: Balance) -> bool:
    """Whether there is anything to prove: something was paid, or something is owed."""
    return bool(balance.applied or balance.outstanding)


def _changed(owed: int, clinic: Clinic) -> str:
    if owed:
        return f"It was reviewed as fully paid, and {money.show(owed, clinic.currency)} is owed now. Review it again."
    return "It was reviewed with a balance, and nothing is owed any more. Review it again."


def _clinic() -> Clinic:
    """That of the scope, which a task enters by its id alone."""
    return entered_clinic() or Clinic.objects.get(pk=current_clinic_id())
