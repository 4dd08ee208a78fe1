"""The app that knows people: its system check watches every address for a permission mark."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """Registers the check of the permission marks, and what a sign-in starts."""

    name = "clinicpay.staff"

    def ready(self) -> None:
        """Checks and receivers register themselves when they are imported."""
        from clinicpay.staff import checks, second_step, sessions  # noqa: F401, PLC0415 - models must be ready first
