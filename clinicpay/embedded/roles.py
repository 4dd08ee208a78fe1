"""The four database roles and what each may do; see docs on tenancy for why the application owns nothing.

owner   runs migrations and owns the tables
ledger  cannot log in; owns the trigger functions that move totals
app     web, worker, beat and tests: member of nothing, owner of nothing
backup  reads everything past the row policies, writes nothing
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import psycopg
from psycopg import sql
from psycopg.errors import UndefinedFunction, UndefinedTable

from .paths import StartupProblem

OWNER, LEDGER, APP, BACKUP = "clinicpay_owner", "clinicpay_ledger", "clinicpay_app", "clinicpay_backup"
ORDINARY = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT"
ATTRIBUTES = {
    OWNER: f"{ORDINARY} NOBYPASSRLS",
    LEDGER: f"{ORDINARY} NOBYPASSRLS NOLOGIN",
    APP: f"{ORDINARY} NOBYPASSRLS",
    BACKUP: f"{ORDINARY} BYPASSRLS",
}
MEMBERSHIPS = (
    f"GRANT {LEDGER} TO {OWNER} WITH INHERIT FALSE, SET TRUE",
    f"GRANT pg_read_all_data TO {BACKUP} WITH INHERIT TRUE",
)
# What every command asks for first, and what no database lacks that was migrated.
FIRST = ("all_clinics", "django_migrations", "clinics_clinic", "staff_user")
# Any number will do: it only has to be the same in every process that prepares a database.
PREPARATION_LOCK = 7_206_501


@dataclass(frozen=True)
class Login:
    """The parts of a database URL that make a role: whose it is, its password, and for which database."""

    user: str
    password: str
    database: str

    @classmethod
    def from_url(cls, url: str, *, role: str) -> Login:
        """The parts, if the URL is that of the given role."""
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if user != role:
            raise StartupProblem(f"The database URL is for the user {user or '(none)'}; it must be for {role}.")
        if not password:
            raise StartupProblem(f"The database URL of {role} has no password.")
        return cls(user, password, unquote(parts.path.lstrip("/")))


def prepare_database(superuser_url: str, app_url: str, owner_url: str, backup_password: str | None = None) -> None:
    """Create or mend the roles, the database and the rights on it. Run it again at any time; data stay.

    Without `backup_password` the backup role is made but cannot log in; a login it already has is kept.
    """
    app, owner = Login.from_url(app_url, role=APP), Login.from_url(owner_url, role=OWNER)
    if app.database != owner.database or not app.database:
        raise StartupProblem("DATABASE_URL and DATABASE_OWNER_URL must name the same database.")
    with connect(superuser_url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [PREPARATION_LOCK])
        _prepare_roles(connection, app.password, owner.password, backup_password)
        _prepare_memberships(connection)
        _prepare_database_itself(connection, app.database)
    with connect(superuser_url, database=app.database) as connection:
        _prepare_schema(connection)


def roles_script() -> str:
    """The roles as SQL without passwords, for a server on which `prepare_database` can't run: none is in a dump."""
    create = "do $$ begin create role {} nologin; exception when duplicate_object then null; end $$;"
    statements = [
        *(create.format(name) for name in ATTRIBUTES),
        *(f"alter role {name} with {attributes};" for name, attributes in ATTRIBUTES.items()),
        *(f"{membership};" for membership in MEMBERSHIPS),
    ]
    return "\n".join(["-- Run as a superuser, then give each role that signs in a password.", *statements, ""])


def connect(url: str, database: str | None = None) -> psycopg.Connection:
    """A connection to the database of a URL as Django reads it, or to another one on the same server."""
    parts = urlsplit(url)
    options: dict[str, Any] = {name: value for name, value in parse_qsl(parts.query) if name.startswith("ssl")}
    try:
        return psycopg.connect(
            host=parts.hostname,
            port=parts.port,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            dbname=database or unquote(parts.path.lstrip("/")) or "postgres",
            autocommit=True,  # CREATE DATABASE refuses to run inside a transaction
            connect_timeout=10,
            **options,
        )
    except psycopg.OperationalError as error:
        raise StartupProblem(_unreachable(parts, error)) from error


