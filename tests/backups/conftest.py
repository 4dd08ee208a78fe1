"""A practice on a server of its own: its rows are ours alone, and a superuser may spoil them."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections

from balances.services import run_auto_apply
from clinicpay.backups.dump import back_up
from clinicpay.backups.scratch import application_on
from clinicpay.clinics.scope import clinic_scope
from clinicpay.embedded import roles
from clinicpay.embedded.postgres import SUPERUSER, Cluster
from clinicpay.embedded.servers import Tenancy
from tests.embedded.conftest import reachable_folder
from tests.factories import a_charge, a_patient, a_payment, make_clinic
from tests.ports import remember_port


@pytest.fixture(scope="session")
def practice(django_db_setup, django_db_blocker) -> Iterator[Cluster]:
    """Two clinics in which money has moved."""
    with reachable_folder() as data, django_db_blocker.unblock():
        tenancy = Tenancy(Cluster(remember_port(data), durable=False))
        tenancy.enter(in_passing=False)
        try:
            _fill(tenancy.cluster)
            yield tenancy.cluster
        finally:
            tenancy.leave_and_stop(patience=3)


def _fill(cluster: Cluster) -> None:
    owner = connections["owner"]
    before = dict(owner.settings_dict)
    login = psycopg.conninfo.conninfo_to_dict(cluster.url(roles.OWNER))
    owner.close()
    owner.settings_dict |= {"PORT": login["port"], "PASSWORD": login["password"], "NAME": login["dbname"]}
    try:
        call_command("migrate", verbosity=0)
        with application_on(cluster.url(roles.APP)):
            for slug in ("oak", "elm"):
                _work(slug)
    finally:
        owner.close()
        owner.settings_dict |= before


def _work(slug: str) -> None:
    home = make_clinic(slug)
    with clinic_scope(home.clinic, home.olga.user):
        patient = a_patient(home)
        charge = a_charge(home, patient, 20000)
        a_payment(home, patient.account, 5500, (charge, 3000))
        run_auto_apply(by=home.bill)


@pytest.fixture
def backup(practice, tmp_path) -> Path:
    """A backup of the practice."""
    folder = tmp_path / "backup"
    back_up(folder, url=practice.url(roles.BACKUP))
    return folder


@pytest.fixture
def changed(practice) -> Iterator[psycopg.Connection]:
    """A superuser in the practice whom no trigger stops."""
    with psycopg.connect(practice.url(SUPERUSER), autocommit=True) as superuser:
        superuser.execute("set session_replication_role = replica")
        yield superuser


@pytest.fixture
def backup_login(practice, monkeypatch) -> None:
    """The environment of an operator of the practice."""
    monkeypatch.setitem(os.environ, "DATABASE_BACKUP_URL", practice.url(roles.BACKUP))
