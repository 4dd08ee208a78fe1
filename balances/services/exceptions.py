"""Saying that a treatment's balance is an exception, and taking that back (S0.19)."""

from django.db import IntegrityError, transaction

from balances.models import BalanceException
from clinicpay.audit.services import record
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import require
from clinicpay.staff.models import Actor
from clinicpay.staff.roles import Can
from treatments.models import TreatmentEvent


@transaction.atomic
def make_exception(event: TreatmentEvent, *, by: Actor, note: str) -> BalanceException:
    """Flag a treatment's balance as an exception, with the note that everybody beside it reads. Raises Refusal."""
    require(by, Can.REVIEW_EVENT)
    if not note.strip():
        raise Refusal("Write why its balance is an exception.")
    try:
        with transaction.atomic():
            made = BalanceException.objects.create(event=event, note=note.strip()[:500])
    except IntegrityError as error:
        raise Refusal(f"{event.ref} has an exception already. Lift that one first.") from error
    record("exception.made", event, by=by, after={"note": made.note})
    return made


@transaction.atomic
def lift_exception(event: TreatmentEvent, *, by: Actor, reason: str) -> None:
    """The balance is an exception no more; the flag stays with who, when and why. Raises Refusal."""
    require(by, Can.REVIEW_EVENT)
    if not reason.strip():
        raise Refusal("Say why it is an exception no more.")
    found = BalanceException.objects.select_for_update(no_key=True).filter(event=event, lifted_at=None).first()
    if found is None:
        raise Refusal(f"{event.ref} has no exception any more.")
    found.lifted_at = found.made_at  # the database writes its own moment
    found.save(update_fields=["lifted_at"])
    record("exception.lifted", event, by=by, before={"note": found.note}, reason=reason.strip()[:500])