def connection_problem(error: BaseException) -> StartupProblem | None:
    """What to tell the reader if an error was, at its root, a database that cannot be reached or was never migrated."""
    cause: BaseException | None = error
    while cause is not None:
        # A server that answers gives each refusal a code; without one there was no answer.
        if isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None:
            return StartupProblem(f"The database cannot be reached: {_last_line(cause)}")
        if isinstance(cause, (UndefinedTable, UndefinedFunction)) and any(name in str(cause) for name in FIRST):
            return StartupProblem(
                "This database has no ClinicPay in it yet: run migrate, or make run, which does. "
                "Perhaps DATABASE_URL or CLINICPAY_DATA is another one than you meant."
            )
        cause = cause.__cause__
    return None


def _unreachable(parts: SplitResult, error: Exception) -> str:
    """One line about a database that does not answer, without its password."""
    place = f"{parts.hostname or 'localhost'}:{parts.port or 5432}"
    return f"The database at {place} cannot be reached: {_last_line(error)}"


def refuse_malformed(databases: Sequence[str], brokers: Sequence[str]) -> None:
    """Say which variable of the environment isn't the address of such a server, without its text."""
    for name in databases:
        parts = _parts(name)
        if parts and not (parts.scheme in {"postgres", "postgresql"} and parts.username and parts.path.strip("/")):
            raise StartupProblem(f"{name} must look like postgres://user:password@host:5432/database.")
    for name in brokers:
        parts = _parts(name)
        if parts and parts.scheme not in {"redis", "rediss"}:
            raise StartupProblem(f"{name} must look like redis://host:6379/0.")


def _parts(name: str) -> SplitResult | None:
    """The address in a variable, an empty one if it leads nowhere; None for a variable that isn't set."""
    url = os.environ.get(name)
    if not url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # read, because only then it is looked at
    except ValueError:
        return urlsplit("")
    return parts if parts.hostname else urlsplit("")


def _last_line(error: Exception) -> str:
    """What says most: why the connection failed, without libpq's questions about it."""
    lines = [line.strip() for line in str(error).strip().splitlines()] or ["no answer"]
    return next((line for line in lines if "failed:" in line), lines[-1])


def _prepare_roles(
    connection: psycopg.Connection, app_password: str, owner_password: str, backup_password: str | None
) -> None:
    for name in (OWNER, LEDGER, APP, BACKUP):
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
    passwords = {OWNER: owner_password, APP: app_password, BACKUP: backup_password}
    for name, attributes in ATTRIBUTES.items():
        _alter(connection, name, attributes, password=passwords.get(name))


def _alter(connection: psycopg.Connection, role: str, attributes: str, password: str | None = None) -> None:
    statement = sql.SQL("ALTER ROLE {} WITH {}").format(sql.Identifier(role), sql.SQL(attributes))
    if password is not None:
        statement += sql.SQL(" LOGIN PASSWORD {}").format(sql.Literal(password))
    connection.execute(statement)


def _prepare_memberships(connection: psycopg.Connection) -> None:
    """The application belongs to nobody; the owner may step into the ledger's shoes, the backup may read."""
    unwanted = connection.execute(
        "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = %s::regrole", [APP]
    ).fetchall()
    for (granted,) in unwanted:
        connection.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(granted), sql.Identifier(APP)))
    for membership in MEMBERSHIPS:
        connection.execute(membership)


def _prepare_database_itself(connection: psycopg.Connection, database: str) -> None:
    name, owner = sql.Identifier(database), sql.Identifier(OWNER)
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, owner))
    else:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(name, owner))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    for role in (APP, OWNER, BACKUP):
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(role)))


def _prepare_schema(connection: psycopg.Connection) -> None:
    connection.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")
    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    connection.execute(f"GRANT USAGE ON SCHEMA public TO {APP}, {LEDGER}, {BACKUP}")
    connection.execute(f"GRANT CREATE ON SCHEMA public TO {LEDGER}")
