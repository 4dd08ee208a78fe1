"""The app that follows debt: it hears when an account's money moves, and says what goes along with its emails."""

from django.apps import AppConfig


class FollowupsConfig(AppConfig):
    """Connects the receivers."""

    name = "followups"

    def ready(self) -> None:
        """Receivers register themselves when they are imported."""
        from followups import receivers  # noqa: F401, PLC0415 - models must be ready first
        from followups.statements import mail  # noqa: F401, PLC0415 - likewise
