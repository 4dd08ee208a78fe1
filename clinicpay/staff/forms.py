"""Forms of people."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from clinicpay.clinics.models import Location
from clinicpay.staff.delegations import delegable
from clinicpay.staff.models import Membership, Practitioner
from clinicpay.staff.roles import Can, Role
from clinicpay.staff.saved_views import LISTS
from clinicpay.ui.days import DayField
from clinicpay.ui.forms import ClinicForm, ClinicModelForm, MoneyField


class InvitationForm(ClinicForm):
    """How an invited person wants to be called, and their password."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="Password",
        strip=False,
        validators=[validate_password],
        help_text="At least 12 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class JoinForm(ClinicForm):
    """Nothing to fill in: the person has signed in already."""


class RoleForm(ClinicForm):
    """What a member does in the clinic.

    "Owner" is offered to those alone who may make owners; sent all the same, the act refuses it and says who may.
    """

    role = forms.TypedChoiceField(choices=Role.choices, coerce=Role)

    def __init__(self, *args: Any, by: Membership, **options: Any) -> None:
        super().__init__(*args, **options)
        if not by.can(Can.MAKE_OWNERS):
            fields: dict[str, Any] = self.fields
            fields["role"].widget.choices = [choice for choice in Role.choices if choice[0] != Role.OWNER]


class InviteForm(RoleForm):
    """Whom to invite, and as what."""

    email = forms.EmailField(label="Email")
    field_order = ("email", "role")


class TreatsAsForm(ClinicForm):
    """The name of the roster under which a member treats."""

    practitioner = forms.ModelChoiceField(
        Practitioner.objects.none(), required=False, empty_label="Nobody on the roster", label="Treats as"
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["practitioner"].queryset = Practitioner.objects.filter(active=True)


class PractitionerForm(ClinicModelForm):
    """Somebody who treats patients."""

    class Meta:
        model = Practitioner
        fields = ("name", "discipline")


class LocationForm(ClinicModelForm):
    """A site of the clinic."""

    class Meta:
        model = Location
        fields = ("name", "address")


class ViewNameForm(ClinicForm):
    """What a member calls a view of a list."""

    name = forms.CharField(
        label="Name of the view", max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class SaveViewForm(ViewNameForm):
    """The filters and the order of a list, to be kept."""

    page = forms.ChoiceField(label="List")
    query = forms.CharField(widget=forms.HiddenInput, required=False, max_length=1000)

    def __init__(self, *args: Any, member: Membership, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["page"].choices = [(name, name.capitalize()) for name, can in LISTS.items() if member.can(can)]

    def clean_query(self) -> str:
        """Something must be set, or the view would be the list itself."""
        query: str = self.cleaned_data["query"]
        if not query:
            raise forms.ValidationError("Set a filter or an order first, then save the view.")
        return query


class DelegateForm(ClinicForm):
    """Whom an owner lets approve write-offs, up to how much each, and until when."""

    member = forms.ChoiceField(label="Who")
    limit = MoneyField(label="Up to, each", help_text="The most that one write-off may be.")
    last_day = DayField(
        label="Last day", widget=forms.DateInput, help_text="To the end of that day on the clinic’s clock."
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.members = {str(one.pk): one for one in delegable()}
        fields: dict[str, Any] = self.fields
        choices = [(key, f"{one.user} ({one.role_label})") for key, one in self.members.items()]
        fields["member"].choices = [("", "Choose…"), *choices]

    def who(self) -> Membership:
        """The chosen member."""
        return self.members[self.cleaned_data["member"]]
