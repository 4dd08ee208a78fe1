"""Django's PostgreSQL backend, except that every transaction starts with an explicit clinic.

The value is transaction-local: it can't leak through a persistent connection, a pool or PgBouncer,
and a query outside any transaction sees no clinic and is refused by the policies.
"""

from django.db.backends.postgresql import base

from clinicpay.clinics.scope import pinned_settings


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL connection that pins the clinic and the user at BEGIN."""

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if not autocommit:
            self.pin_clinic()

    def pin_clinic(self) -> None:
        """Write the current scope's clinic and user into the open transaction."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "select set_config('app.clinic_id', %s, true), set_config('app.user_id', %s, true)",
                pinned_settings(),
            )
