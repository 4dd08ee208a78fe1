"""The second step of signing in: who must have one, that a code counts once, and how its secret is kept (E11)."""

import base64
import hashlib
import hmac
import secrets
from contextlib import suppress
from typing import Any

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.adapter import get_adapter as mfa_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from cryptography.fernet import Fernet, InvalidToken
from django import forms
from django.conf import settings
from django.core.cache import cache
from django.dispatch import receiver
from django.http import HttpRequest

from clinicpay.clinics.models import Clinic
from clinicpay.staff.entrance import Asking
from clinicpay.staff.guesses import counted
from clinicpay.staff.models import User
from clinicpay.staff.queries import memberships_of
from clinicpay.staff.roles import Can, may
from clinicpay.staff.sessions import end_other_sign_ins

TRIES, WINDOW = 5, 300
"""Codes that a person tries in so many seconds."""

SEALED = "sealed:"

AFTER_SECOND_STEP = "after-second-step"
"""Key of a session: the page to which somebody goes on who was sent to set a second step up."""


def asks(clinic: Clinic, role: str) -> bool:
    """Whether a clinic lets this role in with a second step only."""
    managers = clinic.two_step == Clinic.TwoStep.MANAGERS and may(role, Can.MANAGE_SETTINGS)
    return managers or clinic.two_step == Clinic.TwoStep.EVERYBODY


def step_of(secret: str, code: str) -> int | None:
    """The moment (30 s since 1970) that a code belongs to: now, the one before or after; None for no such code."""
    for step in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            return int(step)
    return None


def spend(user: User, step: int) -> bool:
    """Take a code's moment, once: of many tries at the same time the database lets one through."""
    return bool(User.objects.filter(pk=user.pk, totp_step__lt=step).update(totp_step=step))


@receiver(authenticator_added, dispatch_uid="staff.second_step.added")
def others_out(request: HttpRequest, user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    """What was opened by a password alone ends everywhere else."""
    if authenticator.type == Authenticator.Type.TOTP:
        end_other_sign_ins(request, user)


class SecondStepAdapter(DefaultMFAAdapter):
    """Secrets are sealed, the app shows ClinicPay, and who must have a second step can't take it off."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not right, or has been used. Wait for the next one and type that.",
        "too_many_codes": f"Too many wrong codes. Wait {WINDOW // 60} minutes, then try again.",
        "cannot_delete_authenticator": "Your clinic asks for a second step, so it can’t be turned off.",
    }

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """Not while one of the person's clinics asks for it."""
        return not any(asks(one.clinic, one.role) for one in memberships_of(authenticator.user))

    def encrypt(self, text: str) -> str:
        """Who has the database alone, or a backup, can't make codes."""
        return SEALED + _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What was kept before secrets were sealed is read as it is. Another key opens nothing: no code fits."""
        if not encrypted_text.startswith(SEALED):
            return encrypted_text
        with suppress(InvalidToken):
            return _box().decrypt(encrypted_text.removeprefix(SEALED).encode()).decode()
        return base64.b32encode(secrets.token_bytes(40)).decode()  # nobody can guess codes of that


def _box() -> Fernet:
    key = hmac.new(settings.GATEWAY_KEY.encode(), b"second-step-secrets", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))


class _Throttled:
    """Counts each try in one step of the cache's server, before the code is looked at; a right one forgets them."""

    user: User
    cleaned_data: dict[str, Any]
    fields: dict[str, Any]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        typed = {"autocomplete": "one-time-code", "inputmode": "numeric", "class": "form-control mono"}
        self.fields["code"].widget = forms.TextInput(attrs=typed)

    def clean_code(self) -> str:
        """The code, taken. Raises ValidationError for a wrong, used or late one, and for one try too many."""
        key, code = f"second-step:{self.user.pk}", self.cleaned_data["code"]
        if counted(key, WINDOW) > TRIES:
            raise mfa_adapter().validation_error("too_many_codes")
        if not self._takes(code):
            raise mfa_adapter().validation_error("incorrect_code")
        cache.delete(key)
        return str(code)

    def _takes(self, code: str) -> bool:
        """A code of the app, or else one of the recovery codes, which allauth takes under a lock."""
        for one in Authenticator.objects.filter(user=self.user).order_by("-type"):
            is_app = one.type == Authenticator.Type.TOTP
            if self._of_app(decrypt(one.data["secret"]), code) if is_app else one.wrap().validate_code(code):
                one.user, self.authenticator = self.user, one  # what allauth notes as used
                return True
        return False

    def _of_app(self, secret: str, code: str) -> bool:
        step = step_of(secret, code)
        return step is not None and spend(self.user, step)


class CodeForm(Asking, _Throttled, AuthenticateForm):
    """The second step of a sign-in."""


class CodeAgainForm(Asking, _Throttled, ReauthenticateForm):
    """Before something of the sign-in is changed."""


class EnrolForm(Asking, _Throttled, ActivateTOTPForm):
    """The first code of a new authenticator app; the sign-in that follows needs another one."""

    def _takes(self, code: str) -> bool:
        return self._of_app(self.secret, code)
