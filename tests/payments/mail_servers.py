"""Mail servers that do not take what they are given."""

from smtplib import SMTPRecipientsRefused

from django.core.mail.backends.base import BaseEmailBackend


class Away(BaseEmailBackend):
    """Nobody listens."""

    def send_messages(self, email_messages):
        raise ConnectionRefusedError


class NotNow(BaseEmailBackend):
    """The server asks to try this address again later, as it does with greylisting."""

    def send_messages(self, email_messages):
        raise SMTPRecipientsRefused({email_messages[0].to[0]: (451, b"try again later")})


class NobodyThere(BaseEmailBackend):
    """The address is unknown."""

    def send_messages(self, email_messages):
        raise SMTPRecipientsRefused({email_messages[0].to[0]: (550, b"no such user")})
