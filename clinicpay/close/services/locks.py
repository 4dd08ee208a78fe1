"""The row under which a day is reviewed, counted, closed and re-opened, one after the other."""

from datetime import date

from clinicpay.clinics.models import Location
from clinicpay.clinics.refusals import Refusal
from clinicpay.close.models import DailyClose
from clinicpay.close.states import CloseState


def locked(location: Location, day: date, state: CloseState, otherwise: str) -> DailyClose:
    """The current version of a day, locked. Raises Refusal with `otherwise` when it isn't in this state."""
    rows = DailyClose.objects.select_for_update(no_key=True).filter(location=location, day=day)
    close = rows.exclude(state=CloseState.REOPENED).first()
    if close is None or close.state != state:
        raise Refusal(otherwise)
    return close
