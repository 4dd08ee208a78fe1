"""An empty server to restore on: our own for the time of the drill, or one that was given for it."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from django.db import connection
from psycopg import sql

from clinicpay.embedded import roles
from clinicpay.embedded.paths import StartupProblem
from clinicpay.embedded.postgres import SUPERUSER, Cluster
from clinicpay.embedded.servers import Tenancy

DATABASE = "clinicpay_drill"


@dataclass(frozen=True)
class Scratch:
    """The addresses of a prepared database without tables: past every rule, and as the application."""

    superuser: str
    app: str


@contextmanager
def scratch_server(superuser_url: str | None = None) -> Iterator[Scratch]:
    """A database with our roles and nothing in it; nothing of it is left afterwards."""
    with _given(superuser_url) if superuser_url else _embedded() as scratch:
        yield scratch


@contextmanager
def _embedded() -> Iterator[Scratch]:
    data = Path(tempfile.mkdtemp(prefix="clinicpay-drill-"))
    data.chmod(0o711)  # the server's unprivileged user has to get through
    cluster = Cluster(data, durable=False)
    tenancy = Tenancy(cluster)
    try:
        tenancy.enter(in_passing=False)
        yield Scratch(cluster.url(SUPERUSER), cluster.url(roles.APP))
    finally:
        tenancy.leave_and_stop(patience=3)
        shutil.rmtree(cluster.home, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def _given(superuser_url: str) -> Iterator[Scratch]:
    refuse_used_server(superuser_url)
    urls = {role: _url(superuser_url, DATABASE, role, secrets.token_urlsafe(24)) for role in (roles.APP, roles.OWNER)}
    try:
        roles.prepare_database(superuser_url, urls[roles.APP], urls[roles.OWNER])
        yield Scratch(_url(superuser_url, DATABASE), urls[roles.APP])
    finally:
        with roles.connect(superuser_url) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(DATABASE)))
            for role in roles.ATTRIBUTES:
                connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))


def refuse_used_server(superuser_url: str) -> None:
    """A server with our roles may be the one in use: a drill there would change the passwords of its roles."""
    with roles.connect(superuser_url) as connection:
        found = connection.execute(
            "select rolname from pg_roles where rolname = any(%s) union select datname from pg_database "
            "where datname = %s order by 1",
            [list(roles.ATTRIBUTES), DATABASE],
        ).fetchall()
    if found:
        raise StartupProblem(f"This server is in use: it has {found[0][0]} already. Give the drill an empty one.")


def _url(base: str, database: str, user: str = "", password: str = "") -> str:
    """The address of another database or role on the same server."""
    parts = urlsplit(base)
    netloc = parts.netloc if not user else f"{user}:{password}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}", query=urlencode(parse_qsl(parts.query))))


@contextmanager
def application_on(url: str) -> Iterator[None]:
    """Lead the application's own connection to another server for the length of the block."""
    parts, before = urlsplit(url), dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {
        "HOST": parts.hostname,
        "PORT": parts.port or "",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "NAME": parts.path.lstrip("/"),
    }
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= before


def major_version(url: str) -> int:
    """The server's major version."""
    with roles.connect(url) as superuser:
        return superuser.info.server_version // 10000
