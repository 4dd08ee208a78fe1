"""The fence holds only for a role that can't climb it: refuse to work as any other."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper

from clinicpay.clinics.db.roles import APP, BACKUP, LEDGER, OWNER
from clinicpay.embedded.paths import StartupProblem

_RIGHTS = """
select r.rolname, r.rolsuper, r.rolbypassrls,
       exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
               where c.relowner = r.oid and c.relkind in ('r', 'p') and n.nspname !~ '^pg_'),
       array(select g.rolname::text from pg_roles g
             where g.rolname = any(%s) and g.oid <> r.oid and pg_has_role(r.oid, g.oid, 'member'))
from pg_roles r where r.rolname in (current_user, session_user)
"""

_found_safe: set[str] = set()


class UnsafeRole(StartupProblem, ImproperlyConfigured):
    """DATABASE_URL names a role that row level security doesn't hold; one line says which and why."""


def refuse_unsafe_role(connection: BaseDatabaseWrapper) -> None:
    """Raise UnsafeRole unless the connected role is subject to the policies and can't lift them."""
    with connection.cursor() as cursor:
        cursor.execute(_RIGHTS, [[OWNER, LEDGER, BACKUP]])
        for role in cursor.fetchall():
            problem = _problem(*role)
            if problem:
                raise UnsafeRole(
                    f"ClinicPay won't start: DATABASE_URL connects as {role[0]}, which {problem}. Use {APP}."
                )


def _problem(_name: str, superuser: bool, bypasses: bool, owns: bool, member_of: list[str]) -> str:
    if superuser:
        return "is a superuser"
    if bypasses:
        return "bypasses row level security"
    if owns:
        return "owns tables"
    return f"is a member of {' and '.join(member_of)}" if member_of else ""


def check_new_connection(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Receiver of `connection_created`: asks once per process and role, before anything else is sent."""
    role = str(connection.settings_dict["USER"])
    if connection.alias != "default" or role in _found_safe:
        return
    try:
        refuse_unsafe_role(connection)
    except BaseException:
        connection.close()  # it is open by now, and must not serve whoever catches this
        raise
    _found_safe.add(role)
