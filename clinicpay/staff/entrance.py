"""The form of the sign-in page."""

from typing import Any

from allauth.account.forms import LoginForm

from clinicpay.ui.forms import dress


class FocusedLogin(LoginForm):
    """Asks for the address first, so that a day begins without the mouse; what is empty is asked for in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)
        if not self.is_bound:
            self.fields["login"].widget.attrs["autofocus"] = True
