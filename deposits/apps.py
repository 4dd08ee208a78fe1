"""The app of money that was taken in advance, and of money that goes to the bank."""

from django.apps import AppConfig


class DepositsConfig(AppConfig):
    """Connects the receivers."""

    name = "deposits"

    def ready(self) -> None:
        """Receivers register themselves when they are imported."""
        from deposits import receivers  # noqa: F401, PLC0415 - models must be ready first
