"""The sealer beside slow transactions: no row is skipped, however late it is committed (C5)."""

import random
from contextlib import ExitStack, closing

import pytest

from clinicpay.audit.models import AuditEvent
from clinicpay.audit.sealing import prove
from clinicpay.clinics.scope import clinic_scope
from tests.direct import connect, until_settled
from tests.races.crowd import a_clinic, failures, rush

pytestmark = pytest.mark.django_db(transaction=True)

INTERLEAVINGS, WRITERS = 1000, 6

_WRITE = (
    "insert into audit_auditevent (clinic_id, actor, action, subject_type, subject_id, subject, before, after, "
    "reason, request_id, via, server_id, transaction_id) "
    "values (%s, 'x', 'location.added', 'x', 1, 'x', '{}', '{}', '', '', '', 0, 0)"
)


class Writer:
    """Somebody whose transaction stays open for a while."""

    def __init__(self, connection, clinic_id):
        self.connection, self.clinic_id, self.open = connection, clinic_id, False

    def write(self):
        if not self.open:
            _pin(self.connection, self.clinic_id)
        self.open = True
        self.connection.execute(_WRITE, [self.clinic_id])

    def end(self, chance):
        (self.connection.rollback if chance.random() < 0.2 else self.connection.commit)()
        self.open = False


class NaiveSealer:
    """The control: takes whatever has a higher id than what it took last."""

    def __init__(self):
        self.last, self.taken = 0, set()

    def take(self, connection):
        for (row,) in connection.execute("select id from audit_auditevent where id > %s", [self.last]):
            self.taken.add(row)
            self.last = max(self.last, row)


def _pin(connection, clinic_id):
    connection.execute("select set_config('app.clinic_id', %s, true)", [str(clinic_id)])


def _seal(connection, clinic_id, naive):
    _pin(connection, clinic_id)
    while connection.execute("insert into audit_auditblock default values").rowcount:
        pass
    naive.take(connection)
    connection.commit()


def test_no_row_of_a_slow_transaction_is_skipped():
    home, chance, naive = a_clinic(), random.Random(5), NaiveSealer()
    clinic_id = home.clinic.pk
    with ExitStack() as stack:
        sealer = stack.enter_context(closing(connect()))
        writers = [Writer(stack.enter_context(closing(connect())), clinic_id) for _ in range(WRITERS)]
        for _ in range(INTERLEAVINGS):
            writer = chance.choice(writers)
            writer.end(chance) if writer.open and chance.random() < 0.4 else writer.write()
            if chance.random() < 0.3:
                _seal(sealer, clinic_id, naive)
        for writer in writers:
            writer.connection.commit()
        until_settled()
        _seal(sealer, clinic_id, naive)

    with clinic_scope(home.clinic):
        proof, rows = prove(), set(AuditEvent.objects.values_list("pk", flat=True))
    assert (proof.faults, proof.waiting, proof.rows) == ([], 0, len(rows))
    assert rows - naive.taken, "the control must skip some, or the test sees nothing"


def test_sealers_at_the_same_time_make_one_chain():
    home = a_clinic()
    with clinic_scope(home.clinic):
        AuditEvent.objects.bulk_create(
            AuditEvent(actor="x", action="location.added", subject_type="x", subject_id=1, subject="x")
            for _ in range(50)
        )
    until_settled()

    def act(_number):
        with closing(connect()) as sealer:
            _seal(sealer, home.clinic.pk, NaiveSealer())

    assert not failures(rush(6, act))
    with clinic_scope(home.clinic):
        proof = prove()
    assert (proof.faults, proof.blocks, proof.rows) == ([], 1, 50)
