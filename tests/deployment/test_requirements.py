"""E18, without a network: every package is one version, known by its hashes."""

import re

import pytest

from clinicpay.embedded.paths import PROJECT

LOCKS = sorted((PROJECT / "requirements").glob("*.txt"))
PINNED = re.compile(r"^[\w.\[\],-]+==[\w.!+]+( ; .+)?$")


def packages(lock):
    """Each package's line with its hashes."""
    text = re.sub(r"^\s*#.*\n?", "", lock.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_pinned_and_hashed(lock):
    found = packages(lock)

    assert found
    for line in found:
        name, *hashes = line.split(" --hash=")
        assert PINNED.match(name), line
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_wanted_package_is_locked_at_its_version(lock):
    wanted = [
        re.sub(r"\[.*\]", "", line.strip())
        for line in lock.with_suffix(".in").read_text().splitlines()
        if line and not line.startswith(("#", "-"))
    ]
    locked = {
        line.split(" ")[0].split("[")[0] + "==" + line.split("==")[1].split(" ")[0]
        if "[" in line.split(" ")[0]
        else line.split(" ")[0]
        for line in packages(lock)
    }

    assert set(wanted) <= locked


def test_no_lock_names_where_packages_come_from():
    assert not any("://" in line for lock in LOCKS for line in packages(lock))


def test_locks_agree_with_each_other():
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for line in packages(lock):
            name, _, version = line.split(" ")[0].partition("==")
            versions.setdefault(name, set()).add(version)

    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_a_plain_line_would_be_found(tmp_path):
    (tmp_path / "loose.txt").write_text("django>=5\n")

    assert not PINNED.match(packages(tmp_path / "loose.txt")[0])
