"""What a clinic that has no patients yet does first."""

from typing import NamedTuple

from django.db.models import Exists

from clinicpay.clinics.models import Clinic, Location
from clinicpay.staff.models import Invitation, Membership, Practitioner
from treatments.models import PriceItem


class Step(NamedTuple):
    """Something to set up: why, where, and whether it is there already."""

    title: str
    why: str
    view: str
    done: bool
    icon: str


_STEPS = (
    ("Check your locations", "Treatments, payments and the daily close belong to a location.", "settings_locations"),
    ("Add practitioners", "They are chosen when a treatment is planned.", "settings_practitioners"),
    ("Fill the price list", "Fees come from it. Practitioners don’t see it.", "settings_prices"),
    ("Invite your team", "Everybody sees what their job needs, and nothing else.", "settings_team"),
)
_LAST = (
    ("Bring in what you have", "Patients, balances and payments, from files of your old system.", "settings_import"),
    ("Or add your first patient", "Then plan a treatment and take its payment.", "patient_new"),
)
_ICONS = ("map-pin", "stethoscope", "tag", "user-plus", "database-import", "users")


def first_steps(member: Membership) -> list[Step]:
    """The steps, those that are done as well. One question."""
    rows = [model.objects.filter(active=True) for model in (Location, Practitioner, PriceItem)]
    others = Membership.objects.exclude(pk=member.pk)
    asked = [*map(Exists, rows), Exists(others), Exists(Invitation.objects.filter(accepted_at=None))]
    *there, colleagues, invited = Clinic.objects.values_list(*asked).get(pk=member.clinic.pk)
    done = [*there, colleagues or invited, False, False]
    return [Step(*words, is_done, icon) for words, is_done, icon in zip((*_STEPS, *_LAST), done, _ICONS, strict=True)]
