"""What reception says of a treatment, from a page to clean values."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.close.standing import Standing
from clinicpay.close.states import Outcome
from clinicpay.staff.roles import Role
from clinicpay.ui.days import DayField
from clinicpay.ui.forms import ClinicForm, MoneyField
from followups.queries import followers
from followups.services import Next

CALLBACK, PROMISE = "callback", "promise"


class ReviewForm(ClinicForm):
    """One of three outcomes, and what happens next with a balance that nobody has flagged yet (S0.30, S0.32)."""

    outcome = forms.ChoiceField(label="Payment state", widget=forms.RadioSelect)
    what = forms.ChoiceField(
        label="What happens next",
        choices=[(CALLBACK, "Somebody contacts them"), (PROMISE, "They promise to pay")],
        widget=forms.RadioSelect,
        initial=CALLBACK,
    )
    day = DayField(label="Day", required=False, widget=forms.DateInput)
    time = forms.TimeField(label="Time", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    member = forms.ChoiceField(label="Who calls", required=False)
    promised = MoneyField(label="Promised amount", required=False)
    promised_for = DayField(label="Promised for", required=False, widget=forms.DateInput)
    note = forms.CharField(label="Note", max_length=500, required=False)

    def __init__(self, *args: Any, standing: Standing, clinic: Clinic, **options: Any) -> None:
        """Only outcomes that the ledger allows are offered; what is flagged already is not asked again."""
        self.clinic, self.followers = clinic, {str(one.pk): one for one in followers()}
        super().__init__(*args, currency=clinic.currency, **options)
        fields: dict[str, Any] = self.fields
        owed = standing.balance.outstanding
        offered = [Outcome.OUTSTANDING, Outcome.FOLLOW_UP] if owed else [Outcome.PAID]
        fields["outcome"].choices = [(one.value, one.label) for one in offered]
        fields["outcome"].initial = standing.outcome if standing.outcome in offered else offered[0]
        self.flags = bool(owed) and not standing.next_action
        if not self.flags:
            for name in ("what", "day", "time", "member", "promised", "promised_for"):
                del self.fields[name]
            return
        fields["member"].choices = [(key, str(one.user)) for key, one in self.followers.items()]
        billing = (key for key, one in self.followers.items() if one.role == Role.BILLING)
        fields["member"].initial = next(billing, next(iter(self.followers), ""))
        fields["day"].initial, fields["time"].initial = clock.today(clinic) + timedelta(days=1), time(10)
        fields["promised"].initial = owed

    def clean(self) -> dict[str, Any]:
        """The next action that was chosen is whole, and still to come."""
        cleaned = super().clean() or self.cleaned_data
        wanted = {CALLBACK: ("day", "time", "member"), PROMISE: ("promised", "promised_for")}
        for name in wanted.get(cleaned.get("what", ""), ()):
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _ASK[name])
        if cleaned.get("what") == CALLBACK and cleaned.get("day") and cleaned.get("time"):
            cleaned["due_at"] = datetime.combine(cleaned["day"], cleaned["time"], clock.zone(self.clinic))
            if cleaned["due_at"] <= timezone.now():
                self.add_error("day", "A callback is for a later moment.")
        return cleaned

    def next(self) -> Next | None:
        """What happens next, if that was asked."""
        given = self.cleaned_data
        if not self.flags:
            return None
        if given["what"] == PROMISE:
            return Next(promised=given["promised"], promised_for=given["promised_for"], note=given["note"])
        return Next(self.followers[given["member"]], given["due_at"], note=given["note"])


_ASK = {
    "day": "Say on which day.",
    "time": "Say at what time.",
    "member": "Say who calls.",
    "promised": "Say how much was promised.",
    "promised_for": "Say for which day.",
}
