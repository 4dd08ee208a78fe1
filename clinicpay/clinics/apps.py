"""The app that keeps clinics apart: it watches as whom the process connects."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from clinicpay.clinics.db.boot import check_new_connection


class ClinicsConfig(AppConfig):
    """Makes web, worker, commands and tests refuse a role that row level security doesn't hold."""

    name = "clinicpay.clinics"

    def ready(self) -> None:
        """From the first connection on."""
        connection_created.connect(check_new_connection, dispatch_uid="clinicpay.unsafe_role")
