"""A background task has no request around it: it names its clinic, or gets nothing (A17)."""

import inspect

import pytest
from celery import Celery
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from clinicpay.celery import app as app_of_project
from clinicpay.clinics.numbers import take
from clinicpay.clinics.scope import NoClinic, clinic_scope
from clinicpay.patients.models import Patient
from clinicpay.tasks import verify_ledger

pytestmark = pytest.mark.django_db(transaction=True)

app = Celery("tests", set_as_current=False)


@app.task
def names(clinic_id: int | None, patient_id: int) -> list[str]:
    """As a task should be: ids in, one scope, one question."""
    with clinic_scope(clinic_id):
        return list(Patient.objects.filter(pk=patient_id).values_list("last_name", flat=True))


@app.task
def names_without_scope(patient_id: int) -> str:
    """As a task must not be."""
    return Patient.objects.get(pk=patient_id).last_name


@app.task
def number_without_scope() -> range:
    """Nor so: a service that needs the clinic."""
    return take("PAY")


def test_project_task_works_inside_the_clinic_it_is_given(worlds):
    north, _ = worlds

    assert verify_ledger.apply([north.home.clinic.pk]).get() is True


def test_project_task_without_clinic_is_refused():
    with pytest.raises(NoClinic):
        verify_ledger.apply([None]).get()


def test_every_project_task_that_reads_rows_is_given_a_clinic():
    """The others only wake one task for each clinic, or tidy what belongs to no clinic."""
    tasks = [task for name, task in app_of_project.tasks.items() if name.startswith("clinicpay.")]

    without = {task.name for task in tasks if "clinic_id" not in inspect.signature(task.run).parameters}

    assert without == {
        "clinicpay.tasks.follow_gateways",
        "clinicpay.tasks.fold_all_tallies",
        "clinicpay.tasks.forget_old_sessions",
        "clinicpay.tasks.seal_trails",
        "clinicpay.tasks.send_waiting_messages",
        "clinicpay.tasks.tick",
        "clinicpay.tasks.verify_ledgers",
    }


def test_task_sees_its_clinic(worlds):
    north, _ = worlds

    assert names.apply([north.home.clinic.pk, north.patient.pk]).get() == [north.canary]


def test_task_with_another_clinics_id_finds_nothing(worlds):
    north, south = worlds

    assert names.apply([north.home.clinic.pk, south.patient.pk]).get() == []


@pytest.mark.parametrize("clinic_id", [None, 0])
def test_task_without_clinic_is_refused_before_any_query(worlds, clinic_id):
    with CaptureQueriesContext(connection) as queries, pytest.raises(NoClinic):
        names.apply([clinic_id, worlds[0].patient.pk]).get()

    assert list(queries) == []


def test_task_without_scope_is_refused(worlds):
    with pytest.raises(DatabaseError, match="no clinic is set"):
        names_without_scope.apply([worlds[0].patient.pk]).get()
    with CaptureQueriesContext(connection) as queries, pytest.raises(NoClinic):
        number_without_scope.apply().get()

    assert list(queries) == []
