"""Without a clinic every statement on every fenced table is an error, never an empty answer (A5)."""

import psycopg
import pytest
from django.db import DatabaseError, connection

from clinicpay.clinics.db.catalogue import tenant_models
from clinicpay.clinics.models import Clinic, Counter, Location
from clinicpay.clinics.scope import NoClinic, clinic_scope

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = sorted(model._meta.db_table for model in [Clinic, *tenant_models()])


def _after_nothing(_world) -> None:
    connection.close()


def _after_a_scope(world) -> None:
    with clinic_scope(world.home.clinic, world.home.rita.user):
        assert Location.objects.exists()


def _after_a_failed_scope(world) -> None:
    with pytest.raises(ZeroDivisionError), clinic_scope(world.home.clinic):
        raise ZeroDivisionError


def _statements(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
            "and has_column_privilege(attrelid, attnum, 'update') limit 1",
            [table],
        )
        column = (cursor.fetchone() or ["id"])[0]
    return [
        f"select * from {table}",
        f"select count(*) from {table}",
        f"insert into {table} default values",
        f"update {table} set {column} = {column}",
        f"delete from {table}",
    ]


@pytest.mark.parametrize("table", TABLES)
def test_table_holds_rows_of_both_worlds(worlds, superuser, table):
    key = "id" if table == "clinics_clinic" else "clinic_id"

    found = superuser.execute(f"select distinct {key} from {table}").fetchall()

    assert {world.home.clinic.pk for world in worlds} <= {row[0] for row in found}, "add a row in tests/worlds.py"


@pytest.mark.parametrize("before", [_after_nothing, _after_a_scope, _after_a_failed_scope])
@pytest.mark.parametrize("table", TABLES)
def test_statement_without_clinic_is_refused(worlds, table, before):
    before(worlds[0])

    for statement in _statements(table):
        with pytest.raises(DatabaseError) as refused, connection.cursor() as cursor:
            cursor.execute(statement)
        assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege), statement
        if statement.startswith("select"):
            assert "no clinic is set" in str(refused.value)


@pytest.mark.parametrize("table", TABLES)
def test_scope_shows_the_rows_of_its_clinic_alone(worlds, table):
    key = "id" if table == "clinics_clinic" else "clinic_id"
    for world in worlds:
        with clinic_scope(world.home.clinic), connection.cursor() as cursor:
            cursor.execute(f"select distinct {key} from {table}")
            assert cursor.fetchall() == [(world.home.clinic.pk,)]


def test_new_row_without_clinic_is_refused():
    with pytest.raises(NoClinic):
        Counter(kind="PAY")


def test_scope_of_an_unsaved_clinic_is_refused():
    with pytest.raises(NoClinic), clinic_scope(Clinic(slug="nowhere")):
        pass


def test_row_for_another_clinic_is_refused(worlds):
    north, south = worlds
    with pytest.raises(DatabaseError, match="row-level security"), clinic_scope(north.home.clinic):
        Location.objects.create(clinic=south.home.clinic, name="Annex")
