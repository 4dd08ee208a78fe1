"""What is said about an account's debt, from a page to clean values."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from balances.requests import Once
from clinicpay.clinics import clock
from clinicpay.clinics.models import Clinic
from clinicpay.staff.models import Membership
from clinicpay.ui.days import DayField
from clinicpay.ui.forms import ClinicForm, MoneyField, RequestKeyField
from clinicpay.ui.words import clock_words, day_words
from followups.models import Callback
from followups.queries import followers
from followups.services import Said
from followups.services.grace import LONGEST
from followups.states import AttemptOutcome, Channel, PromiseStatus
from payments.forms import TakePaymentForm


class Seeing:
    """A form with a field `seen`: what was shown when it was filled in, so that nobody acts on what is other by now."""

    data: Any

    def see(self, now: str) -> None:
        """Shown again after a refusal it carries what is now, so that sending it once more is meant."""
        self.data = self.data.copy()
        self.data["seen"] = now


class AttemptForm(ClinicForm):
    """ "+ Log attempt": channel, outcome, notes; a promise has an amount and a day (S2.25–S2.32, F4)."""

    channel = forms.ChoiceField(label="Channel", choices=Channel, initial=Channel.PHONE)
    outcome = forms.ChoiceField(
        label="Outcome",
        choices=AttemptOutcome,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what came of it."},
    )
    promised = MoneyField(label="Promised amount", required=False, help_text="Only for a promised payment.")
    promised_for = DayField(label="Promised for", required=False, widget=forms.DateInput)
    notes = forms.CharField(label="Notes", max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    is_callback = forms.BooleanField(required=False)
    request_key = RequestKeyField()

    def __init__(self, *args: Any, callback: Callback | None = None, **options: Any) -> None:
        """A callback whose time is still to come is asked about: was this it?"""
        super().__init__(*args, **options)
        if callback is None or callback.due_at <= timezone.now():
            del self.fields["is_callback"]
            return
        due_at, today = timezone.localtime(callback.due_at), timezone.localdate()
        self.fields["is_callback"].label = f"This was the callback of {day_words(due_at.date())}, {clock_words(due_at)}"
        self.fields["is_callback"].initial = due_at.date() == today

    def clean(self) -> dict[str, Any]:
        """A promise is whole, and stands only with the outcome that says so."""
        cleaned = super().clean() or self.cleaned_data
        said = [name for name in ("promised", "promised_for") if cleaned.get(name)]
        if cleaned.get("outcome") == AttemptOutcome.PROMISED:
            for name in {"promised", "promised_for"} - set(said) - set(self.errors):
                self.add_error(name, "Say how much was promised." if name == "promised" else "Say for which day.")
        elif cleaned.get("outcome") and said:
            self.add_error("outcome", "An amount or day was entered: choose Promised payment, or clear them.")
        return cleaned

    def said(self) -> Said:
        """What was typed, as the act takes it."""
        given = self.cleaned_data
        return Said(
            given["channel"],
            given["outcome"],
            given["notes"],
            given.get("promised") or 0,
            given.get("promised_for"),
            ends_callback=given.get("is_callback", False),
        )

    def once(self, account_id: int) -> Once:
        """The form's one-time key with everything that it asks for."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "request_key"}
        return Once.of(self.cleaned_data["request_key"], act="attempt", account=account_id, **given)


class CallbackForm(Seeing, ClinicForm):
    """ "Schedule callback": day and time on the clinic's clock, who calls, and what about (S2.33)."""

    day = DayField(label="Day", widget=forms.DateInput)
    time = forms.TimeField(label="Time", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    member = forms.ChoiceField(label="Who calls")
    note = forms.CharField(label="Note", max_length=500, required=False)
    seen = forms.CharField(required=False, max_length=19, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, clinic: Clinic, member: Membership, planned: Callback | None = None, **options: Any
    ) -> None:
        """`planned` is the callback whose place this one takes."""
        self.clinic, self.followers = clinic, {str(one.pk): one for one in followers()}
        self.planned, now = planned, str(planned.pk) if planned else ""
        super().__init__(*args, initial={"member": str(member.pk), "time": time(9), "seen": now}, **options)
        fields: dict[str, Any] = self.fields
        fields["member"].choices = [(key, str(one.user)) for key, one in self.followers.items()]

    def clean(self) -> dict[str, Any]:
        """The moment is one that the clinic's clock shows, and still to come."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("day") and cleaned.get("time"):
            moment = datetime.combine(cleaned["day"], cleaned["time"], clock.zone(self.clinic))
            if _is_skipped(moment):
                self.add_error("time", "The clocks go forward that night: there is no such time on that day.")
            elif moment <= timezone.now():
                self.add_error("day", "A callback is for a later moment.")
            cleaned["due_at"] = moment
        return cleaned

    def who(self) -> Membership:
        """The member who calls."""
        return self.followers[self.cleaned_data["member"]]

    @property
    def seen_then(self) -> str | None:
        """The callback that the page showed, by id; None when the form does not say."""
        return self.cleaned_data["seen"] if "seen" in self.data else None

    def show_as(self, planned: Callback | None) -> None:
        """Shown again after a refusal it carries what is planned now."""
        self.planned = planned
        self.see(str(planned.pk) if planned else "")


def _is_skipped(moment: datetime) -> bool:
    """Whether the clock jumps over a wall time: there and back again it is another."""
    there = moment.astimezone(UTC)
    return there.astimezone(moment.tzinfo).replace(tzinfo=None) != moment.replace(tzinfo=None)


class WorkerForm(ClinicForm):
    """Who is on an account's debt; nobody, when left empty."""

    member = forms.ChoiceField(label="Who is on it", required=False)
    seen = forms.CharField(required=False, max_length=19, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        self.followers = {str(one.pk): one for one in followers()}
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["member"].choices = [("", "Nobody"), *((key, str(one.user)) for key, one in self.followers.items())]

    def who(self) -> Membership | None:
        """The chosen member, if any."""
        return self.followers.get(self.cleaned_data["member"])


class PromisePaymentForm(Seeing, TakePaymentForm):
    """The desk's form for money that was promised; it carries the status of the promise as it was shown."""

    seen = forms.ChoiceField(choices=PromiseStatus, widget=forms.HiddenInput)


class TakenBackForm(Seeing, ClinicForm):
    """Why a promise or a follow-up is taken back; it carries the state that was shown."""

    reason = forms.CharField(label="Reason", max_length=500)
    seen = forms.CharField(required=False, max_length=19, widget=forms.HiddenInput)


class GraceForm(ClinicForm):
    """Days of grace of a promise."""

    days = forms.IntegerField(label="Days of grace", min_value=0, max_value=LONGEST)
