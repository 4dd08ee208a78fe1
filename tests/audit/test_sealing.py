"""Sealed rows can't change unseen (C3, C4): a superuser does what nobody may, and the check must tell."""

import io
import json
import logging
import os
from contextlib import closing, contextmanager

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction

from clinicpay import logs
from clinicpay.audit.models import AuditBlock, AuditEvent
from clinicpay.audit.sealing import holds, prove, seal
from clinicpay.audit.services import record
from clinicpay.clinics.scope import clinic_scope
from clinicpay.tasks import seal_trail, verify_trail
from tests.direct import connect, pinned, until_settled
from tests.factories import make_clinic
from tests.races.crowd import a_clinic

pytestmark = pytest.mark.django_db(transaction=True)

BLOCKS, EACH = 4, 5


@pytest.fixture
def home():
    """A committed clinic whose trail has four blocks of five rows."""
    home = a_clinic()
    for _ in range(BLOCKS):
        _write(home, EACH)
        with clinic_scope(home.clinic):
            assert [block.size for block in seal()] == [EACH]
    return home


def _write(home, count):
    """So many lines, ready to be sealed."""
    with clinic_scope(home.clinic, home.rita.user):
        for number in range(count):
            record("location.added", home.location, by=home.rita, after={"name": f"Room {number}"})
    until_settled()


