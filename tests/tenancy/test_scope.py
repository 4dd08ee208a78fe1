"""clinic_scope: what is inside it, beside it, around it and in other threads (A14, A16)."""

from threading import Thread

import pytest
from django.db import DatabaseError, connection, transaction

from clinicpay.clinics.models import Clinic, Location
from clinicpay.clinics.scope import NoClinic, clinic_scope, current_clinic_id, current_user_id
from clinicpay.patients.models import Patient

pytestmark = pytest.mark.django_db(transaction=True)


def _here() -> tuple[int, str]:
    """The clinic that Python believes in, and the one whose rows the database shows."""
    return current_clinic_id(), Clinic.objects.get().slug


def _fail_in(world, seen: list) -> None:
    with clinic_scope(world.home.clinic):
        seen.append(_here())
        raise RuntimeError


def _is(world) -> tuple[int, str]:
    return world.home.clinic.pk, world.slug


def test_nested_scope_gives_the_outer_clinic_back(worlds):
    north, south = worlds
    seen = []
    with clinic_scope(north.home.clinic):
        seen.append(_here())
        with clinic_scope(south.home.clinic):
            seen.append(_here())
        seen.append(_here())

    assert seen == [_is(north), _is(south), _is(north)]


def test_nested_scope_that_fails_gives_the_outer_clinic_back(worlds):
    north, south = worlds
    seen = []
    with clinic_scope(north.home.clinic):
        seen.append(_here())
        with pytest.raises(RuntimeError):
            _fail_in(south, seen)
        seen.append(_here())
        with pytest.raises(DatabaseError), clinic_scope(south.home.clinic), connection.cursor() as cursor:
            cursor.execute("select 1 / 0")
        seen.append(_here())
        with pytest.raises(DatabaseError), clinic_scope(south.home.clinic), transaction.atomic():
            Location.objects.create(clinic=north.home.clinic, name="Annex")
        seen.append(_here())

    assert seen == [_is(north), _is(south), _is(north), _is(north), _is(north)]


def test_inner_rollback_keeps_the_clinic(worlds):
    north, _ = worlds
    with clinic_scope(north.home.clinic):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select 1 / 0")

        assert _here() == _is(north)


def test_nested_scope_has_its_own_person(worlds):
    north, south = worlds
    with clinic_scope(north.home.clinic, north.home.rita.user):
        with clinic_scope(south.home.clinic):
            assert current_user_id() is None
        with connection.cursor() as cursor:
            cursor.execute("select app_user()")
            assert cursor.fetchone()[0] == current_user_id() == north.home.rita.user_id


def test_nothing_is_pinned_after_the_scope(worlds):
    north, _ = worlds
    with clinic_scope(north.home.clinic):
        pass

    with pytest.raises(NoClinic):
        current_clinic_id()
    with pytest.raises(DatabaseError, match="no clinic is set"):
        Clinic.objects.get()


def test_scope_inside_a_plain_transaction_ends_with_the_scope(worlds):
    """The same happens to every test that runs in a transaction: a clinic of its set-up must not survive."""
    north, _ = worlds
    with transaction.atomic():
        with clinic_scope(north.home.clinic):
            assert _here() == _is(north)
        with pytest.raises(DatabaseError, match="no clinic is set"), transaction.atomic():
            Clinic.objects.get()


def test_cursor_keeps_its_clinic_while_another_is_pinned(worlds):
    north, south = worlds
    with clinic_scope(north.home.clinic):
        rows = Location.objects.order_by("pk").values_list("clinic", flat=True).iterator(chunk_size=1)
        Location.objects.create(name="Annex")
        seen = [next(rows)]
        with clinic_scope(south.home.clinic):
            seen += rows
        transaction.set_rollback(True)

    assert seen == [north.home.clinic.pk] * 2


def test_iterator_after_the_scope_is_refused(worlds):
    north, _ = worlds
    with clinic_scope(north.home.clinic):
        unread = Patient.objects.iterator(chunk_size=1)

    with pytest.raises(DatabaseError, match="no clinic is set"):
        next(unread)


def test_lazy_query_after_the_scope_is_refused(worlds):
    north, _ = worlds
    with clinic_scope(north.home.clinic):
        unread = Patient.objects.all()
        patient = Patient.objects.get(pk=north.patient.pk)

    with pytest.raises(DatabaseError, match="no clinic is set"):
        list(unread)
    with pytest.raises(DatabaseError, match="no clinic is set"):
        str(patient.account)


def test_thread_without_scope_is_refused(worlds):
    north, _ = worlds
    with clinic_scope(north.home.clinic):
        assert _in_thread(_here) == "NoClinic"
        assert _in_thread(lambda: Clinic.objects.get().slug) == "ProgrammingError"


def test_thread_with_its_own_scope_sees_its_clinic(worlds):
    north, south = worlds

    def there() -> tuple[int, str]:
        with clinic_scope(south.home.clinic):
            return _here()

    with clinic_scope(north.home.clinic):
        assert _in_thread(there) == _is(south)
        assert _here() == _is(north)


def _in_thread(work) -> object:
    """What `work` returns in a thread of its own, or the name of what it raises."""
    said = []

    def run() -> None:
        try:
            said.append(work())
        except Exception as error:
            said.append(type(error).__name__)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    return said[0]
