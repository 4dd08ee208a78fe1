"""Reception reviews each closed treatment before the patient leaves, and confirms it: steps 2 and 4 of four.

Nothing else brings a treatment to "reviewed" or "ready for close"; the database sees to it. Accounts are locked
before the treatment, as everything that bills it does, so what is owed holds while it is judged.
"""

from django.db import transaction

from balances.ledger import lock_accounts
from balances.models import Charge
from balances.refusals import database_refusals
from clinicpay import money
from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.models import EventReview
from clinicpay.close.standing import Standing, evidence_of, standings
from clinicpay.close.states import Outcome
from clinicpay.patients.models import Account
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from followups.queries import NOT_FLAGGED, flags_of
from followups.services import Next, flag_debt
from treatments.models import TreatmentEvent
from treatments.services import lock_event, move_event
from treatments.states import COMPLETED, EventState


@transaction.atomic
def review(event: TreatmentEvent, *, outcome: str, by: Actor, note: str = "") -> EventReview:
    """Record what is the case with a closed treatment's payment (S0.30): paid, outstanding, or follow_up.

    A second review replaces the first, also one that was confirmed already; both are kept. Raises Refusal for what the
    ledger contradicts, before the record is complete, and for a repetition that says nothing new.
    """
    require(by, Can.REVIEW_EVENT)
    event = _locked(event)
    standing = standings([event])[event.pk]
    _refuse(event, Outcome(outcome), standing, by)
    if outcome == standing.outcome and standing.step >= 2 and not note.strip():
        raise Refusal(f"{event.ref} was reviewed already: {standing.outcome_words.lower()}.")
    with database_refusals(), transaction.atomic():
        made = EventReview.objects.create(event=event, outcome=outcome, note=note.strip()[:500])
    made.refresh_from_db(fields=["balance", "made_at", "made_by_id"])
    if event.state == EventState.READY:
        event = move_event(event, EventState.CLOSED, by=by, reason="Reviewed again")
    if event.state == EventState.CLOSED:
        move_event(event, EventState.REVIEWED, by=by)
    record("event.reviewed", event, by=by, after={"review": outcome, "owes": made.balance}, reason=made.note)
    return made


@transaction.atomic
def review_and_flag(
    event: TreatmentEvent, *, outcome: str, by: Actor, what: Next | None = None, note: str = ""
) -> None:
    """Steps 2 and 3 together: say that a balance stays, and what happens next with each account that owes it.

    An account that is followed up already keeps its callback or promise, and one review is enough.
    """
    standing = standings([event])[event.pk]
    if standing.step < 2 or standing.outcome != outcome or note.strip():
        review(event, outcome=outcome, by=by, note=note)
    if what is None:
        return
    owing = Account.objects.filter(charges__event=event, charges__outstanding__gt=0).distinct().order_by("pk")
    flagged = flags_of([account.pk for account in owing], by.clinic)
    for account in owing:
        if not flagged.get(account.pk, NOT_FLAGGED).dated:
            flag_debt(account, what, by=by)


@transaction.atomic
def confirm(event: TreatmentEvent, *, by: Actor) -> TreatmentEvent:
    """Confirm a reviewed treatment: it is ready for the daily close (S0.33, S0.34).

    Raises Refusal in the words of what is still missing, such as evidence of the payment.
    """
    require(by, Can.REVIEW_EVENT)
    event = _locked(event)
    standing = standings([event])[event.pk]
    if standing.step == 4:
        raise Refusal(f"{event.ref} was confirmed already.")
    if standing.missing:
        raise Refusal(f"{event.ref} can't be confirmed yet. {' '.join(standing.missing)}")
    with database_refusals(), transaction.atomic():
        event = move_event(event, EventState.READY, by=by)
    shown = ", ".join(one.words for one in evidence_of([event.pk]).get(event.pk, []))
    after = {"review": standing.outcome, "owes": standing.balance.outstanding, "evidence": shown[:500] or "–"}
    record("event.confirmed", event, by=by, after=after)
    return event


def _locked(event: TreatmentEvent) -> TreatmentEvent:
    """The event as it is now, locked with every account that was charged for it."""
    charged = Charge.objects.filter(event=event).values_list("account", flat=True)
    lock_accounts({event.patient.account_id, *charged})
    return lock_event(event)


def _refuse(event: TreatmentEvent, outcome: Outcome, standing: Standing, by: Actor) -> None:
    if event.state == EventState.DAY_CLOSED:
        raise Refusal(f"The day of {event.ref} is closed. The owner can re-open it.")
    if event.state not in COMPLETED:
        raise Refusal(f"{event.ref} is {event.get_state_display().lower()}. It is reviewed once it is marked complete.")
    owed = standing.balance.outstanding
    if outcome == Outcome.PAID and owed:
        raise Refusal(f"{money.show(owed, by.clinic.currency)} is owed for {event.ref}, so it is not fully paid.")
    if outcome != Outcome.PAID and not owed:
        raise Refusal(f"Nothing is owed for {event.ref}. Review it as fully paid.")
