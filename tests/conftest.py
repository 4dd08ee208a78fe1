"""Tests run on a real PostgreSQL as the application's own role, which owns nothing.

The database is made and migrated by the owner. Tests that commit are never flushed (the ledger
refuses it): each makes its own clinic.
"""

import os
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import TransactionTestCase
from django.test.utils import override_settings
from psycopg import sql

from clinicpay.clinics.scope import clinic_scope
from clinicpay.embedded.roles import prepare_database
from tests.factories import Clinicful, make_clinic
from tests.ui.browser import FLAGS
from tests.worlds import superuser, worlds

__all__ = ["superuser", "worlds"]  # fixtures for every folder

DATABASE = os.environ.get("CLINICPAY_TEST_DATABASE", "clinicpay_test")

# The browser's driver keeps an event loop in this thread, and the ORM would refuse to work beside it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# Committed rows stay: the ledger can't be truncated, and each such test has a clinic of its own.
TransactionTestCase._fixture_teardown = lambda self: None  # type: ignore[method-assign]


def _named(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@pytest.fixture(scope="session", autouse=True)
def static_files_where_they_are() -> Iterator[None]:
    """Pages link to static files by their plain names: nothing has to be collected for a test."""
    plain = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with override_settings(STORAGES=plain, WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker) -> Iterator[None]:
    """A database made from nothing, migrated by the owner, used by the application's role."""
    superuser = os.environ["DATABASE_SUPERUSER_URL"]
    urls = [_named(os.environ[name], DATABASE) for name in ("DATABASE_URL", "DATABASE_OWNER_URL")]
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(DATABASE)))
    prepare_database(superuser, *urls)
    with django_db_blocker.unblock():
        for alias in ("default", "owner"):
            connections[alias].close()
            connections[alias].settings_dict["NAME"] = DATABASE
        call_command("migrate", verbosity=0)
        connections["owner"].close()
        yield
        for connection in connections.all():
            connection.close()


@pytest.fixture
def harbor(db) -> Iterator[Clinicful]:
    """Harbor Clinic with its five people, in scope: its rows can be used at once."""
    clinic = make_clinic("harbor", "Harbor Clinic")
    with clinic_scope(clinic.clinic, clinic.rita.user):
        yield clinic


@pytest.fixture
def lakeside(db) -> Clinicful:
    """Another clinic, in whose scope nobody is."""
    return make_clinic("lakeside", "Lakeside Dental", timezone="Pacific/Auckland", currency="NZD")


@pytest.fixture(scope="session")
def chromium():
    """One browser for the whole run: its driver can be started only once a thread."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = os.environ.get("CHROMIUM", shutil.which("chromium") or "")  # `make test` says where it is, or that it is not
    if not path:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