@contextmanager
def tampered(clinic_id, *statements):
    """The clinic after a superuser with all triggers off has done this; afterwards it never was."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["DATABASE_SUPERUSER_URL"], dbname=name) as superuser, superuser.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement.format(mine=f"clinic_id = {clinic_id}", clinic=clinic_id))
        cursor.execute("set local role clinicpay_app")
        cursor.execute("select set_config('app.clinic_id', %s, true)", [str(clinic_id)])
        yield cursor
        superuser.rollback()


def _proof(cursor, monkeypatch):
    monkeypatch.setattr("clinicpay.audit.sealing.connection", _Through(cursor))
    monkeypatch.setattr("clinicpay.audit.sealing._all_but", lambda newest: 0)
    return prove()


class _Through:
    """Lets the check ask through a cursor that sees what was not committed."""

    def __init__(self, cursor):
        self.one = cursor

    @contextmanager
    def cursor(self):
        yield self.one


NTH = "(select id from audit_auditevent where {{mine}} order by id offset {} limit 1)"
SECOND, LAST = NTH.format(EACH + 1), NTH.format(BLOCKS * EACH - 1)
REHASHED = (
    "update audit_auditblock b set rows_hash = w.rows_hash from audit_auditblock a, "
    "audit_window(a.clinic_id, a.server_id, a.starts, a.below) w where a.id = b.id and b.{mine} and b.number = 2",
    "update audit_auditblock b set head = audit_block_head(b) where b.{mine} and b.number = 2",
)
FORGED = (
    "insert into audit_auditevent (clinic_id, at, actor, action, subject_type, subject_id, subject, before, after, "
    "reason, request_id, via, server_id, transaction_id) select clinic_id, at, 'Rita', 'payment.received', "
    "subject_type, subject_id, subject, before, after, '', '', '', server_id, transaction_id "
    f"from audit_auditevent where id = {SECOND}"
)

TAMPERED = {
    "edit": ([f"update audit_auditevent set actor = 'Bill' where id = {SECOND}"], ["Block 2 sealed 5 rows"]),
    "edit of a value": (
        ['update audit_auditevent set after = \'{{"name": "X"}}\' where id = ' + SECOND],
        ["Block 2 sealed 5 rows"],
    ),
    "edit and rehash": (
        [f"update audit_auditevent set actor = 'Bill' where id = {SECOND}", *REHASHED],
        ["Block 3 does not follow block 2"],
    ),
    "delete": ([f"delete from audit_auditevent where id = {SECOND}"], ["Block 2 sealed 5 rows; 4 stand"]),
    "forged insert": ([FORGED], ["Block 2 sealed 5 rows; 6 stand"]),
    "cut tail": ([f"delete from audit_auditevent where {{mine}} and id >= {LAST}"], ["Block 4 sealed 5 rows; 4 stand"]),
    "cut block": (["delete from audit_auditblock where {mine} and number = 2"], ["Block 2 is missing"]),
    "moved to another transaction": (
        [f"update audit_auditevent set transaction_id = transaction_id + 1000000 where id = {SECOND}"],
        ["Block 2 sealed 5 rows; 4 stand"],
    ),
    "from a server that never was": (
        [f"update audit_auditevent set server_id = 5 where id = {SECOND}"],
        ["Block 2 sealed 5 rows; 4 stand", "1 row claim"],
    ),
}


def test_untouched_trail_is_whole(home, monkeypatch):
    with tampered(home.clinic.pk) as cursor:
        proof = _proof(cursor, monkeypatch)
    assert (proof.ok, proof.blocks, proof.rows, proof.waiting) == (True, BLOCKS, BLOCKS * EACH, 0)


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_is_found(home, monkeypatch, how):
    statements, expected = TAMPERED[how]
    with tampered(home.clinic.pk, *statements) as cursor:
        faults = _proof(cursor, monkeypatch).faults
    for words in expected:
        assert any(fault.startswith(words) for fault in faults), faults


def test_cut_tail_with_its_block_is_found_by_the_noted_head_alone(home, monkeypatch):
    """The sixth of C4: what is left is a whole, shorter trail, so only a head noted outside can tell."""
    with clinic_scope(home.clinic):
        noted = AuditBlock.objects.get(number=BLOCKS).head
        assert holds(noted)
    cut = [
        "delete from audit_auditevent where {mine} and transaction_id >= "
        f"(select starts from audit_auditblock where {{mine}} and number = {BLOCKS})",
        f"delete from audit_auditblock where {{mine}} and number = {BLOCKS}",
    ]
    with tampered(home.clinic.pk, *cut) as cursor:
        assert _proof(cursor, monkeypatch).faults == []
        found = cursor.execute("select count(*) from audit_auditblock where head = %s", [noted]).fetchone()[0]
    assert found == 0


@pytest.mark.parametrize("alias", ["default", "owner"])
@pytest.mark.parametrize("table", ["audit_auditevent", "audit_auditblock", "balances_posting", "balances_entry"])
@pytest.mark.parametrize("verb", ["update {} set clinic_id = clinic_id", "delete from {}", "truncate {} cascade"])
def test_history_is_never_changed(home, worlds, alias, table, verb):
    """C3, for the application and for the owner of the tables, over rows that exist."""
    clinic_id = worlds[0].home.clinic.pk
    with closing(connect(alias)) as attacker:
        attacker.execute("select set_config('app.clinic_id', %s, true)", [str(clinic_id)])
        assert attacker.execute(f"select count(*) from {table} where clinic_id = %s", [clinic_id]).fetchone()[0]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            attacker.execute(verb.format(table))


def test_block_says_what_the_database_knows_and_not_what_a_client_says(home):
    _write(home, 1)
    lie = (
        "insert into audit_auditblock (clinic_id, number, server_id, starts, below, first_id, last_id, size, "
        "rows_hash, previous, head, sealed_at) values (%s, 77, 1, 1, 2, 3, 4, 5, 'x', 'y', 'z', '2001-01-01')"
    )
    with pinned(home.clinic.pk) as attacker:
        attacker.execute(lie, [home.clinic.pk])
    with clinic_scope(home.clinic):
        block = AuditBlock.objects.latest("number")
        assert (block.number, block.size) == (BLOCKS + 1, 1)
        assert prove().ok


def test_row_carries_its_own_transaction_whatever_the_client_says(home):
    lie = (
        "insert into audit_auditevent (clinic_id, actor, action, subject_type, subject_id, subject, before, after, "
        "reason, request_id, via, server_id, transaction_id) "
        "values (%s, 'x', 'x', 'x', 1, 'x', '{}', '{}', '', '', '', 1, 1) "
        "returning transaction_id = pg_current_xact_id()::text::bigint, server_id = audit_server()"
    )
    with pinned(home.clinic.pk) as attacker:
        assert attacker.execute(lie, [home.clinic.pk]).fetchone() == (True, True)


def test_nothing_new_makes_no_block(home):
    with clinic_scope(home.clinic):
        assert seal() == []
        assert AuditBlock.objects.count() == BLOCKS


def test_act_that_is_not_committed_is_not_sealed(home):
    with clinic_scope(home.clinic, home.rita.user):
        record("location.added", home.location, by=home.rita)
        assert seal() == []
        assert prove().waiting == 1
        transaction.set_rollback(True)


def test_busy_clinic_is_sealed_in_blocks_of_a_thousand():
    home = a_clinic()
    for _ in range(3):
        _bulk(home, 700)
    with clinic_scope(home.clinic):
        assert [block.size for block in seal()] == [1400, 700]  # a transaction is never torn apart
        assert prove().rows == 2100
        newest = prove(newest=700)
        assert (newest.ok, newest.rows, newest.since) == (True, 700, 1)


def _bulk(home, count):
    with clinic_scope(home.clinic):
        AuditEvent.objects.bulk_create(
            AuditEvent(actor="Tests", action="location.added", subject_type="x", subject_id=1, subject="x")
            for _ in range(count)
        )
    until_settled()


def test_trail_goes_on_after_a_dump_is_restored_on_another_server(home, superuser):
    """Another server counts its transactions anew: rows from before keep their windows, new ones get new ones."""
    _write(home, 2)
    elsewhere = "set session_replication_role = replica"
    superuser.execute(elsewhere)
    mine = [home.clinic.pk]
    try:  # as a dump brings it: everything was counted by a server that is not this one
        superuser.execute("update audit_auditevent set server_id = 11 where clinic_id = %s", mine)
        superuser.execute("delete from audit_auditblock where clinic_id = %s", mine)
        superuser.execute("alter table audit_auditblock disable trigger seal")
        superuser.execute(
            "insert into audit_auditblock (clinic_id, number, server_id, starts, below, first_id, last_id, size, "
            "rows_hash, previous, head, sealed_at) select clinic_id, 1, 11, 0, 9000000000000, 1, 1, 1, '', '', "
            "'old', now() from audit_auditevent where clinic_id = %s limit 1",
            mine,
        )
        superuser.execute(
            "update audit_auditblock b set (below, size, first_id, last_id, rows_hash) = (select max(transaction_id), "
            "count(*) - 2, min(id), max(id) - 2, (audit_window(b.clinic_id, 11, 0, max(transaction_id))).rows_hash "
            "from audit_auditevent e where e.clinic_id = b.clinic_id) where clinic_id = %s",
            mine,
        )
        superuser.execute("update audit_auditblock b set head = audit_block_head(b) where clinic_id = %s", mine)
    finally:
        superuser.execute("alter table audit_auditblock enable trigger seal")
        superuser.execute("set session_replication_role = origin")
    _write(home, 3)
    with clinic_scope(home.clinic):
        assert [block.size for block in seal()] == [2, 3]
        proof = prove()
        assert (proof.faults, proof.rows, proof.waiting) == ([], BLOCKS * EACH + 5, 0)


def _told(*command):
    out = io.StringIO()
    try:
        call_command(*command, "--json", stdout=out)
    except SystemExit as ended:
        return json.loads(out.getvalue()), ended.code
    return json.loads(out.getvalue()), 0


def test_commands_seal_and_check(home):
    slug = home.clinic.slug
    _write(home, 2)
    waiting, code = _told("check_trail", "--clinic", slug)
    assert (waiting["ok"], waiting["clinics"][0]["waiting"], code) == (True, 2, 0)

    sealed, _ = _told("seal_trail", "--clinic", slug)
    checked, code = _told("check_trail", "--clinic", slug)

    assert sealed["clinics"] == [{"clinic": slug, "blocks": 1, "rows": 2}]
    assert (checked["clinics"][0]["rows"], checked["clinics"][0]["waiting"], code) == (BLOCKS * EACH + 2, 0, 0)


def test_log_keeps_each_head_and_each_fault(home, superuser):
    """What a server writes down, through its own formatter: heads noted there prove the trail (docs/audit.md)."""
    _write(home, 2)
    with _logged() as lines:
        seal_trail(home.clinic.pk)
        with clinic_scope(home.clinic):
            newest = AuditBlock.objects.latest("number")
        assert [(line["block"], line["head"], line["rows"]) for line in lines()] == [(newest.number, newest.head, 2)]

    change = "update audit_auditevent set reason = %s where clinic_id = %s and subject = 'Clinic'"
    superuser.execute("set session_replication_role = replica")
    superuser.execute(change, ["forged", home.clinic.pk])
    try:
        with _logged() as lines:
            assert verify_trail(home.clinic.pk) is False
            assert lines()
            assert {(line["level"], line["event"]) for line in lines()} == {("error", "trail changed")}
            assert all(line["fault"].endswith("they were changed.") for line in lines())
    finally:
        superuser.execute(change, ["", home.clinic.pk])
        superuser.execute("set session_replication_role = origin")


@contextmanager
def _logged():
    """What goes to the log meanwhile, line by line, as a server writes it."""
    stream, log = io.StringIO(), logging.getLogger("clinicpay.tasks")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.json_formatter())
    log.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    log.removeHandler(handler)


def test_check_finds_a_noted_head_and_misses_one_that_was_cut_off(home):
    with clinic_scope(home.clinic):
        noted = AuditBlock.objects.get(number=2).head

    there, code = _told("check_trail", "--clinic", home.clinic.slug, "--head", noted)
    gone, code_of_gone = _told("check_trail", "--clinic", home.clinic.slug, "--head", "0" * 64)

    assert (there["ok"], there["head_found"], code) == (True, True, 0)
    assert (gone["ok"], gone["head_found"], code_of_gone) == (False, False, 1)


def test_check_ends_with_one_when_a_row_was_changed(home, superuser):
    change = "update audit_auditevent set reason = %s where clinic_id = %s and subject = 'Clinic'"
    superuser.execute("set session_replication_role = replica")
    superuser.execute(change, ["forged", home.clinic.pk])
    try:
        report, code = _told("check_trail", "--clinic", home.clinic.slug)
        everything, code_of_all = _told("check_trail")
    finally:
        superuser.execute(change, ["", home.clinic.pk])
        superuser.execute("set session_replication_role = origin")
    assert (report["ok"], code, everything["ok"], code_of_all) == (False, 1, False, 1)
    assert len(report["clinics"][0]["faults"]) == BLOCKS


def test_another_clinics_trail_is_not_touched(home):
    other = make_clinic(f"{home.clinic.slug}-other")
    with clinic_scope(other.clinic):
        assert (seal(), prove().blocks) == ([], 0)
