"""The forms of signing in and of passwords: what is left empty is asked for in our words."""

from typing import TYPE_CHECKING, Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
)
from django import forms

from clinicpay.ui.forms import dress

ASKED = {
    "login": "Enter your email address.",
    "email": "Enter your email address.",
    "password": "Type your password.",
    "oldpassword": "Type the password that you have now.",
    "password1": "Think of a new password.",
    "password2": "Type the new password once more.",
    "code": "Type the code.",
}
"""What is said under an empty field, by its name in the forms of allauth."""

if TYPE_CHECKING:
    _Form = forms.Form
else:
    _Form = object


class Asking(_Form):
    """Put before a form of allauth: our look, and words for what is left empty."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)
        for name, field in self.fields.items():
            if name in ASKED:
                field.error_messages["required"] = ASKED[name]


class FocusedLogin(Asking, LoginForm):
    """Asks for the address first, so that a day begins without the mouse."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.fields["login"].widget.attrs["autofocus"] = True


class PasswordChange(Asking, ChangePasswordForm):
    """Another password by who knows the one they have."""


class FirstPassword(Asking, SetPasswordForm):
    """A password for who has none."""


class NewPassword(Asking, ResetPasswordKeyForm):
    """A password by the link of an email."""


class PasswordAgain(Asking, ReauthenticateForm):
    """Before something of the sign-in is changed."""
