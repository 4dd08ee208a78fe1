"""`demo --reset` empties a database whose history can't be deleted, whatever was done in it."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from clinicpay.embedded.roles import prepare_database
from tests.conftest import _named

DATABASE = "clinicpay_reset"

SCRIPT = """
import django
django.setup()
from django.core.management import call_command
from clinicpay import demo
from clinicpay.clinics.queries import all_clinics
from clinicpay.clinics.scope import clinic_scope
from clinicpay.management.commands.demo import reset
from payments.services import GoingBack, refund_payment
from payments.states import RefundReason
from tests.factories import a_patient, a_payment, make_clinic

call_command("migrate", verbosity=0)
home = make_clinic("harbor")
with clinic_scope(home.clinic):
    refund_payment(a_payment(home, a_patient(home).account, 100), GoingBack(40, RefundReason.OTHER), by=home.itself)
assert all_clinics()
reset()
assert not all_clinics()
with clinic_scope(make_clinic("harbor").clinic):
    pass
"""


@pytest.fixture
def environment():
    """The addresses of a database of its own."""
    superuser = os.environ["DATABASE_SUPERUSER_URL"]
    drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(DATABASE))
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(drop)
        urls = {name: _named(os.environ[name], DATABASE) for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
        prepare_database(superuser, urls["DATABASE_URL"], urls["DATABASE_OWNER_URL"])
        yield {**os.environ, **urls, "DJANGO_SETTINGS_MODULE": "clinicpay.settings"}
        connection.execute(drop)


def test_a_demo_with_corrections_begins_again(environment):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        check=False,
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
