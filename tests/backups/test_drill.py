"""F1: a backup restores to the same rows, and every way of spoiling one is found."""

import io
import json

import psycopg
import pytest
from django.core.management import call_command

from clinicpay.backups import manifest as lists
from clinicpay.backups import programs
from clinicpay.backups.drill import restore_drill
from clinicpay.backups.dump import back_up
from clinicpay.backups.manifest import DUMP, NAME, ROLES, Manifest, hash_of, read
from clinicpay.embedded import roles
from clinicpay.embedded.paths import StartupProblem
from clinicpay.embedded.postgres import SUPERUSER, Cluster
from tests.embedded.conftest import reachable_folder

pytestmark = pytest.mark.django_db(transaction=True)

ALL = ["files", "version", "stored files", "restore", "tables", "fence", "ledger", "attacks"]


@pytest.fixture(scope="module")
def empty_server():
    """A PostgreSQL that somebody has just installed."""
    with reachable_folder() as data:
        cluster = Cluster(data, durable=False)
        cluster.start()
        yield cluster.url(SUPERUSER, "postgres")
        cluster.stop()


@pytest.fixture
def new_server(empty_server):
    """The same, to be installed on."""
    yield empty_server
    with psycopg.connect(empty_server, autocommit=True) as superuser:
        superuser.execute("drop database if exists clinicpay with (force)")
        for role in roles.ATTRIBUTES:
            superuser.execute(f"drop role if exists {role}")


def wrong(results):
    return {one.name: one.wrong for one in results if one.wrong}


def reseal(folder, manifest=None):
    """What somebody does who knows how the list is made: the drill has to see through it."""
    manifest = manifest or read(folder)
    files = {name: hash_of(folder / name) for name in manifest.files}
    Manifest(**vars(manifest) | {"files": files}).write(folder)


def test_restored_is_equal(backup):
    results = restore_drill(backup)

    assert wrong(results) == {}
    assert [one.name for one in results] == ALL
    assert all(one.looked_at for one in results if one.name != "stored files")


def test_nothing_is_left_of_the_drill(backup, tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))

    restore_drill(backup)

    assert list(place.iterdir()) == []


@pytest.mark.parametrize("name", [DUMP, ROLES])
def test_flipped_bit_is_found(backup, name):
    content = bytearray((backup / name).read_bytes())
    content[len(content) // 2] ^= 1
    (backup / name).write_bytes(content)

    assert wrong(restore_drill(backup)) == {"files": [f"{name} was changed"]}


@pytest.mark.parametrize("name", [DUMP, ROLES])
def test_missing_file_is_found(backup, name):
    (backup / name).unlink()

    assert wrong(restore_drill(backup)) == {"files": [f"{name} is missing"]}


def test_file_that_nobody_wrote_down_is_found(backup):
    (backup / "extra.sql").write_text("drop table balances_entry")

    assert wrong(restore_drill(backup)) == {"files": ["extra.sql is not on the list"]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace('"version"', '"vision"'), f"{NAME} is damaged"),
        (lambda text: text[:-9], f"{NAME} is damaged"),
        (lambda text: text.replace('"rows": 2', '"rows": 3'), f"{NAME} was changed: it does not bear its seal"),
    ],
)
def test_changed_list_is_found(backup, change, says):
    (backup / NAME).write_text(change((backup / NAME).read_text()))

    assert wrong(restore_drill(backup)) == {"files": [says]}


def test_folder_without_a_list_is_no_backup(tmp_path):
    assert wrong(restore_drill(tmp_path)) == {"files": [f"{tmp_path} is no backup: it has no {lists.NAME}"]}


def test_list_that_was_changed_and_sealed_again_is_found(backup, empty_server):
    manifest = read(backup)
    manifest.tables["balances_entry"] = lists.Table(3, "0" * 64)
    reseal(backup, manifest)

    (difference,) = wrong(restore_drill(backup, empty_server))["tables"]
    assert difference.startswith("balances_entry: 3 rows were written down, ")


def test_dump_that_was_exchanged_is_found(practice, backup, changed, tmp_path, empty_server):
    """One cent moved in the ledger, the dump exchanged, everything sealed again: the digest and the ledger differ."""
    change = "update balances_charge set outstanding = outstanding + %s where amount = 20000"
    changed.execute(change, [1])
    try:
        back_up(tmp_path / "other", url=practice.url(roles.BACKUP))
    finally:
        changed.execute(change, [-1])
    (tmp_path / "other" / DUMP).replace(backup / DUMP)
    reseal(backup)

    found = wrong(restore_drill(backup, empty_server))

    assert set(found) == {"tables", "ledger"}
    assert found["tables"] == ["balances_charge: 2 rows were written down, 2 restored, and they differ"]
    assert any(line.startswith("oak: charge_totals, 1 wrong") for line in found["ledger"])


