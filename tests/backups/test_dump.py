"""A backup holds everything or doesn't come to be (F3)."""

import io
import json
import os
import stat
import subprocess
import tarfile

import psycopg
import pytest
from django.core.management import CommandError, call_command

import clinicpay
from clinicpay.backups import programs
from clinicpay.backups.dump import back_up
from clinicpay.backups.manifest import DUMP, MEDIA, NAME, ROLES, read
from clinicpay.embedded import roles
from clinicpay.embedded.paths import PROJECT, StartupProblem
from clinicpay.embedded.postgres import SUPERUSER, Cluster
from tests.embedded.conftest import reachable_folder


def dump(cluster, role, *options):
    """pg_dump by hand: what an operator might type."""
    return programs.run("pg_dump", *options, url=cluster.url(role), server=18)


def test_backup_lists_what_it_holds(practice, backup):
    manifest = read(backup)

    with psycopg.connect(practice.url(SUPERUSER)) as superuser:
        entries = superuser.execute("select count(*) from balances_entry").fetchone()[0]
    assert {file.name for file in backup.iterdir()} == {DUMP, ROLES, NAME}
    assert manifest.tables["balances_entry"].rows == entries > 4
    assert manifest.tables["clinics_clinic"].rows == 2
    assert manifest.version == clinicpay.__version__
    assert manifest.server.startswith("18.")


def test_backup_is_for_its_owner_alone(backup):
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in backup.iterdir()} == {0o600}


def test_backup_holds_no_password(practice, backup):
    held = (backup / ROLES).read_text() + (backup / NAME).read_text()

    assert all(practice.password(role) not in held for role in (roles.APP, roles.OWNER, roles.BACKUP))


def test_backup_takes_stored_files_along(practice, tmp_path):
    media = tmp_path / "media"
    (media / "oak").mkdir(parents=True)
    (media / "oak" / "scan.png").write_bytes(b"picture")

    manifest = back_up(tmp_path / "backup", url=practice.url(roles.BACKUP), media=media)

    assert MEDIA in manifest.files
    with tarfile.open(tmp_path / "backup" / MEDIA) as tar:
        assert tar.extractfile("./oak/scan.png").read() == b"picture"


def test_folder_that_holds_something_is_left_alone(practice, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(StartupProblem, match="is not an empty folder; nothing was written"):
        back_up(tmp_path, url=practice.url(roles.BACKUP))

    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_backup_that_fails_leaves_nothing(practice, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(programs, "installed_programs", lambda: None)

    with pytest.raises(StartupProblem, match="pg_dump of PostgreSQL 18 or later is needed; none was found"):
        back_up(tmp_path / "backup", url=practice.url(roles.BACKUP))

    assert list(tmp_path.iterdir()) == []


def test_older_program_is_passed_over(tmp_path, monkeypatch):
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.18'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert programs.program("pg_dump", 15) == old
    assert programs.program("pg_dump", 18) != old


@pytest.mark.parametrize("role", [roles.APP, roles.OWNER])
def test_other_roles_are_refused(practice, tmp_path, role):
    with pytest.raises(StartupProblem, match=f"{role} can't make backups"):
        back_up(tmp_path / "backup", url=practice.url(role))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("role", [roles.APP, roles.OWNER])
def test_dump_by_hand_as_another_role_fails_aloud(practice, tmp_path, role):
    """F3: never a dump that lacks rows without a word."""
    with pytest.raises(StartupProblem, match=r"row-level security|permission denied|lack SELECT"):
        dump(practice, role, "--format=custom", f"--file={tmp_path / 'out'}")


def test_backup_role_changes_nothing(practice):
    with psycopg.connect(practice.url(roles.BACKUP), autocommit=True) as backup:
        for statement in ("delete from patients_patient", "create table mine (id int)", "set role clinicpay_owner"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                backup.execute(statement)


def test_roles_script_makes_the_roles_that_we_use(practice, backup):
    question = """select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
        from pg_roles where rolname like 'clinicpay%' order by 1"""
    member = """select roleid::regrole::text, member::regrole::text, inherit_option, set_option
        from pg_auth_members where member::regrole::text like 'clinicpay%' order by 1, 2"""
    with reachable_folder() as data:
        empty = Cluster(data, durable=False)
        empty.start()
        try:
            with psycopg.connect(empty.url(SUPERUSER, "postgres"), autocommit=True) as theirs:
                for _ in range(2):
                    theirs.execute((backup / ROLES).read_text())
                made = theirs.execute(question).fetchall(), theirs.execute(member).fetchall()
        finally:
            empty.stop()

    with psycopg.connect(practice.url(SUPERUSER)) as ours:
        assert made == (ours.execute(question).fetchall(), ours.execute(member).fetchall())


def test_command_answers_machines(practice, backup_login, tmp_path):
    out = io.StringIO()

    call_command("backup", str(tmp_path / "night"), "--json", stdout=out)

    found = json.loads(out.getvalue())
    assert (found["ok"], found["files"]) == (True, [DUMP, NAME, ROLES])
    assert found["seal"] == read(tmp_path / "night").seal()


def test_command_to_a_folder_that_is_taken_was_asked_wrongly(backup_login, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(CommandError, match="nothing was written") as refused:
        call_command("backup", str(tmp_path))
    assert refused.value.returncode == 2


def test_command_without_a_login_says_which(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_BACKUP_URL")

    with pytest.raises(CommandError, match="Set DATABASE_BACKUP_URL") as refused:
        call_command("backup", str(tmp_path / "night"))
    assert refused.value.returncode == 2


def test_command_on_a_server_that_is_away_is_one_line(tmp_path):
    away = "postgres://clinicpay_backup:hunter2@127.0.0.1:1/clinicpay"

    done = subprocess.run(
        [PROJECT / "manage.py", "backup", tmp_path / "night"],
        env={"PATH": os.environ["PATH"], "DATABASE_URL": away, "DATABASE_BACKUP_URL": away, "SECRET_KEY": "x"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "hunter2" not in done.stderr
    assert list(tmp_path.iterdir()) == []
