"""What the forms of a clinic's people and of its own settings send."""

from typing import Any

from allauth.mfa.models import Authenticator

from clinicpay.staff.models import Practitioner
from tests.worlds import World


def _with_second_step(world: World) -> dict[str, Any]:
    Authenticator.objects.create(user=world.home.bill.user, type="totp", data={"secret": "A" * 32})
    return {}


def _clinic(world: World) -> dict[str, Any]:
    clinic = {"name": "Harbor Clinic", "address": "1 Quay", "phone": "555 0100", "paper": "a4"}
    return clinic | {"timezone": world.home.clinic.timezone, "day_starts_at": "0"}


OF_PEOPLE: dict[str, tuple[str, Any]] = {
    "settings_team": ("olga", lambda _: {"email": "new@example.test", "role": "billing"}),
    "settings_member": ("olga", lambda _: {"role": "reception"}),
    "member_remove": ("olga", lambda _: {}),
    "member_second_step": ("olga", _with_second_step),
    "member_sign_out": ("olga", lambda _: {}),
    "member_practitioner": ("adam", lambda _: {"practitioner": Practitioner.objects.create(name="Dr Sky").pk}),
    "invitation_withdraw": ("olga", lambda _: {}),
    "settings_clinic": ("adam", _clinic),
    "settings_sign_in": ("adam", lambda _: {"two_step": "nobody", "idle_minutes": "20"}),
}
