"""Names of the database roles, as policies and grants use them. `prepare_database` creates them."""

from clinicpay.embedded.roles import APP, BACKUP, LEDGER, OWNER

__all__ = ["APP", "BACKUP", "LEDGER", "OWNER"]
