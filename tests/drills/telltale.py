"""The web as it must not be, for the control of the drill `enumeration`: it takes its time for people it knows."""

from unittest.mock import patch

from clinicpay.wsgi import application as ours


def application(environ, start_response):
    """Sign-in hashes nothing for nobody, and reset answers as soon as it can, with mail for people it knows alone."""
    from allauth.account.auth_backends import AuthenticationBackend

    with (
        patch.object(AuthenticationBackend, "_mitigate_timing_attack", lambda *_: None),
        patch("clinicpay.staff.reset.PACE", 0),
        patch("allauth.account.internal.flows.password_reset.send_unknown_account_mail", lambda *_: None),
    ):
        return ours(environ, start_response)
