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
from django.core.cache import cache
from django.core.management import call_command
from django.db import connections
from django.test import TransactionTestCase
from django.test.utils import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as examples
from psycopg import sql
from xdist.remote import Producer

from clinicpay import away
from clinicpay.clinics.scope import clinic_scope
from clinicpay.embedded.roles import prepare_database
from clinicpay.staff import sessions
from tests.factories import Clinicful, make_clinic
from tests.midnight import until_there_is_enough_left
from tests.ui.browser import FLAGS
from tests.workers import ByFile, database_server, longest_first, take_own_cache
from tests.worlds import superuser, worlds

__all__ = ["superuser", "worlds"]  # fixtures for every folder

DATABASE = os.environ.get("CLINICPAY_TEST_DATABASE", "clinicpay_test")

# The browser's driver keeps an event loop in this thread, and the ORM would refuse to work beside it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

take_own_cache()

# A busy machine is no fault of an example: how long one takes is measured elsewhere, never in a test.
# The examples are the same in each run, or a change would be blamed for what chance has found; a drill takes new ones.
examples.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("suite")

LIMITS = settings.DATABASES["default"]["OPTIONS"]["options"]
PATIENCE = "-c statement_timeout=60000 -c lock_timeout=60000"
"""What is under test is the outcome: on a busy machine, a statement and who waits for a lock have all the time."""

# Committed rows stay: the ledger can't be truncated, and each such test has a clinic of its own.
TransactionTestCase._fixture_teardown = lambda self: None  # type: ignore[method-assign]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """How `-n 2` shares the tests out."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers begin with what takes long; without workers the order stays."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: longest_first(item.nodeid))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Before anything of a test is made: no midnight falls between what it makes and what it asks."""
    until_there_is_enough_left()


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
    with database_server(), django_db_blocker.unblock():
        _make_anew(DATABASE)
        for alias in ("default", "owner"):
            connections[alias].close()
            connections[alias].settings_dict["NAME"] = DATABASE
        served = connections["default"].settings_dict
        served["OPTIONS"] = served["OPTIONS"] | {"options": PATIENCE, "connect_timeout": 60}
        call_command("migrate", verbosity=0)
        connections["owner"].close()
        yield
        for connection in connections.all():
            connection.close()


def _make_anew(database: str) -> None:
    superuser = os.environ["DATABASE_SUPERUSER_URL"]
    urls = [_named(os.environ[name], database) for name in ("DATABASE_URL", "DATABASE_OWNER_URL")]
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))
    prepare_database(superuser, *urls)


@pytest.fixture
def limits_of_a_page() -> Iterator[None]:
    """How long a statement may take where ClinicPay is served: for tests of just that."""
    used = connections["default"].settings_dict["OPTIONS"]
    connections["default"].close()
    connections["default"].settings_dict["OPTIONS"] = used | {"options": LIMITS}
    yield
    connections["default"].close()
    connections["default"].settings_dict["OPTIONS"] = used


@pytest.fixture(autouse=True)
def nothing_is_left_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process keeps for a minute or two: sign-ins by address, and that a server was away."""
    cache.clear()
    monkeypatch.setattr(away, "_failed_at", 0.0)


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


@pytest.fixture
def counted(monkeypatch):
    """A test that counts questions: the one that notes each minute who is still there is asked by no page."""
    monkeypatch.setattr(sessions, "EVERY", 86_400)


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
