"""Asking for a new password: the answer comes at one pace for addresses that we know and for those that we don't."""

import math
import time
from typing import Any

from allauth.account.forms import ResetPasswordForm
from django.http import HttpRequest

from clinicpay.staff.entrance import Asking

PACE = 0.5
"""Seconds. Looking somebody up, signing a link and handing over the mail takes longer than not doing so."""


class MailAway(Exception):
    """The mail server took no message; it is asked to for known and unknown addresses alike."""


class EvenReset(Asking, ResetPasswordForm):
    """Answers at the next beat since it began, whatever there was to do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._began = time.monotonic()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Send the link, or the mail that says that there is no account, then wait for the beat."""
        try:
            return str(super().save(request, **kwargs))
        except OSError as error:  # of SMTP, too
            raise MailAway from error
        finally:
            time.sleep(until_beat(time.monotonic() - self._began))


def until_beat(passed: float) -> float:
    """Seconds from now to the next multiple of the pace."""
    return max(1, math.ceil(passed / PACE)) * PACE - passed if PACE else 0.0
