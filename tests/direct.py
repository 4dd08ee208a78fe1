"""Connections past Django: an attacker with the application's password, and the owner who looks on."""

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from django.db import connections


def connect(alias: str = "default", **options: object) -> psycopg.Connection:
    """A plain connection as the role of a Django alias, to the test database."""
    settings = connections.settings[alias]
    return psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
        **options,
    )


def until_settled(patience: float = 120) -> None:
    """Come back when every transaction of the server that is open now has ended: what is committed can be sealed.

    The server's own count, too: an ANALYZE by autovacuum has a number like any other. Call it in no transaction.
    """
    end = time.monotonic() + patience
    with closing(connect(autocommit=True)) as eye:
        (now,) = eye.execute("select pg_current_xact_id()::text::bigint").fetchone()
        oldest = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        while eye.execute(oldest).fetchone()[0] <= now:
            assert time.monotonic() < end, "a transaction of this server does not end"
            time.sleep(0.01)


@contextmanager
def pinned(clinic_id: int, user_id: int | None = None) -> Iterator[psycopg.Connection]:
    """One transaction of the application's role, pinned to a clinic; committed at the end."""
    with closing(connect()) as connection:
        connection.execute("set lock_timeout = '60s'")
        connection.commit()
        connection.execute(
            "select set_config('app.clinic_id', %s, true), set_config('app.user_id', %s, true)",
            [str(clinic_id), str(user_id or "")],
        )
        yield connection
        connection.commit()


@contextmanager
def lying(statement: str) -> Iterator[psycopg.Cursor]:
    """What the superuser sees after a statement that no trigger and no right has stopped; then it never was."""
    name = connections.settings["default"]["NAME"]
    with closing(psycopg.connect(os.environ["DATABASE_SUPERUSER_URL"], dbname=name)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("set local session_replication_role = replica")
            cursor.execute(statement)
            yield cursor
        connection.rollback()


@contextmanager
def scratch(columns: str) -> Iterator[str]:
    """A plain table that the application may do anything to: the place of the broken controls."""
    with connect("owner", autocommit=True) as owner:
        owner.execute("drop table if exists scratch")
        owner.execute(f"create table scratch ({columns})")
        owner.execute("grant all on scratch to clinicpay_app")
        try:
            yield "scratch"
        finally:
            owner.execute("drop table scratch")
