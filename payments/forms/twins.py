"""The warning before the same payment is entered twice."""

from datetime import date
from typing import Any

from django import forms

from balances.forms import OnceForm
from clinicpay.patients.models import Account, Patient
from payments.models import Payment
from payments.queries.twins import twins_of

ANOTHER = "Tick that this is another payment, or leave it."


class TwinCheck(OnceForm):
    """For a form that takes money or asks for it: the same amount twice a day needs a tick.

    Its form calls `warn_of_twins` at the end of `clean`, its template includes payments/twins.html.
    """

    another = forms.BooleanField(label="Yes, this is another payment", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.twins: list[Payment] = []

    def warn_of_twins(
        self,
        account: Account,
        patient: Patient | None,
        amount: int,
        besides: Payment | None = None,
        *,
        since: date | None = None,
    ) -> None:
        """An error under the tick while it is missing; a form that was done already is no twin of itself."""
        self.twins = twins_of(account, patient, amount, besides, since=since)
        if self.twins and not self.cleaned_data.get("another") and not self.was_done:
            self.add_error("another", ANOTHER)
