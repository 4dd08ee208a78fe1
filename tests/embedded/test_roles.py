"""What each database role may do, and may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import errors

from clinicpay.embedded.paths import StartupProblem
from clinicpay.embedded.postgres import SUPERUSER, Cluster
from clinicpay.embedded.roles import APP, BACKUP, LEDGER, OWNER, connect, prepare_database

As = Callable[[str], "psycopg.Connection"]


@pytest.fixture
def sign_in(cluster: Cluster) -> Iterator[As]:
    """Opens connections as any role; each statement stands for itself."""
    opened = []

    def as_role(role: str) -> psycopg.Connection:
        opened.append(psycopg.connect(cluster.url(role), autocommit=True))
        return opened[-1]

    yield as_role
    for connection in opened:
        connection.close()


@contextmanager
def table(cluster: Cluster, name: str) -> Iterator[None]:
    """A table of the owner with one row under a policy that shows it to nobody."""
    with psycopg.connect(cluster.url(OWNER), autocommit=True) as owner:
        owner.execute(f"CREATE TABLE {name} AS SELECT 1 AS amount")
        owner.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        owner.execute(f"CREATE POLICY nobody ON {name} TO {APP} USING (false)")
        owner.execute(f"GRANT SELECT ON {name} TO {APP}")
        yield
        owner.execute(f"DROP TABLE {name}")


def prepare(cluster: Cluster, **changes: str) -> None:
    urls = {
        "superuser_url": cluster.url(SUPERUSER, "postgres"),
        "app_url": cluster.url(APP),
        "owner_url": cluster.url(OWNER),
    }
    prepare_database(**(urls | changes))


def test_no_role_has_more_than_its_attributes(sign_in: As) -> None:
    rows = sign_in(SUPERUSER).execute(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication, rolcanlogin"
        " FROM pg_roles WHERE rolname LIKE 'clinicpay%' ORDER BY 1"
    )

    assert rows.fetchall() == [
        (APP, False, False, False, False, False, True),
        (BACKUP, False, True, False, False, False, True),
        (LEDGER, False, False, False, False, False, False),
        (OWNER, False, False, False, False, False, True),
    ]


def test_memberships_are_two(sign_in: As) -> None:
    rows = sign_in(SUPERUSER).execute(
        "SELECT member::regrole::text, roleid::regrole::text, inherit_option, set_option, admin_option"
        " FROM pg_auth_members WHERE member::regrole::text LIKE 'clinicpay%' ORDER BY 1"
    )

    assert rows.fetchall() == [
        (BACKUP, "pg_read_all_data", True, True, False),
        (OWNER, LEDGER, False, True, False),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        f"SET ROLE {OWNER}",
        f"SET ROLE {LEDGER}",
    ],
)
def test_app_may_not(sign_in: As, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        sign_in(APP).execute(statement)


def test_everybody_else_may_not_even_connect(cluster: Cluster, sign_in: As) -> None:
    rights = sign_in(SUPERUSER).execute(
        "SELECT has_database_privilege('public', 'clinicpay', right_name)"
        " FROM unnest(ARRAY['CONNECT', 'CREATE', 'TEMPORARY']) right_name"
    )

    assert rights.fetchall() == [(False,), (False,), (False,)]


def test_owner_creates_and_steps_into_the_ledger_only_by_asking(sign_in: As) -> None:
    owner = sign_in(OWNER)

    owner.execute(f"SET ROLE {LEDGER}")
    owner.execute("CREATE FUNCTION of_the_ledger() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    owner.execute("RESET ROLE")

    with pytest.raises(errors.InsufficientPrivilege, match="must be owner"):
        owner.execute("ALTER FUNCTION of_the_ledger() STABLE")


def test_backup_reads_past_the_policies_and_writes_nothing(cluster: Cluster, sign_in: As) -> None:
    app, backup = sign_in(APP), sign_in(BACKUP)

    with table(cluster, "fenced"):
        assert app.execute("SELECT * FROM fenced").fetchall() == []
        assert backup.execute("SELECT * FROM fenced").fetchall() == [(1,)]
        with pytest.raises(errors.InsufficientPrivilege):
            backup.execute("DELETE FROM fenced")


def test_prepare_again_keeps_the_data_and_mends_the_rights(cluster: Cluster, sign_in: As) -> None:
    with table(cluster, "kept"):
        with psycopg.connect(cluster.url(SUPERUSER), autocommit=True) as superuser:
            superuser.execute(f"GRANT {OWNER} TO {APP}")
            superuser.execute(f"ALTER ROLE {APP} BYPASSRLS")

        prepare(cluster)

        test_memberships_are_two(sign_in)
        test_no_role_has_more_than_its_attributes(sign_in)
        assert sign_in(BACKUP).execute("SELECT * FROM kept").fetchall() == [(1,)]


def test_prepare_without_a_backup_password_keeps_the_login(cluster: Cluster, sign_in: As) -> None:
    prepare(cluster)

    assert sign_in(BACKUP).execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"app_url": "postgres://admin:x@127.0.0.1/clinicpay"},
            "for the user admin; it must be for clinicpay_app",
        ),
        ({"owner_url": "postgres://clinicpay_app:x@127.0.0.1/clinicpay"}, "it must be for clinicpay_owner"),
        ({"app_url": "postgres://clinicpay_app@127.0.0.1/clinicpay"}, "has no password"),
        ({"app_url": "postgres://clinicpay_app:x@127.0.0.1/other"}, "must name the same database"),
    ],
)
def test_prepare_refuses_urls_that_cannot_be_meant(cluster: Cluster, changes: dict[str, str], words: str) -> None:
    with pytest.raises(StartupProblem, match=words):
        prepare(cluster, **changes)


def test_connect_to_nobody_is_one_line_without_the_password() -> None:
    with pytest.raises(StartupProblem) as problem:
        connect("postgres://clinicpay_app:hunter2@127.0.0.1:1/clinicpay")

    line = str(problem.value)
    assert line.startswith("The database at 127.0.0.1:1 cannot be reached:")
    assert "\n" not in line
    assert "hunter2" not in line
