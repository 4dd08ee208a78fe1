"""The Dockerfile, read without docker."""

import fnmatch
import re
import shlex
import tomllib

import pytest
from dockerfile_parse import DockerfileParser

from clinicpay.embedded.paths import PROJECT
from clinicpay.embedded.preparation import OUR_FOLDERS
from clinicpay.embedded.system_packages import DOCUMENTS

KNOWN = {"FROM", "COPY", "RUN", "ENV", "WORKDIR", "USER", "EXPOSE", "CMD", "COMMENT"}


@pytest.fixture(scope="module")
def steps():
    parser = DockerfileParser(path=str(PROJECT / "Dockerfile"))
    return [(step["instruction"], step["value"]) for step in parser.structure]


def values(steps, instruction):
    return [value for name, value in steps if name == instruction]


def test_every_step_is_an_instruction(steps):
    assert {name for name, _ in steps} <= KNOWN
    assert steps[-1] == ("CMD", '["gunicorn", "clinicpay.wsgi:application"]')


def test_python_is_one_that_the_lock_is_made_for(steps):
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["requires-python"]

    assert {re.match(r"python:(3\.\d+)-", base)[1] for base in values(steps, "FROM")} == {wanted.removeprefix(">=")}


def test_packages_are_installed_by_their_hashes(steps):
    (install,) = [run for run in values(steps, "RUN") if "pip install" in run]

    assert "--require-hashes" in install
    assert "extras.txt" in install


def test_libraries_for_documents_are_installed(steps):
    (install,) = [run for run in values(steps, "RUN") if "apt-get install" in run]

    assert set(DOCUMENTS.packages) <= set(shlex.split(install.split("&&")[1]))
    assert install.endswith("rm -rf /var/lib/apt/lists/*")


def test_sources_of_copies_exist_and_are_all_that_we_need(steps):
    copied = {
        source.rstrip("/")
        for copy in values(steps, "COPY")
        if not copy.startswith("--from")
        for source in shlex.split(copy)[:-1]
    }

    assert all((PROJECT / source).exists() for source in copied)
    assert set(OUR_FOLDERS) | {"templates", "static", "manage.py", "gunicorn.conf.py"} <= copied


def test_nothing_copied_is_kept_from_the_build_and_nothing_else_gets_in(steps):
    lines = [line for line in (PROJECT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    let_in = {line[1:] for line in lines if line.startswith("!")}
    copied = {s for copy in values(steps, "COPY") if "--from" not in copy for s in shlex.split(copy)[:-1]}

    assert lines[0] == "*"
    assert let_in == copied
    assert any(fnmatch.fnmatch("clinicpay/.env", line) for line in lines)


def test_static_files_are_collected_at_build_before_rights_are_given_up(steps):
    collect = next(n for n, (name, value) in enumerate(steps) if name == "RUN" and "collectstatic" in value)
    user = next(n for n, (name, _) in enumerate(steps) if name == "USER")

    assert collect < user
    assert "--noinput" in steps[collect][1]


def test_runs_as_somebody_who_is_not_root(steps):
    (user,) = values(steps, "USER")

    uid = user.split(":")[0]
    assert int(uid) >= 1000
    assert any(f"--uid {uid} " in run for run in values(steps, "RUN"))
    assert not [name for name, _ in steps[steps.index(("USER", user)) + 1 :] if name in {"RUN", "COPY"}]


def test_no_secret_is_built_in(steps):
    assert all("SECRET" not in value and "PASSWORD" not in value for value in values(steps, "ENV"))
    assert not values(steps, "ARG")
