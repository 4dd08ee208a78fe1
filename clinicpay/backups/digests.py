"""What the tables of a database hold, so that two databases can be compared table by table."""

import hashlib

import psycopg
from psycopg import sql

from clinicpay.backups.manifest import Table

_PRINTED_ALIKE = """
set local timezone = 'UTC'; set local datestyle = 'ISO, MDY'; set local intervalstyle = 'postgres';
set local bytea_output = 'hex'; set local extra_float_digits = 1; set local statement_timeout = 0"""

_TABLES = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname"""

# Hashed in 256 heaps, so that no text becomes longer than the server can hold, whatever the number of rows.
_HEAPS = sql.SQL("""
select count(*), encode(sha256(convert_to(string_agg(hash, '' order by hash), 'UTF8')), 'hex')
from (select md5(t::text) as hash from {} t) as rows
group by left(hash, 2) order by left(hash, 2)""")


def tables_of(connection: psycopg.Connection) -> dict[str, Table]:
    """Every table, in the transaction that is open: all of them at the same moment if it holds a snapshot."""
    connection.execute(_PRINTED_ALIKE)
    names = [name for (name,) in connection.execute(_TABLES)]
    return {name: _table(connection, name) for name in names}


def _table(connection: psycopg.Connection, name: str) -> Table:
    heaps = connection.execute(_HEAPS.format(sql.Identifier(name))).fetchall()
    digest = hashlib.sha256("".join(heap for _, heap in heaps).encode()).hexdigest()
    return Table(sum(rows for rows, _ in heaps), digest)
