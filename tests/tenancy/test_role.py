"""The role as which the application, and with it every test, speaks to the database (A1)."""

import pytest
from django.db import connection

from clinicpay.clinics.db.roles import APP

pytestmark = pytest.mark.django_db

POWERS = ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication", "rolinherit")


def _column(query: str) -> list:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]


def test_connection_is_the_applications_role():
    assert _column("select current_user") == _column("select session_user") == [APP]


@pytest.mark.parametrize("power", POWERS)
def test_role_has_no_power(power):
    assert _column(f"select {power} from pg_roles where rolname = current_user") == [False]


def test_role_is_member_of_nothing():
    assert _column("select roleid::regrole::text from pg_auth_members where member = current_user::regrole") == []


@pytest.mark.parametrize(
    ("catalogue", "owner"),
    [
        ("pg_class", "relowner"),
        ("pg_proc", "proowner"),
        ("pg_type", "typowner"),
        ("pg_namespace", "nspowner"),
        ("pg_database", "datdba"),
    ],
)
def test_role_owns_nothing(catalogue, owner):
    assert _column(f"select oid from {catalogue} where {owner} = current_user::regrole") == []


def test_role_can_create_nothing():
    assert _column("select nspname from pg_namespace where has_schema_privilege(oid, 'create')") == []
    assert _column("select 1 where has_database_privilege(current_database(), 'create, temporary')") == []


def test_role_can_truncate_nothing():
    assert (
        _column(
            "select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace "
            "and has_table_privilege(oid, 'truncate, references, trigger, maintain')"
        )
        == []
    )


def test_role_cannot_become_another():
    assert _column("select rolname from pg_roles where pg_has_role(oid, 'set') and rolname <> current_user") == []