@pytest.mark.parametrize(
    ("spoil", "mend", "check", "says"),
    [
        (
            "alter table balances_entry disable trigger no_change",
            "alter table balances_entry enable trigger no_change",
            "fence",
            "trigger_disabled: balances_entry.no_change",
        ),
        (
            "grant delete on balances_closedday to clinicpay_app",
            "revoke delete on balances_closedday from clinicpay_app",
            "attacks",
            "oak: reopen a day was not refused",
        ),
        (
            "alter table payments_payment no force row level security",
            "alter table payments_payment force row level security",
            "fence",
            "row_security: payments_payment",
        ),
        (
            "insert into django_migrations (app, name, applied) values ('payments', '9999_later', now())",
            "delete from django_migrations where name = '9999_later'",
            "version",
            "payments.9999_later: made by ClinicPay 0.1.0; run the drill with that version",
        ),
    ],
)
def test_backup_of_a_spoilt_database_is_found(practice, changed, tmp_path, empty_server, spoil, mend, check, says):
    changed.execute(spoil)
    try:
        back_up(tmp_path / "backup", url=practice.url(roles.BACKUP))
    finally:
        changed.execute(mend)

    assert says in wrong(restore_drill(tmp_path / "backup", empty_server))[check]


def test_given_server_is_used_and_left_as_it_was(backup, empty_server):
    results = restore_drill(backup, empty_server)

    assert wrong(results) == {}
    with psycopg.connect(empty_server) as superuser:
        left = superuser.execute(
            "select rolname from pg_roles where rolname like 'clinicpay%' "
            "union select datname from pg_database where datname like 'clinicpay%'"
        ).fetchall()
    assert left == []


def test_server_in_use_is_refused_and_keeps_its_passwords(practice, backup):
    with pytest.raises(StartupProblem, match="This server is in use: it has clinicpay_app already"):
        restore_drill(backup, practice.url(SUPERUSER, "postgres"))

    with psycopg.connect(practice.url(roles.APP)) as app:
        assert app.execute("select 1").fetchone() == (1,)


def test_command_tells_people_and_machines(backup):
    words, machine = io.StringIO(), io.StringIO()

    call_command("restore_drill", str(backup), stdout=words)
    call_command("restore_drill", str(backup), "--json", stdout=machine)

    assert words.getvalue().rstrip().endswith("Restored, and equal.")
    found = json.loads(machine.getvalue())
    assert found["ok"] is True
    assert [check["name"] for check in found["checks"]] == ALL


def test_command_ends_with_one_on_a_difference(backup):
    (backup / DUMP).unlink()
    out = io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("restore_drill", str(backup), "--json", stdout=out)

    assert ended.value.code == 1
    assert json.loads(out.getvalue())["ok"] is False


def test_database_is_compared_with_its_backup(backup, practice, backup_login, changed):
    out = io.StringIO()
    call_command("compare_backup", str(backup), stdout=out)
    assert out.getvalue().rstrip().endswith("The database has exactly the rows of the backup.")

    changed.execute("update patients_patient set first_name = first_name || '!' where id = 1")
    try:
        with pytest.raises(SystemExit) as ended:
            call_command("compare_backup", str(backup), stdout=out)
    finally:
        changed.execute("update patients_patient set first_name = rtrim(first_name, '!') where id = 1")

    assert ended.value.code == 1
    assert "patients_patient: 2 rows were written down, 2 restored, and they differ" in out.getvalue()


def test_restore_by_hand_as_the_operations_page_says_is_equal(backup, new_server, monkeypatch):
    """prepare_database, pg_restore, compare_backup: on an empty server, with logins of one's own."""
    place = new_server.rpartition("@")[2].partition("/")[0]
    named = {"DATABASE_URL": roles.APP, "DATABASE_OWNER_URL": roles.OWNER, "DATABASE_BACKUP_URL": roles.BACKUP}
    for name, role in named.items():
        monkeypatch.setenv(name, f"postgres://{role}:of-the-new-server@{place}/clinicpay")
    call_command("prepare_database", superuser_url=new_server, stdout=io.StringIO())
    target = f"{new_server.rpartition('/')[0]}/clinicpay"
    options = ("--exit-on-error", "--jobs=2", f"--dbname={target}", str(backup / DUMP))
    programs.run("pg_restore", *options, url=target, server=18)

    out = io.StringIO()
    call_command("compare_backup", str(backup), "--json", stdout=out)

    assert json.loads(out.getvalue())["ok"] is True
