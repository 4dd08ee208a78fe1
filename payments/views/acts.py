"""How a view does an act that a form asks for."""

from collections.abc import Callable

from balances.requests import Repeated
from clinicpay.clinics.refusals import Refusal
from clinicpay.staff.access import ClinicRequest
from clinicpay.ui.answers import notify
from clinicpay.ui.forms import ClinicForm


def done(request: ClinicRequest, form: ClinicForm, act: Callable[[], object], words: str) -> bool:
    """Do it and say so; a second arrival of the form is as good as the first. A refusal goes on the form."""
    try:
        act()
    except Repeated:
        pass
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return False
    notify(request, words)
    return True


def number_made(form: ClinicForm, act: Callable[[], int], kind: str) -> int | None:
    """The number of what an act makes, also of the first one when the form arrives again; None when it was refused.

    `kind` is what the act calls it in its answer. A refusal goes on the form.
    """
    try:
        return act()
    except Repeated as repeated:
        return int(repeated.answer[kind])
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return None
