"""The whole answer is made inside the scope (A14), and a bad end leaves nothing behind (A15)."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from clinicpay.clinics.scope import NoClinic, clinic_scope, current_clinic_id
from tests.factories import a_patient, make_clinic
from tests.tenancy.planted import LEFT
from tests.worlds import fingerprint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.tenancy.planted")]


@pytest.fixture
def home():
    """A committed clinic with two patients."""
    home = make_clinic(f"answers-{uuid4().hex[:8]}")
    with clinic_scope(home.clinic):
        a_patient(home, "Ethan", "Park")
        a_patient(home, "Víctor", "Reyes")
    return home


@pytest.fixture
def rita(home) -> Client:
    """Reception, signed in; a broken view answers 500 as it would in service."""
    client = Client(raise_request_exception=False)
    client.force_login(home.rita.user)
    return client


def _planted(home, name: str) -> str:
    return f"/c/{home.clinic.slug}/planted/{name}/"


def test_lazy_template_is_rendered_inside_the_scope(home, rita):
    assert rita.get(_planted(home, "lazy_template")).content.decode().split() == ["Park", "Reyes"]


def test_streamed_rows_are_read_inside_the_scope(home, rita):
    response = rita.get(_planted(home, "streamed_csv"))

    assert response.getvalue().decode() == "PT-001,Park\nPT-002,Reyes\n"


def test_stream_that_the_reader_leaves_ends_its_scope(home, rita):
    response = rita.get(_planted(home, "streamed_csv"))
    first = next(iter(response))

    response.close()

    assert first == b"PT-001,Park\n"
    assert not connection.in_atomic_block
    with pytest.raises(NoClinic):
        current_clinic_id()


@pytest.mark.parametrize(
    ("ending", "status"),
    [("raises", 500), ("template_raises", 500), ("answers_503", 503), ("breaks_at_commit", 500), ("refuses", 403)],
)
def test_bad_end_leaves_nothing_behind(home, rita, superuser, ending, status):
    before = fingerprint(superuser, home.clinic.pk)

    response = rita.post(_planted(home, ending))

    assert response.status_code == status
    assert fingerprint(superuser, home.clinic.pk) == before


def test_good_end_is_kept(home, rita, superuser):
    """The control: the same observer sees what a view commits."""
    before = fingerprint(superuser, home.clinic.pk)

    rita.post(_planted(home, "mass_assignment"), {"name": LEFT})

    after = fingerprint(superuser, home.clinic.pk)
    assert [table for table in after if after[table] != before[table]] == ["clinics_location"]
