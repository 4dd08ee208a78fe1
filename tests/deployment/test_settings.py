"""Settings as production has them."""

import os
import re
import subprocess
import sys

import pytest
from django.core.management import get_commands

from clinicpay.embedded.paths import PROJECT
from tests.deployment.compose import environment, example
from tests.deployment.variables import read_by_us, read_in

OPERATIONS = PROJECT / "docs" / "operations.md"
SECRET = "not-a-real-secret-but-as-long-and-as-mixed-as-one-0123456789-abcdefghij"
OF_TESTS = {
    "CHROMIUM",  # of `make test`
    "CLINICPAY_AWAY",  # of the drills
    "CLINICPAY_NIGHT_ACCOUNTS",
    "CLINICPAY_NIGHT_CRASHES",
    "CLINICPAY_NIGHT_KILLS",
    "CLINICPAY_SMALL_DISK",
    "CLINICPAY_STEPS",
    "PATH",
}


def checked(**changed: str) -> subprocess.CompletedProcess[str]:
    """`check --deploy` with the environment that compose gives the web."""
    values = example() | {"SECRET_KEY": SECRET, "APP_PASSWORD": "x", "ALLOWED_HOSTS": "pay.clinic.example"}
    told = environment("web", values) | {"PATH": os.environ["PATH"]} | changed
    command = [sys.executable, str(PROJECT / "manage.py"), "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, env=told, capture_output=True, text=True, check=False)


def test_check_for_deployment_finds_nothing():
    done = checked()

    assert (done.returncode, done.stdout.strip()) == (0, "System check identified no issues (0 silenced).")


@pytest.mark.parametrize(
    ("changed", "finding"),
    [({"HTTPS": "false"}, "security.W012"), ({"SECRET_KEY": "short"}, "security.W009"), ({"DEBUG": "true"}, "W018")],
)
def test_check_for_deployment_would_find_a_fault(changed, finding):
    done = checked(**changed)

    assert done.returncode == 1
    assert finding in done.stderr


def documented() -> set[str]:
    """The names in the table of configuration."""
    section = OPERATIONS.read_text().split("## Configuration")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}


def test_every_variable_is_documented_and_every_documented_one_is_read():
    read = read_by_us() - OF_TESTS - {"PROMETHEUS_MULTIPROC_DIR", "DJANGO_SETTINGS_MODULE"}

    assert read - documented() == set()
    assert documented() - read_by_us() == set()


def test_variables_are_found_in_every_way_of_reading(tmp_path):
    ways = ('env("A_B")', 'env.int("C_D", default=1)', 'os.environ["E_F"]', 'os.environ.get("G_H")', '_needed("I_J")')
    (tmp_path / "settings.py").write_text("\n".join(ways))

    assert read_in(tmp_path / "settings.py") == {"A_B", "C_D", "E_F", "G_H", "I_J"}


def test_commands_of_the_operations_page_exist():
    named = set(re.findall(r"manage\.py (\w+)", OPERATIONS.read_text()))

    assert {"backup", "restore_drill", "compare_backup", "prepare_database", "create_clinic"} <= named
    assert named - set(get_commands()) == set()


def test_readme_leads_to_the_operations_page():
    assert "(docs/operations.md)" in (PROJECT / "README.md").read_text()
