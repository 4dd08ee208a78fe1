"""A short list of what the restored database must refuse to the application. The whole one is in the tests."""

from collections.abc import Iterator

from django.db import DatabaseError, connection, transaction

from clinicpay.clinics.queries import all_clinics
from clinicpay.clinics.scope import clinic_scope

DENIED, BROKEN = "42501", "23514"
"""No right to do it; a rule of the database that it breaks."""

ATTACKS = {
    "rewrite history": "update balances_entry set credit_delta = 0",
    "delete history": "delete from balances_posting",
    "empty the trail": "truncate audit_auditevent cascade",
    "forgive a charge": "update balances_charge set outstanding = 0",
    "forgive an account": "update patients_account set owes = 0",
    "raise a credit": "update balances_credit set available = amount",
    "raise a payment": "update payments_payment set amount = amount + 1 where status = 'paid'",
    "switch triggers off": "alter table balances_entry disable trigger all",
    "replay without triggers": "set local session_replication_role = replica",
    "become the owner": "set local role clinicpay_owner",
    "become the ledger": "set local role clinicpay_ledger",
    "lower the fence": "alter table patients_patient disable row level security",
    "read around the fence": "set local row_security = off; select count(*) from patients_patient",
    "make a table": "create table mine (id int)",
    "reopen a day": "delete from balances_closedday",
}
"""Each must be refused, whichever clinic it is tried in: for want of rights, except for those of `BY_ROW`."""

BY_ROW = {"raise a payment"}
"""Refused by a rule for each row: a clinic that has come to nothing yet has none, and then nothing was changed."""

READ = {
    "patients": "select count(*) from patients_patient",
    "payments": "select count(*) from payments_payment",
    "entries": "select count(*) from balances_entry",
    "trail": "select count(*) from audit_auditevent",
}
"""Without a clinic each must be refused; with one none may show another's rows."""

_FOREIGN = "select count(*) from patients_patient where clinic_id <> %s"


def successes() -> Iterator[str]:
    """Attacks that were not refused, on the server that the application's connection leads to."""
    for name, statement in READ.items():
        if not _is_refused(statement):
            yield f"without a clinic: read {name}"
    for slug, clinic in all_clinics().items():
        with clinic_scope(clinic):
            for name, statement in ATTACKS.items():
                if not _is_refused(statement, by_row=name in BY_ROW):
                    yield f"{slug}: {name}"
            with connection.cursor() as cursor:
                cursor.execute(_FOREIGN, [clinic])
                if cursor.fetchone() != (0,):
                    yield f"{slug}: read another clinic"


def attempts() -> int:
    """How many attacks `successes` tries."""
    return len(READ) + len(all_clinics()) * (len(ATTACKS) + 1)


def _is_refused(statement: str, *, by_row: bool = False) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            touched = cursor.rowcount
            transaction.set_rollback(True)
    except DatabaseError as error:
        return getattr(error.__cause__, "sqlstate", "") in {DENIED, BROKEN}
    return by_row and not touched
