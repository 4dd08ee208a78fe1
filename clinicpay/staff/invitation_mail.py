"""The email that carries an invitation. It leaves once the invitation stands; who invited has the link as well."""

from contextlib import suppress
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from clinicpay.clinics.clock import zone
from clinicpay.staff.models import Membership
from clinicpay.staff.services import Invited
from clinicpay.ui.words import day_words

TEXT = """{who} invites you to {clinic} on ClinicPay, as {role}.

Open this link, choose a password, and sign in:
{link}

It is yours alone and works once, until {until}. If you did not expect it, do nothing.
"""


def send_invitation(invited: Invited, link: str, *, by: Membership) -> None:
    """Send the link to the address that it is for, once the act is kept; a mail server that is away loses the mail."""
    invitation = invited.invitation
    until = day_words(invitation.expires_at.astimezone(zone(by.clinic)).date())
    said = {"who": by.user, "clinic": by.clinic.name, "role": invitation.get_role_display(), "link": link}
    mail = EmailMessage(
        f"Your invitation to {by.clinic.name}",
        TEXT.format(**said, until=until),
        formataddr((by.clinic.name, parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
        [invitation.email],
    )
    transaction.on_commit(lambda: _send(mail))


def _send(mail: EmailMessage) -> None:
    with suppress(OSError):  # of SMTP, too
        mail.send()
